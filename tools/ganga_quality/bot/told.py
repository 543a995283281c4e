"""What a run tells those who started it: lines for the log, Markdown for the workflow's page, JSON for a dry run."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from ganga_quality.bot.actions import Action, PushBranch
from ganga_quality.bot.facts import Skipped
from ganga_quality.bot.texts import omission
from ganga_quality.report.escaping import logged

#: What each action was, once it is done; none of these words is foreign.
_DONE = {
    "PushBranch": "pushed the branch with the formatting",
    "OpenProposal": "opened a pull request",
    "EditProposal": "brought our pull request up to date",
    "CloseProposal": "closed our pull request",
    "DeleteBranch": "deleted our branch",
    "WriteComment": "wrote a comment",
    "EditComment": "changed our comment",
    "DeleteComment": "deleted a comment of ours that was there twice",
    "WriteReview": "wrote a review with suggestions",
    "RetireReview": "withdrew a review",
}


class Told(Struct, frozen=True, kw_only=True):
    """How a run ended."""

    #: The pull request; None if there was none to look at.
    number: int | None = None
    #: Why nothing, or nothing more, was to be done.
    reason: str = ""
    #: What was done; of a dry run, what would be.
    actions: tuple[Action, ...] = ()
    skipped: tuple[Skipped, ...] = ()


def lines(told: Told) -> list[str]:
    """For the log of the workflow."""
    name = f"#{told.number}: " if told.number is not None else ""
    done = [f"{name}{_done(action)}" for action in told.actions]
    skipped = [f"{name}skipped {logged(one.path)}: {one.reason} {logged(one.detail)}".rstrip() for one in told.skipped]
    return [*done, *skipped, *([f"{name}{logged(told.reason)}"] if told.reason else [])]


def summary(told: Told) -> str:
    """For the page of the workflow; empty if there is nothing that anybody would want to read."""
    if told.number is None or not (told.actions or told.skipped):
        return ""
    done = [f"- {_done(action)}" for action in told.actions] or ["- nothing to do"]
    skipped = ["", "Not looked at:", "", *map(omission, told.skipped)] if told.skipped else []
    return "\n".join([f"### Formatting of #{told.number}", "", *done, *skipped, ""])


def plan_as_json(told: Told) -> str:
    """The plan of a dry run: ``pull``, ``reason``, ``actions`` with their ``type``, and ``skipped``."""
    actions = [_described(action) for action in told.actions]
    document = {"pull": told.number, "reason": told.reason, "actions": actions, "skipped": told.skipped}
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _done(action: Action) -> str:
    return _DONE[type(action).__name__]


def _described(action: Action) -> dict[str, object]:
    """An action as JSON; of files, what changes in them."""
    described: dict[str, object] = msgspec.to_builtins(action)
    if isinstance(action, PushBranch):
        described["edits"] = _patches(action)
    return described


def _patches(action: PushBranch) -> Sequence[dict[str, str]]:
    return [
        {"path": edit.path, "mode": edit.mode, "patch": edit.patch.decode(errors="replace")} for edit in action.edits
    ]
