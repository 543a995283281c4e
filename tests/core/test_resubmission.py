"""Failures are tried again as the policy says, and nothing else is."""

import pytest
from msgspec.structs import replace

from ganga.core.resubmission import wants_another_attempt
from ganga.model.job import Resubmission
from ganga.model.status import JobStatus
from tests.core.examples import record

TWICE = Resubmission(attempts=2, reasons=("node", "^out of memory"))


@pytest.mark.parametrize(
    ("outcome", "reason", "again"),
    [
        (JobStatus.FAILED, "the node failed", True),
        (JobStatus.FAILED, "out of memory", True),
        (JobStatus.FAILED, "exit code 3", False),
        (JobStatus.FAILED, None, False),
        (JobStatus.KILLED, "the node failed", False),
        (JobStatus.COMPLETED, None, False),
    ],
)
def test_only_failures_for_the_right_reason(outcome: JobStatus, reason: str | None, *, again: bool) -> None:
    assert wants_another_attempt(record(), outcome, reason, TWICE) is again


def test_not_too_often_and_not_against_somebodys_will() -> None:
    any_reason = Resubmission(attempts=2)
    assert wants_another_attempt(record(), JobStatus.FAILED, None, any_reason)
    assert not wants_another_attempt(replace(record(), attempt=2), JobStatus.FAILED, None, any_reason)
    assert not wants_another_attempt(replace(record(), kill_requested_by="ada"), JobStatus.FAILED, None, any_reason)
