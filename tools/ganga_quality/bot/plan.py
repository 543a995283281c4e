"""What the bot does about one pull request: facts in, actions out. Pure, so that all that can happen can be tried.

A plan is the difference between what should be there (`_wanted`) and what is there. Hence an empty plan means that all
is well, a second run changes nothing, and a run that was cut short, or that met another one, is completed by the next
plan. No plan names a branch but the one made of the pull request's number.
"""

from collections.abc import Iterator

from msgspec import Struct

from ganga_quality.bot.actions import (
    Action,
    CloseProposal,
    DeleteBranch,
    DeleteComment,
    EditComment,
    EditProposal,
    OpenProposal,
    PushBranch,
    RetireReview,
    WriteComment,
    WriteReview,
)
from ganga_quality.bot.facts import Comment, Edit, Facts, Mode, Proposal, Right, branch_of
from ganga_quality.bot.marks import mark
from ganga_quality.bot.suggestions import suggestions
from ganga_quality.bot.texts import comment_body, commit_message, farewell, proposal_body, proposal_title, review_body


class _Wanted(Struct, frozen=True, kw_only=True):
    """What should be there; what is None should not."""

    push: PushBranch | None = None
    proposal: OpenProposal | None = None
    review: WriteReview | None = None
    comment: WriteComment | None = None


def plan(facts: Facts) -> tuple[Action, ...]:
    """What is to be done, in order; nothing, if all is as it should be."""
    if declined(facts):
        return ()
    wanted = _wanted(facts)
    # What may be refused comes first: a refusal leads to a new plan, and what stood before it was not yet taken away.
    return (
        *_push(facts, wanted),
        *_propose(facts, wanted),
        *_review(facts, wanted),
        *_comment(facts, wanted),
        *_clear(facts, wanted),
    )


def declined(facts: Facts) -> bool:
    """Whether a person closed or merged our pull request for this very head: nothing is done until the next push."""
    if not facts.pull.open or not _edits(facts) or any(proposal.open for proposal in facts.proposals):
        return False
    marks = (mark(proposal.body) for proposal in facts.proposals if proposal.ours)
    return any(found is not None and found.head == facts.pull.head for found in marks)


def _edits(facts: Facts) -> tuple[Edit, ...]:
    return facts.formatting.edits if facts.formatting is not None else ()


def _wanted(facts: Facts) -> _Wanted:
    edits = _edits(facts)
    if not facts.pull.open or not edits:
        return _Wanted()
    if facts.mode in {Mode.AUTO, Mode.PULL_REQUEST} and not facts.pull.fork and Right.CONTENTS not in facts.denied:
        return _wanted_branch(facts, edits)
    reviewed = facts.mode is not Mode.COMMENT and not facts.denied & {Right.CONTENTS, Right.SUGGESTIONS}
    offered = suggestions(edits) if reviewed else None
    if offered is not None:
        body = review_body(facts, edits, offered)
        return _Wanted(review=WriteReview(commit=facts.pull.head, body=body, suggestions=offered))
    return _Wanted(comment=WriteComment(body=comment_body(facts, edits)))


def _wanted_branch(facts: Facts, edits: tuple[Edit, ...]) -> _Wanted:
    pull, formatting = facts.pull, facts.formatting
    if formatting is None:
        return _Wanted()
    branch = branch_of(pull.number)
    push = PushBranch(
        branch=branch,
        exists=facts.branch is not None,
        parent=pull.head,
        base_tree=formatting.base_tree,
        tree=formatting.tree,
        message=commit_message(pull),
        edits=edits,
    )
    if Right.PULL_REQUESTS in facts.denied:
        return _Wanted(push=push, comment=WriteComment(body=comment_body(facts, edits)))
    body = proposal_body(facts, edits)
    return _Wanted(
        push=push, proposal=OpenProposal(branch=branch, base=pull.branch, title=proposal_title(pull), body=body)
    )


def _push(facts: Facts, wanted: _Wanted) -> Iterator[Action]:
    push, branch = wanted.push, facts.branch
    if push is not None and (branch is None or branch.parents != (push.parent,) or branch.tree != push.tree):
        yield push


def _propose(facts: Facts, wanted: _Wanted) -> Iterator[Action]:
    if (proposal := wanted.proposal) is None:
        return
    opened = _opened(facts)
    if not opened:
        yield proposal
    elif opened[0].ours and _differs(opened[0], proposal):
        yield EditProposal(number=opened[0].number, base=proposal.base, title=proposal.title, body=proposal.body)


def _opened(facts: Facts) -> list[Proposal]:
    """Open pull requests from our branch, first the one to keep: there can be one for each branch to go into."""
    opened = [one for one in facts.proposals if one.open]
    return sorted(opened, key=lambda one: (one.base != facts.pull.branch, one.number))


def _differs(proposal: Proposal, wanted: OpenProposal) -> bool:
    return (proposal.base, proposal.title, mark(proposal.body)) != (wanted.base, wanted.title, mark(wanted.body))


def _review(facts: Facts, wanted: _Wanted) -> Iterator[Action]:
    review, kept = wanted.review, False
    retired: list[Action] = []
    for one in facts.reviews:
        if review is not None and not kept and _same(one.body, review.body):
            kept = True
        elif one.comments or _live(one.body):
            retired.append(RetireReview(number=one.number, comments=one.comments, body=farewell(facts)))
    if review is not None and not kept:
        yield review
    yield from retired


def _comment(facts: Facts, wanted: _Wanted) -> Iterator[Action]:
    comment = wanted.comment
    if comment is not None and not facts.comments:
        yield comment
    for one in facts.comments[:1]:
        yield from _revised(one, comment.body if comment is not None else farewell(facts))
    # Two runs at once may have written one each.
    for surplus in facts.comments[1:]:
        yield DeleteComment(number=surplus.number)


def _revised(comment: Comment, body: str) -> Iterator[Action]:
    """A comment that is no longer needed is kept and says so: when it is needed again, it is the same one."""
    if not _same(comment.body, body):
        yield EditComment(number=comment.number, body=body)


def _clear(facts: Facts, wanted: _Wanted) -> Iterator[Action]:
    """What is open and not wanted is closed; the branch goes last, since GitHub then closes what came from it."""
    opened = _opened(facts)
    surplus = opened[1:] if wanted.proposal is not None else opened
    for one in (one for one in surplus if one.ours):
        yield CloseProposal(number=one.number, body=farewell(facts))
    if facts.branch is not None and wanted.push is None and Right.CONTENTS not in facts.denied:
        yield DeleteBranch(branch=branch_of(facts.pull.number))


def _live(body: str) -> bool:
    found = mark(body)
    return found is not None and found.live


def _same(body: str, wanted: str) -> bool:
    """Whether both say the same; GitHub may have changed blanks and line ends, so the keys decide."""
    here, there = mark(body), mark(wanted)
    return here is not None and there is not None and here.key == there.key
