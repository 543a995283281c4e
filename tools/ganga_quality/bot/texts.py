"""Everything that the bot says on GitHub. Pure; file names are the only foreign words in it, and stand in code."""

from collections.abc import Sequence

from ganga_quality.bot.facts import Edit, Facts, Pull, Right, Skipped, branch_of
from ganga_quality.bot.marks import marked, withdrawn
from ganga_quality.bot.suggestions import Suggestion, pasted
from ganga_quality.report.escaping import code, fenced, printable, shortened

#: Bytes of a patch within a comment: GitHub takes 65,536 characters of all that is said.
LARGEST_PATCH = 56_000
#: No line of a patch begins with a letter other than the d of its headers.
END_OF_PATCH = "END_OF_FORMATTING"
#: Files that are listed, and of those that were not looked at; the workflow's page has them all.
_LISTED, _OMITTED = 50, 10
#: Characters of a path or of foreign words.
_SHORT = 100

_WHY = "The lines that this pull request changes are not formatted as the rest of the code"
_ONLY = (
    "Only lines that the pull request changed are touched, and the code means the same as before:"
    " the syntax trees are equal."
)
_SWITCH = (
    "GitHub does not let this workflow open pull requests. An owner of the repository can switch it on:"
    " *Settings* → *Actions* → *General* → *Allow GitHub Actions to create and approve pull requests*."
)
_PERMISSION = (
    "The token of this workflow may not write branches; with `contents: write` it would open a pull request instead."
)


def commit_message(pull: Pull) -> str:
    """The message of the one commit on our branch."""
    return f"Format the lines changed by #{pull.number}\n\nMade by ganga-quality on top of {pull.head}."


def proposal_title(pull: Pull) -> str:
    """The title of a formatting pull request."""
    return f"Format the changes of #{pull.number}"


def proposal_body(facts: Facts, edits: Sequence[Edit]) -> str:
    """The body of a formatting pull request: what it changes, and how it is taken."""
    number = facts.pull.number
    text = (
        f"{_WHY}. Merge this into the branch of #{number}, or run `git pull origin {branch_of(number)}` there.\n\n"
        f"{_ONLY} This pull request follows the branch, and is closed when there is nothing left to format;"
        " close it to be left alone until the next push.\n\n"
        f"{_summary(edits)}{_omissions(facts)}"
    )
    return marked(text, head=facts.pull.head)


def review_body(facts: Facts, edits: Sequence[Edit], suggestions: Sequence[Suggestion]) -> str:
    """The body of a review whose suggestions are all of the formatting."""
    text = (
        f"{_WHY}. Each suggestion below can be committed here; *Files changed* → *Add suggestion to batch* takes all"
        f" {len(suggestions)} in one commit.\n\n{_ONLY}{_omissions(facts)}"
    )
    # The same suggestions on lines that only moved are the same review: GitHub moves them along.
    return marked(text, head=facts.pull.head, substance="\0".join([text, *_substance(edits)]))


def comment_body(facts: Facts, edits: Sequence[Edit]) -> str:
    """The body of a comment, with the formatting as a patch or with the command that makes it."""
    told = [f"{_WHY}. {_how(facts, edits)}", _ONLY + _omissions(facts)]
    if Right.PULL_REQUESTS in facts.denied:
        told.append(_SWITCH)
    if Right.CONTENTS in facts.denied:
        told.append(_PERMISSION)
    return marked("\n\n".join(told), head=facts.pull.head)


def farewell(facts: Facts) -> str:
    """What takes the place of a text that is no longer needed."""
    if not facts.pull.open:
        return withdrawn("The pull request is closed; nothing is left to format.")
    if facts.formatting is not None and not facts.formatting.edits:
        return withdrawn(f"Everything that this pull request changes is formatted now.{_omissions(facts)}")
    return withdrawn("Superseded: the formatting is proposed in another way, or for newer commits.")


def _how(facts: Facts, edits: Sequence[Edit]) -> str:
    pull = facts.pull
    if Right.PULL_REQUESTS in facts.denied and Right.CONTENTS not in facts.denied:
        take = fenced(f"git pull origin {branch_of(pull.number)}", "sh")
        return f"On the branch of this pull request, this takes the formatting:\n\n{take}\n{_summary(edits)}"
    text = _patch(edits)
    if text is None:
        command = f"git fetch {pull.base_url} {pull.base} && ganga-quality fix --since FETCH_HEAD"
        return f"On the branch of this pull request, this formats them:\n\n{fenced(command, 'sh')}\n{_summary(edits)}"
    command = f"git -C \"$(git rev-parse --show-toplevel)\" apply <<'{END_OF_PATCH}'\n{text}{END_OF_PATCH}"
    return f"On the branch of this pull request, this command formats them:\n\n{fenced(command, 'sh')}"


def _patch(edits: Sequence[Edit]) -> str | None:
    """All edits as a patch to be pasted; None if that is not possible, or too much."""
    patch = b""
    for edit in edits:
        patch += edit.patch
        if len(patch) > LARGEST_PATCH:
            return None
    return pasted(patch)


def _substance(edits: Sequence[Edit]) -> list[str]:
    return [
        repr(
            (
                edit.path,
                lines[hunk.old_start - 1 :][: hunk.old_count],
                edit.lines_after[hunk.new_start - 1 :][: hunk.new_count],
            )
        )
        for edit in edits
        for lines in [edit.lines_before]
        for hunk in edit.hunks
    ]


def _summary(edits: Sequence[Edit]) -> str:
    lines = sum(edit.count for edit in edits)
    head = f"{_counted(lines, 'line')} in {_counted(len(edits), 'file')}:\n"
    items = [f"- {_code(edit.path)}: {_counted(edit.count, 'line')}" for edit in edits]
    return "\n".join([head, *_bounded(items, _LISTED)])


def _omissions(facts: Facts) -> str:
    skipped = facts.formatting.skipped if facts.formatting is not None else ()
    if not skipped:
        return ""
    return "\n".join(["\n\nNot looked at:\n", *_bounded([omission(one) for one in skipped], _OMITTED)])


def omission(skipped: Skipped) -> str:
    """One file that was not looked at, as an item of a list."""
    detail = f": {_code(skipped.detail)}" if skipped.detail else ""
    return f"- {_code(skipped.path)}: {skipped.reason}{detail}"


def _code(text: str) -> str:
    return code(shortened(printable(text), _SHORT))


def _bounded(items: Sequence[str], most: int) -> list[str]:
    more = len(items) - most
    return [*items[:most], *([f"- and {_counted(more, 'more file')}"] if more > 0 else [])]


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
