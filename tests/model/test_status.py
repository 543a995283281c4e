"""Which status may follow which, and what many come to."""

from collections.abc import Mapping
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.model.status import FINAL, POLLED, JobStatus, derived_status, may_follow

S = JobStatus
counts = st.dictionaries(st.sampled_from(JobStatus), st.integers(0, 5))


def test_final_is_final_and_only_lost_is_overturned() -> None:
    for old, new in product(JobStatus, repeat=2):
        if old in FINAL and old is not S.LOST:
            assert not may_follow(old, new)
    assert may_follow(S.LOST, S.RUNNING)
    assert may_follow(S.LOST, S.COMPLETING)
    assert not may_follow(S.LOST, S.SUBMITTING)


def test_live_statuses_follow_each_other_freely() -> None:
    assert all(may_follow(old, new) for old, new in product(POLLED, repeat=2) if old is not new)


def test_what_is_completing_can_only_end() -> None:
    assert {new for new in JobStatus if may_follow(S.COMPLETING, new)} == FINAL


def test_nothing_becomes_new_or_submitting_again() -> None:
    assert [old for old in JobStatus if may_follow(old, S.SUBMITTING)] == [S.NEW]
    assert not any(may_follow(old, S.NEW) for old in JobStatus)


def test_final_and_polled_are_said_by_the_status_itself() -> None:
    assert {status for status in JobStatus if status.final} == FINAL
    assert {status for status in JobStatus if status.polled} == POLLED


@pytest.mark.parametrize(
    ("counts", "status"),
    [
        ({}, S.NEW),
        ({S.RUNNING: 0}, S.NEW),
        ({S.NEW: 3}, S.NEW),
        ({S.NEW: 1, S.SUBMITTING: 1}, S.SUBMITTING),
        ({S.SUBMITTED: 1, S.HELD: 5}, S.SUBMITTED),
        ({S.HELD: 2}, S.HELD),
        ({S.RUNNING: 1, S.HELD: 2}, S.RUNNING),
        ({S.SUBMITTED: 1, S.COMPLETED: 1}, S.RUNNING),
        ({S.SUSPENDED: 1, S.COMPLETED: 1}, S.SUSPENDED),
        ({S.COMPLETING: 1, S.SUBMITTED: 1}, S.RUNNING),
        ({S.COMPLETING: 1, S.COMPLETED: 1}, S.COMPLETING),
        ({S.COMPLETED: 2}, S.COMPLETED),
        ({S.COMPLETED: 2, S.KILLED: 1}, S.KILLED),
        ({S.LOST: 1, S.KILLED: 1}, S.LOST),
        ({S.LOST: 1, S.FAILED: 1, S.COMPLETED: 7}, S.FAILED),
    ],
)
def test_a_family_is_what_its_members_make_it(counts: Mapping[JobStatus, int], status: JobStatus) -> None:
    assert derived_status(counts) is status


@given(counts)
def test_a_family_has_ended_when_all_have(counts: Mapping[JobStatus, int]) -> None:
    present = {status for status, count in counts.items() if count}
    assert derived_status(counts).final == (bool(present) and present <= FINAL)


def test_a_status_is_found_by_its_word() -> None:
    words: dict[str, str] = {JobStatus.RUNNING: "there"}
    assert words["running"] == "there"
    assert all(hash(status) == hash(status.value) for status in JobStatus)
