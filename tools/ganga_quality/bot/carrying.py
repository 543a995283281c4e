"""Carries out what a plan says, one action after the other, and sorts what GitHub says to it."""

from base64 import b64encode
from collections.abc import Awaitable, Callable
from functools import singledispatchmethod

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
from ganga_quality.bot.facts import Edit, Pull, Right
from ganga_quality.bot.formatter import Moved
from ganga_quality.bot.github import GitHub, Refused
from ganga_quality.bot.replies import ObjectReply, PullReply, ReferenceReply, TextReply, TreeReply, User
from ganga_quality.bot.suggestions import Suggestion
from ganga_quality.errors import ToolError, UsageError

_UNPROCESSABLE = {409, 422}


class Denied(Exception):
    """GitHub does not let us; there is another way without this."""

    def __init__(self, right: Right) -> None:
        super().__init__(right)
        self.right = right


class Overtaken(Exception):
    """What was to be done is done already or makes no sense any more: another run was here, or the author."""


class Carrier:
    """Carries out actions for one pull request.

    ``look`` tells what the pull request is now: before each write it must still be the one that the plan was made for.
    """

    def __init__(self, github: GitHub, pull: Pull, look: Callable[[], Awaitable[Pull]], login: str) -> None:
        self._github = github
        self._pull = pull
        self._look = look
        self._login = login

    async def carry_out(self, action: Action) -> None:
        """Do it. Raises `Moved`, `Denied`, `Overtaken`, `Uncertain`, and `ToolError` where no new plan would help."""
        await self._check()
        try:
            await self._do(action)
        except Refused as refused:
            raise _meaning(action, refused) from refused

    async def _check(self) -> None:
        now = await self._look()
        if (now.head, now.open, now.branch) != (self._pull.head, self._pull.open, self._pull.branch):
            raise Moved("the pull request has moved on")

    @singledispatchmethod
    async def _do(self, action: Action) -> None:
        raise NotImplementedError(action)

    @_do.register
    async def _(self, action: PushBranch) -> None:
        tree = {"base_tree": action.base_tree, "tree": [await self._entry(edit) for edit in action.edits]}
        made = await self._github.make(TreeReply, "/git/trees", tree)
        if made.sha != action.tree:
            raise ToolError(f"GitHub made the tree {made.sha} where {action.tree} was expected; report this as a bug")
        commit = await self._github.make(
            ObjectReply,
            "/git/commits",
            {"message": action.message, "tree": made.sha, "parents": [action.parent]},
        )
        # The objects took a while, and nobody sees them yet.
        await self._check()
        await self._point(action, commit.sha)

    async def _point(self, action: PushBranch, commit: str) -> None:
        if action.exists:
            path = "/git/refs/heads/{+branch}"
            await self._github.change(path, {"sha": commit, "force": True}, branch=action.branch)
        else:
            reference = {"ref": f"refs/heads/{action.branch}", "sha": commit}
            await self._github.make(ReferenceReply, "/git/refs", reference)

    async def _entry(self, edit: Edit) -> dict[str, str]:
        blob = {"content": b64encode(edit.after).decode(), "encoding": "base64"}
        made = await self._github.make(ObjectReply, "/git/blobs", blob)
        return {"path": edit.path, "mode": edit.mode, "type": "blob", "sha": made.sha}

    @_do.register
    async def _(self, action: OpenProposal) -> None:
        proposal = {"head": action.branch, "base": action.base, "title": action.title, "body": action.body}
        made = await self._github.add(PullReply, "/pulls", proposal)
        self._check_login(made.user)

    @_do.register
    async def _(self, action: EditProposal) -> None:
        changed = {"base": action.base, "title": action.title, "body": action.body}
        await self._github.change("/pulls/{number}", changed, number=action.number)

    @_do.register
    async def _(self, action: CloseProposal) -> None:
        await self._github.change("/pulls/{number}", {"state": "closed", "body": action.body}, number=action.number)

    @_do.register
    async def _(self, action: DeleteBranch) -> None:
        await self._github.delete("/git/refs/heads/{+branch}", branch=action.branch)

    @_do.register
    async def _(self, action: WriteComment) -> None:
        path = "/issues/{number}/comments"
        made = await self._github.add(TextReply, path, {"body": action.body}, number=self._pull.number)
        self._check_login(made.user)

    @_do.register
    async def _(self, action: EditComment) -> None:
        await self._github.change("/issues/comments/{comment}", {"body": action.body}, comment=action.number)

    @_do.register
    async def _(self, action: DeleteComment) -> None:
        await self._github.delete("/issues/comments/{comment}", comment=action.number)

    @_do.register
    async def _(self, action: WriteReview) -> None:
        comments = [_comment(suggestion) for suggestion in action.suggestions]
        review = {"commit_id": action.commit, "event": "COMMENT", "body": action.body, "comments": comments}
        path = "/pulls/{number}/reviews"
        made = await self._github.add(TextReply, path, review, number=self._pull.number)
        self._check_login(made.user)

    @_do.register
    async def _(self, action: RetireReview) -> None:
        for comment in action.comments:
            await self._github.delete("/pulls/comments/{comment}", comment=comment)
        # Last: a review that says it is withdrawn has no suggestions left.
        path, number = "/pulls/{number}/reviews/{review}", self._pull.number
        await self._github.change(path, {"body": action.body}, method="PUT", number=number, review=action.number)

    def _check_login(self, user: User | None) -> None:
        """We could not find again what we wrote under another name, and would write it again with each push."""
        if user is None or user.login != self._login:
            name = user.login if user is not None else "nobody"
            raise UsageError(f"the token belongs to {name!r}, not to {self._login!r}; say so with --login")


def _comment(suggestion: Suggestion) -> dict[str, str | int]:
    place: dict[str, str | int] = {"path": suggestion.path, "line": suggestion.last, "side": "RIGHT"}
    if suggestion.first < suggestion.last:
        place |= {"start_line": suggestion.first, "start_side": "RIGHT"}
    return place | {"body": suggestion.body}


def _meaning(action: Action, refused: Refused) -> Exception:
    """What a refusal means for the plan."""
    if refused.forbidden and isinstance(action, PushBranch | DeleteBranch):
        return Denied(Right.CONTENTS)
    if refused.forbidden and isinstance(action, OpenProposal):
        return Denied(Right.PULL_REQUESTS)
    if refused.status in _UNPROCESSABLE and isinstance(action, WriteReview):
        return Denied(Right.SUGGESTIONS)
    if refused.status in _UNPROCESSABLE or refused.missing:
        return Overtaken(str(refused))
    hint = "; give this workflow `pull-requests: write`" if refused.forbidden else "; report this as a bug"
    return ToolError(f"{type(action).__name__}: {refused}{hint}")
