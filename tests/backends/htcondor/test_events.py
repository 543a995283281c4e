"""Events as they were recorded, and any text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.htcondor.events import Event, read
from ganga.backends.htcondor.states import OVER_TIME
from ganga.model.clock import Utc
from ganga.model.observation import Observation
from ganga.model.status import JobStatus
from tests.backends.htcondor.recorded import events_of

AT = "2026-11-22 22:38:24"


def event(text: str) -> Event:
    told = read(text.encode())
    assert told is not None
    return told


def seen(text: str) -> Observation:
    told = event(text).seen
    assert told is not None
    return told


@pytest.mark.parametrize("name", ["userlog.txt", "events-of-reruns.txt"])
def test_each_event_is_known(name: str) -> None:
    assert [record for record in events_of(name) if read(record) is None] == []


def test_both_forms_of_time_say_the_same() -> None:
    user, pool = ([read(record) for record in events_of(name)] for name in ("userlog.txt", "global-event-log.txt"))
    known = [told for told in pool if told is not None]
    assert known[: len(user)] == [told for told in user if told is not None]


def test_the_last_event_of_each_job_tells_how_it_is() -> None:
    last = {told.job: told.seen for record in events_of("userlog.txt") if (told := read(record)) and told.seen}
    assert {job: (one.status, one.exit_code) for job, one in last.items()} == {
        "1.0": (JobStatus.COMPLETED, 0),
        "1.1": (JobStatus.FAILED, 1),
        "1.2": (JobStatus.FAILED, 2),
        "1.3": (JobStatus.HELD, None),
        "1.4": (JobStatus.KILLED, None),
        "1.5": (JobStatus.RUNNING, None),
        "1.6": (JobStatus.FAILED, 6),
    }
    assert last[next(iter(last))].ended_at == Utc(1795340420)


def test_a_run_that_is_requeued_is_no_end() -> None:
    (told,) = (record for record in events_of("userlog.txt") if b"terminated and was requeued" in record)
    assert b"return value 6" in told
    assert seen(told.decode()).status is JobStatus.SUBMITTED


@pytest.mark.parametrize(
    ("kind", "title", "status"),
    [
        ("007", "Shadow exception!\n\tCan no longer talk to it", JobStatus.SUBMITTED),
        ("010", "Job was suspended.\n\tNumber of processes actually suspended: 1", JobStatus.SUSPENDED),
        ("011", "Job was unsuspended.", JobStatus.RUNNING),
        ("012", "Job was held.\n\tSpooling input data files\n\tCode 16 Subcode 0", JobStatus.SUBMITTED),
        ("013", "Job was released.\n\tvia condor_release", JobStatus.SUBMITTED),
        ("022", "Job disconnected, attempting to reconnect\n    why", JobStatus.RUNNING),
        ("024", "Job reconnection failed\n    why", JobStatus.SUBMITTED),
    ],
)
def test_what_happens_to_a_job_is_no_end(kind: str, title: str, status: JobStatus) -> None:
    assert seen(f"{kind} (012.003.000) {AT} {title}").status is status
    assert event(f"{kind} (012.003.000) {AT} {title}").job == "12.3"


def test_a_signal_is_told() -> None:
    text = f"005 (003.000.000) {AT} Job terminated.\n\t(0) Abnormal termination (signal 9)\n\t(0) No core file"
    one = seen(text)
    assert (one.status, one.exit_code, one.signal, one.ended_at) == (JobStatus.FAILED, None, 9, None)


def test_times_without_a_zone_are_not_told_and_those_in_utc_are() -> None:
    title = "Job executing on host: <127.0.0.1:1>\n\tSlotName: slot1_1@vm"
    assert seen(f"001 (003.000.000) {AT} {title}").started_at is None
    assert seen(f"001 (003.000.000) 2026-11-22T22:38:24.250Z {title}").started_at == Utc(1795387104.25)
    assert seen(f"001 (003.000.000) 2026-99-22T22:38:24Z {title}").started_at is None


def test_why_a_job_was_removed_is_told() -> None:
    reason = "The job attribute PeriodicRemove expression '{}' evaluated to TRUE"
    over = reason.format("JobStatus =?= 2 && time() - JobCurrentStartExecutingDate > 2")
    assert seen(f"009 (003.000.000) {AT} Job was aborted.\n\t{over}").reason == OVER_TIME
    assert event(f"009 (003.000.000) {AT} Job was aborted.\n\t{reason.format('x > 2')}").unclear
    assert seen(f"009 (003.000.000) {AT} Job was aborted.\n\tvia condor_rm").reason == "via condor_rm"


@pytest.mark.parametrize(
    "text",
    [
        f"005 (003.000.000) {AT} Job terminated.",
        f"005 (003.000.000) {AT} Job terminated.\n\t(1) Normal",
        f"005 (003.000.000) {AT} Job terminated.\n\tx\n\t(1) Normal termination (return value 0)",
        f"012 (003.000.000) {AT} Job was held.",
        f"099 (003.000.000) {AT} Something new",
        f"5 (003.000.000) {AT} Job terminated.",
        "",
    ],
)
def test_what_is_not_whole_says_nothing(text: str) -> None:
    assert read(text.encode()) is None


@given(st.binary())
def test_any_bytes_say_nothing_or_what_is_in_them(record: bytes) -> None:
    assert read(record) is None


@given(st.integers(0, 60), st.text())
def test_only_two_events_are_ends(kind: int, body: str) -> None:
    told = read(f"{kind:03} (003.000.000) {AT} {body}".encode())
    if told is not None and told.seen is not None and told.seen.status.final:
        assert kind in {5, 9}
