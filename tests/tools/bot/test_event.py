"""Events as hints."""

import json

import pytest

from ganga_quality.bot.event import Headed, Irrelevant, Numbered, hint
from ganga_quality.errors import UsageError


def run(**changed: object) -> bytes:
    known = {
        "event": "pull_request",
        "head_branch": "topic",
        "head_sha": "a" * 40,
        "head_repository": {"owner": {"login": "eve"}},
    }
    return json.dumps({"action": "completed", "workflow_run": known | changed}).encode()


def test_a_run_points_to_a_branch_and_its_commit() -> None:
    assert hint("workflow_run", run()) == Headed("eve", "topic", "a" * 40)


@pytest.mark.parametrize("changed", [{"event": "push"}, {"head_repository": None}, {"head_branch": None}])
def test_a_run_that_has_no_pull_request(changed: dict[str, object]) -> None:
    assert isinstance(hint("workflow_run", run(**changed)), Irrelevant)


@pytest.mark.parametrize("name", ["pull_request", "pull_request_target"])
def test_an_event_of_a_pull_request_has_its_number(name: str) -> None:
    assert hint(name, b'{"action": "closed", "pull_request": {"number": 12}}') == Numbered(12)


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("push", b"{}"),
        ("", b"{}"),
        ("workflow_run", b"{}"),
        ("workflow_run", b"\xff"),
        ("pull_request", b'{"pull_request": {"number": "12; rm"}}'),
    ],
)
def test_what_is_no_such_event_is_an_error(name: str, payload: bytes) -> None:
    with pytest.raises(UsageError, match="--pull"):
        hint(name, payload)
