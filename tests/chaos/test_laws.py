"""Each law holds of a small history in which all is well, and finds what is broken in it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
from msgspec.structs import replace

from ganga import JobStatus
from ganga.model.clock import Utc
from ganga.model.event import Event, EventKind
from ganga.model.ids import JobId, Seq, TargetName
from ganga.model.job import JobRecord
from tests.chaos.laws import LAWS, Evidence, breaches
from tests.chaos.monitor import Note, Saved, Took
from tests.chaos.reader import Read
from tests.chaos.submitter import Deed, Intent, KillIntent, Refused, Told
from tests.chaos.truth import Run

TARGET = TargetName("polled")
UTC = Utc(1e9)


def run(job: str, exit_code: int = 0, *, attempt: int = 1, ends: float = 20.0) -> Run:
    return Run(JobId(job), attempt, 10.0, 11.0, ends, exit_code)


def record(job: str, status: JobStatus, **other: object) -> JobRecord:
    number = job.partition(".")[0]
    plain = JobRecord(
        id=JobId(job), name=f"job-{number}", target=TARGET, status=status, created_at=UTC, attempt=1, wanted_attempt=1
    )
    return replace(plain, **other)


def change(seq: int, job: str, old: JobStatus, new: JobStatus, *, attempt: int = 1) -> Event:
    kind = EventKind.STATUS_CHANGED
    return Event(at=UTC, kind=kind, target=TARGET, job=JobId(job), old=old, new=new, attempt=attempt, seq=Seq(seq))


def life(first: int, job: str, end: JobStatus) -> list[Event]:
    steps = [JobStatus.SUBMITTING, JobStatus.SUBMITTED, JobStatus.COMPLETING, end]
    return [change(first + place, job, *steps[place : place + 2]) for place in range(3)]


@dataclass
class History:
    """Job 1 has completed; of job 2 one subjob has failed and one was killed. All can be changed."""

    deeds: list[Deed] = field(
        default_factory=lambda: [
            Intent("job-1", TARGET, None),
            Told("job-1", JobId("1"), 9.0),
            Intent("job-2", TARGET, 2),
            Told("job-2", JobId("2"), 9.0),
            KillIntent(JobId("2")),
            Intent("job-3", TARGET, None),
            Refused("job-3", "no space left"),
        ]
    )
    runs: list[Run] = field(
        default_factory=lambda: [
            run("1"),
            run("2.0", 3),
            replace(run("2.1"), exit_code=None, killed=True),
        ]
    )
    records: list[JobRecord] = field(
        default_factory=lambda: [
            record("2", JobStatus.FAILED, subjobs=2),
            record("2.0", JobStatus.FAILED, exit_code=3),
            record("2.1", JobStatus.KILLED),
            record("1", JobStatus.COMPLETED, exit_code=0),
        ]
    )
    attempts: list[JobRecord] = field(default_factory=list)
    events: list[Event] = field(
        default_factory=lambda: [
            *life(1, "1", JobStatus.COMPLETED),
            *life(4, "2.0", JobStatus.FAILED),
            *life(7, "2.1", JobStatus.KILLED),
            change(10, "2", JobStatus.SUBMITTING, JobStatus.FAILED),
        ]
    )
    read: list[Read] | None = None
    notes: list[Note] = field(
        default_factory=lambda: [
            Took(0, TARGET, 1, 8.0),
            Saved(0, TARGET, 1, Seq(1), Seq(3), 21.0),
            Took(1, TARGET, 2, 22.0),
            Saved(1, TARGET, 2, Seq(4), Seq(10), 23.0),
        ]
    )

    def evidence(self) -> Evidence:
        read = [Read(event, 25.0) for event in self.events] if self.read is None else self.read
        return Evidence(self.deeds, self.runs, self.records, self.attempts, self.events, read, self.notes)


def broken(history: History) -> dict[str, list[str]]:
    return {law: found for law, found in breaches(history.evidence()).items() if found}


def test_all_is_well() -> None:
    assert not broken(History())


def job_is_gone(history: History) -> None:
    history.records = [record for record in history.records if record.id != "1"]


def job_never_ended(history: History) -> None:
    history.records[3] = record("1", JobStatus.RUNNING)


def wrong_end(history: History) -> None:
    history.records[3] = record("1", JobStatus.FAILED, exit_code=1)


def wrong_exit_code(history: History) -> None:
    history.records[3] = record("1", JobStatus.COMPLETED, exit_code=7)


def lost_though_known(history: History) -> None:
    history.records[3] = record("1", JobStatus.LOST)


def killed_though_nobody_asked(history: History) -> None:
    history.records[3] = record("1", JobStatus.KILLED)
    history.runs = history.runs[1:]


def never_submitted_again(history: History) -> None:
    history.records[3] = replace(history.records[3], wanted_attempt=2)


def an_earlier_attempt_ended_otherwise(history: History) -> None:
    history.attempts = [record("1", JobStatus.COMPLETED, exit_code=0)]
    history.records[3] = replace(history.records[3], attempt=2, wanted_attempt=2)
    history.runs[0] = run("1", 5)
    history.runs.append(run("1", attempt=2))


def unknown_job_ran(history: History) -> None:
    history.runs.append(run("9"))


@pytest.mark.parametrize(
    "break_it",
    [
        job_is_gone,
        job_never_ended,
        wrong_end,
        wrong_exit_code,
        lost_though_known,
        killed_though_nobody_asked,
        never_submitted_again,
        an_earlier_attempt_ended_otherwise,
        unknown_job_ran,
    ],
)
def test_a_lost_job_is_found(break_it: Callable[[History], None]) -> None:
    history = History()
    break_it(history)
    assert "no job lost" in broken(history)


def test_a_job_killed_before_it_was_submitted_is_not_lost() -> None:
    history = History()
    history.runs = [known for known in history.runs if known.job != "2.1"]
    assert not broken(history)


def test_a_local_job_that_was_killed_need_not_note_its_end() -> None:
    history = History()
    history.runs[2] = Run(JobId("2.1"), 1, None, 11.0, None, None)
    assert not broken(history)


def test_a_parent_that_stands_otherwise_than_its_subjobs_is_found() -> None:
    history = History()
    history.records[0] = replace(history.records[0], status=JobStatus.COMPLETED)
    assert list(broken(history)) == ["families agree"]


def test_a_job_that_ran_twice_is_found() -> None:
    history = History()
    history.runs.append(run("1"))
    assert list(broken(history)) == ["none run twice"]


def test_an_end_told_twice_is_found() -> None:
    history = History()
    history.events.append(change(11, "1", JobStatus.COMPLETING, JobStatus.COMPLETED))
    found = broken(history)["none told twice"]
    assert any("was told 2 times" in breach for breach in found)
    assert any("it was completed" in breach for breach in found)


def test_an_end_never_told_is_found() -> None:
    history = History()
    del history.events[2]
    assert any("was told 0 times" in breach for breach in broken(history)["none told twice"])


def test_a_step_back_is_found() -> None:
    history = History()
    history.events.append(change(11, "1", JobStatus.COMPLETED, JobStatus.RUNNING))
    assert any("became running after completed" in breach for breach in broken(history)["none told twice"])


def test_numbers_that_do_not_rise_are_found() -> None:
    history = History()
    history.events[1] = replace(history.events[1], seq=Seq(1))
    assert any("stands behind event 1" in breach for breach in broken(history)["none told twice"])


def seen(history: History, places: Sequence[int]) -> None:
    history.read = [Read(history.events[place], 25.0) for place in places]


@pytest.mark.parametrize(
    "places",
    [[0, 1, 2, 4, 5, 6, 7, 8, 9], [0, 0, *range(1, 10)], [1, 0, *range(2, 10)], []],
    ids=["missed", "twice", "out of order", "nothing"],
)
def test_a_reader_who_saw_something_else_is_found(places: list[int]) -> None:
    history = History()
    seen(history, places)
    assert "readers miss nothing" in broken(history)


def test_a_reader_who_saw_what_is_not_stored_is_found() -> None:
    history = History()
    seen(history, range(10))
    assert history.read is not None
    history.read[4] = Read(replace(history.events[4], reason="never said"), 25.0)
    assert list(broken(history)) == ["readers miss nothing"]


def test_an_end_told_before_it_came_is_found() -> None:
    history = History()
    history.runs[0] = run("1", ends=24.0)
    assert list(broken(history)) == ["no false end"]


def test_a_write_behind_a_newer_lease_is_found() -> None:
    history = History()
    history.notes.append(Saved(0, TARGET, 1, Seq(11), Seq(11), 24.0))
    assert list(broken(history)) == ["no write by an old lease"]


def test_two_holders_of_one_lease_are_found() -> None:
    history = History()
    history.notes.append(Took(2, TARGET, 2, 24.0))
    assert list(broken(history)) == ["no write by an old lease"]


def test_leases_of_other_targets_have_nothing_to_do_with_each_other() -> None:
    history = History()
    history.notes.append(Saved(0, TargetName("other"), 1, Seq(11), Seq(11), 24.0))
    assert not broken(history)


def test_a_refused_job_that_is_there_is_found() -> None:
    history = History()
    history.records.append(record("3", JobStatus.COMPLETED, exit_code=0))
    history.runs.append(run("3"))
    history.events += life(11, "3", JobStatus.COMPLETED)
    assert list(broken(history)) == ["refusals are honest"]


def test_a_store_may_say_that_it_does_not_know() -> None:
    history = History()
    history.deeds[1] = Refused("job-1", "whether that was written is not known")
    assert not broken(history)


def test_a_job_that_nobody_meant_is_found() -> None:
    history = History()
    history.deeds = history.deeds[2:]
    assert list(broken(history)) == ["nothing comes from nowhere"]


def test_a_job_that_is_there_twice_is_found() -> None:
    history = History()
    history.records.append(record("4", JobStatus.COMPLETED, exit_code=0, name="job-1"))
    history.runs.append(run("4"))
    history.events += life(11, "4", JobStatus.COMPLETED)
    assert list(broken(history)) == ["nothing comes from nowhere"]


def test_where_nothing_happened_nothing_is_shown() -> None:
    assert len(breaches(Evidence())["something happened"]) == 4


def test_every_law_says_what_it_demands() -> None:
    assert all(law.__doc__ for law in LAWS.values())
