"""The workflow's event as a hint which pull request to look at. It says nothing else that is believed. Pure."""

import msgspec
from msgspec import Struct

from ganga_quality.errors import UsageError


class Numbered(Struct, frozen=True):
    """A pull request by its number."""

    number: int


class Headed(Struct, frozen=True):
    """The open pull request from a branch that ends at a commit, if there is exactly one."""

    owner: str
    branch: str
    commit: str


class Irrelevant(Struct, frozen=True):
    """No pull request; why not."""

    reason: str


Hint = Numbered | Headed | Irrelevant


class _Owner(Struct):
    login: str


class _Repository(Struct):
    owner: _Owner


class _Run(Struct):
    event: str
    head_branch: str | None
    head_sha: str
    #: None if the fork is gone.
    head_repository: _Repository | None = None


class _WorkflowRun(Struct):
    workflow_run: _Run


class _Pull(Struct):
    number: int


class _PullRequest(Struct):
    pull_request: _Pull


def hint(name: str, payload: bytes) -> Hint:
    """What an event points to. Raises `UsageError` for an event that this is not made for."""
    try:
        if name == "workflow_run":
            return _of_run(msgspec.json.decode(payload, type=_WorkflowRun).workflow_run)
        if name in {"pull_request", "pull_request_target"}:
            return Numbered(msgspec.json.decode(payload, type=_PullRequest).pull_request.number)
    except msgspec.MsgspecError as error:
        raise UsageError(f"the event {name} is not as GitHub describes it: {error}; or name one with --pull") from error
    raise UsageError(f"the event {name!r} names no pull request; expected workflow_run, or name one with --pull")


def _of_run(run: _Run) -> Hint:
    if run.event not in {"pull_request", "pull_request_target"}:
        return Irrelevant(f"the workflow ran for {run.event}, not for a pull request")
    if run.head_repository is None or not run.head_branch:
        return Irrelevant("the branch that the workflow ran for is gone")
    return Headed(run.head_repository.owner.login, run.head_branch, run.head_sha)
