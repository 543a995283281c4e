"""Every state of Slurm's manual, and words that are in none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.slurm.states import STATUSES, Line, observation, status_of, time
from ganga.model.status import JobStatus

#: The job states of the manuals of squeue and sacct, 22.05 to 25.05, and one that 25.11 was seen to say.
MANUAL = (
    *("BOOT_FAIL", "CANCELLED", "COMPLETED", "CONFIGURING", "COMPLETING", "DEADLINE", "EXPEDITING", "FAILED"),
    *("LAUNCH_FAILED",),
    *("NODE_FAIL", "OUT_OF_MEMORY", "PENDING", "PREEMPTED", "RECONFIG_FAIL", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD"),
    *("RESIZING", "RESV_DEL_HOLD", "REVOKED", "RUNNING", "SIGNALING", "SPECIAL_EXIT", "STAGE_OUT", "STOPPED"),
    *("SUSPENDED", "TIMEOUT"),
)

FINAL = {
    "COMPLETED": JobStatus.COMPLETED,
    **dict.fromkeys(("FAILED", "TIMEOUT", "OUT_OF_MEMORY", "NODE_FAIL", "BOOT_FAIL", "DEADLINE"), JobStatus.FAILED),
    **dict.fromkeys(("LAUNCH_FAILED", "RECONFIG_FAIL"), JobStatus.FAILED),
    **dict.fromkeys(("CANCELLED", "PREEMPTED", "REVOKED"), JobStatus.KILLED),
}


def line(state: str, code: str = "0:0", reason: str = "None") -> Line:
    return Line(state, code, reason, "100", "200", 2)


def test_every_state_of_the_manual_is_known() -> None:
    assert set(MANUAL) == set(STATUSES)


@pytest.mark.parametrize("state", MANUAL)
def test_a_state_is_an_end_or_none(state: str) -> None:
    seen = observation(line(state))
    assert seen.status is FINAL.get(state, seen.status)
    assert seen.status.final == (state in FINAL)
    assert (seen.native_status, seen.restart) == (state, 2)
    assert (seen.ended_at is not None) == seen.status.final


@given(st.text() | st.sampled_from(MANUAL).map(str.lower) | st.sampled_from(MANUAL).map(lambda word: f"{word}X"))
def test_a_word_that_is_not_known_is_no_end(state: str) -> None:
    if state.split()[:1] and state.split(maxsplit=1)[0] in STATUSES:
        return
    assert not status_of(state).final


@pytest.mark.parametrize(
    ("state", "code", "read"),
    [
        ("COMPLETED", "0:0", (0, None)),
        ("FAILED", "3:0", (3, None)),
        ("FAILED", "768", (3, None)),
        ("FAILED", "0:9", (None, 9)),
        ("FAILED", "9", (None, 9)),
        ("FAILED", "0:53", (None, None)),
        ("FAILED", "garbage", (None, None)),
        ("CANCELLED by 1000", "143:0", (None, None)),
        ("CANCELLED", "15", (None, None)),
        ("TIMEOUT", "0:0", (None, None)),
        ("OUT_OF_MEMORY", "0:125", (None, None)),
        ("RUNNING", "3:0", (None, None)),
    ],
)
def test_the_state_decides_and_the_code_only_adds(state: str, code: str, read: tuple[int | None, int | None]) -> None:
    seen = observation(line(state, code))
    assert (seen.exit_code, seen.signal) == read


@pytest.mark.parametrize(
    ("state", "reason", "told"),
    [
        ("TIMEOUT", "TimeLimit", "it ran into its time limit; ask for more with --time"),
        ("OUT_OF_MEMORY", "OutOfMemory", "it used more memory than it asked for; ask for more with --memory"),
        ("CANCELLED by 1000", "None", "cancelled by the user of number 1000"),
        ("CANCELLED", "JobHeldUser", None),
        ("PENDING", "Priority", "Priority"),
        ("PENDING", "None", None),
        ("RUNNING", "None", None),
        ("COMPLETED", "Prolog", None),
        ("FAILED", "None", "Slurm says FAILED and no reason (exit code 0:0)"),
        ("FAILED", "BadConstraints", "BadConstraints"),
    ],
)
def test_the_reason_is_one_that_a_person_can_act_on(state: str, reason: str, told: str | None) -> None:
    assert observation(line(state, reason=reason)).reason == told


def test_what_22_05_says_of_a_job_that_a_signal_ended_is_left_out() -> None:
    assert observation(line("FAILED", "0:9", "JobLaunchFailure")).reason is None


@pytest.mark.parametrize(
    "reason",
    ["JobHeldUser", "JobHeldAdmin", "job requeued in held state", "DependencyNeverSatisfied"],
)
def test_a_job_that_waits_for_somebody_is_held(reason: str) -> None:
    assert status_of("PENDING", reason) is JobStatus.HELD
    assert status_of("RUNNING", reason) is JobStatus.RUNNING


@pytest.mark.parametrize("text", ["Unknown", "N/A", "None", "2026-11-22T09:38:11", "", "-5", "1" * 20])
def test_a_time_without_a_zone_is_none(text: str) -> None:
    assert time(text) is None
