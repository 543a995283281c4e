"""What follows when the queue leaves a job out."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import pytest

from ganga.backends.batch.backend import BatchBackend
from ganga.backends.batch.dialect import Explaining, Inquiry, Listing, Place, Usage
from ganga.backends.batch.evidence import Word
from ganga.backends.batch.shell import Command, Reply
from ganga.errors import UsageError
from ganga.model.ids import NativeId
from ganga.model.status import JobStatus
from tests.backends.batch.listings import said_of
from tests.backends.batch.toy import Clock, ToyDialect, ToySystem, backend_on, down, place_in, submission


async def test_the_history_is_asked_for_what_the_queue_leaves_out(system: ToySystem, work: Path) -> None:
    backend = backend_on(system, work)
    (native_id,) = (await backend.submit([submission()])).accepted.values()
    system.becomes(native_id, JobStatus.FAILED, code=3, restart=1)
    system.forget(native_id)
    seen = (await backend.poll([native_id])).seen[native_id]
    assert (seen.status, seen.exit_code, seen.restart) == (JobStatus.FAILED, 3, 1)


async def test_a_live_status_in_the_history_is_old_news(system: ToySystem, work: Path) -> None:
    clock = Clock()
    backend = backend_on(system, work, clock)
    (native_id,) = (await backend.submit([submission()])).accepted.values()
    system.becomes(native_id, JobStatus.RUNNING)
    system.forget(native_id)
    answer = await backend.poll([native_id])
    assert (answer.seen, answer.absent) == ({}, frozenset())
    clock.now = 60.0
    assert (await backend.poll([native_id])).absent == {native_id}


async def test_without_a_history_the_launcher_is_believed(system: ToySystem, work: Path) -> None:
    system.keeps_history = False
    backend = backend_on(system, work)
    (native_id,) = (await backend.submit([submission()])).accepted.values()
    del system.queue[native_id]
    assert (await backend.poll([native_id])).absent == {native_id}
    task = work / "ids" / native_id / "0"
    task.mkdir()
    (task / "status").write_text("running 0 100\n")
    assert (await backend.poll([native_id])).absent == {native_id}
    (task / "status").write_text("ended 0 100 160 137\n")
    seen = (await backend.poll([native_id])).seen[native_id]
    assert (seen.status, seen.signal, seen.started_at, seen.ended_at) == (JobStatus.FAILED, 9, 100.0, 160.0)


async def test_an_outage_of_the_history_denies_nobody(
    system: ToySystem, work: Path, caplog: pytest.LogCaptureFixture
) -> None:
    backend = backend_on(system, work)
    accepted = (await backend.submit([submission(1), submission(2)])).accepted.values()
    gone, there = accepted
    del system.queue[gone]
    system.fails("toyhist", down(), down())
    for _ in range(2):
        answer = await backend.poll([gone, there])
        assert (set(answer.seen), answer.absent) == ({there}, frozenset())
    assert caplog.text.count("cannot be asked") == 1
    assert (await backend.poll([gone, there])).absent == {gone}


async def test_words_that_cannot_be_read_deny_nobody(system: ToySystem, work: Path) -> None:
    backend = backend_on(system, work)
    (native_id,) = (await backend.submit([submission()])).accepted.values()
    del system.queue[native_id]
    await asyncio.to_thread(work.rename, work.with_name("away"))
    answer = await backend.poll([native_id])
    assert (answer.seen, answer.absent) == ({}, frozenset())


async def test_a_task_that_was_cancelled_in_the_queue_leaves_no_trace(system: ToySystem, work: Path) -> None:
    """By somebody else: its siblings are there, it is not, and it never began."""
    clock = Clock()
    backend = backend_on(system, work, clock)
    ids = list((await backend.submit([submission(1, index) for index in range(3)])).accepted.values())
    del system.queue[ids[1]]
    assert (await backend.poll(ids)).absent == {ids[1]}
    clock.now = 60.0
    seen = (await backend.poll(ids)).seen[ids[1]]
    assert (seen.status, seen.reason) == (JobStatus.KILLED, "cancelled before it started")


async def test_the_history_is_asked_for_exactly_the_tasks_that_are_gone_and_its_word_wins(
    system: ToySystem, work: Path
) -> None:
    """However late it comes."""
    clock = Clock()
    backend = backend_on(system, work, clock)
    ids = list((await backend.submit([submission(1, index) for index in range(3)])).accepted.values())
    row = system.queue.pop(ids[1])
    await backend.poll(ids)
    assert system.calls[-1] == ("toyhist", ids[1])
    system.past[ids[1]] = {**row, "status": JobStatus.RUNNING}
    clock.now = 60.0
    assert (await backend.poll(ids)).absent == {ids[1]}
    system.past[ids[1]] = {**row, "status": JobStatus.FAILED, "code": 3}
    seen = (await backend.poll(ids)).seen[ids[1]]
    assert (seen.status, seen.exit_code) == (JobStatus.FAILED, 3)


async def test_the_lag_of_a_history_begins_anew_when_it_was_away(system: ToySystem, work: Path) -> None:
    """What happened in the meantime it writes down late."""
    clock = Clock()
    backend = backend_on(system, work, clock)
    ids = list((await backend.submit([submission(1, index) for index in range(3)])).accepted.values())
    del system.queue[ids[1]]
    await backend.poll(ids)
    for clock.now, fault in ((30.0, down()), (60.0, None), (119.0, None)):
        system.fails("toyhist", fault)
        assert ids[1] not in (await backend.poll(ids)).seen
    clock.now = 120.0
    assert (await backend.poll(ids)).seen[ids[1]].status is JobStatus.KILLED


class SlowDialect(ToyDialect):
    """Its history takes as many seconds as it is told to."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.takes = 0.0

    def read_history(self, reply: Reply, /) -> Listing | None:
        self._clock.now += self.takes
        return super().read_history(reply)


async def test_an_answer_counts_by_when_it_was_asked_for(system: ToySystem, work: Path) -> None:
    """A history that takes long to answer tells what it had at the beginning."""
    clock = Clock()
    place, dialect = place_in(system, work), SlowDialect(clock)
    backend = BatchBackend(dialect, system, place, largest_array=50, commit_delay=60.0, now=clock)
    ids = list((await backend.submit([submission(1, index) for index in range(3)])).accepted.values())
    del system.queue[ids[1]]
    for clock.now, dialect.takes in ((0.0, 0.0), (59.0, 5.0)):
        assert (await backend.poll(ids)).absent == {ids[1]}
    clock.now = 60.0
    assert (await backend.poll(ids)).seen[ids[1]].status is JobStatus.KILLED


async def test_a_task_that_has_begun_and_is_not_there_is_not_taken_for_cancelled(system: ToySystem, work: Path) -> None:
    clock = Clock()
    backend = backend_on(system, work, clock)
    ids = list((await backend.submit([submission(1, index) for index in range(3)])).accepted.values())
    del system.queue[ids[1]]
    task = work / "ids" / "100" / "1"
    task.mkdir()
    (task / "status").write_text("running 0 100\n")
    for clock.now in (0.0, 1000.0):
        assert (await backend.poll(ids)).absent == {ids[1]}


async def test_a_job_that_we_killed_in_the_queue_is_killed_once_it_is_gone(system: ToySystem, work: Path) -> None:
    clock = Clock()
    backend = backend_on(system, work, clock)
    (native_id,) = (await backend.submit([submission()])).accepted.values()
    await backend.kill([native_id])
    del system.queue[native_id]
    await backend.poll([native_id])
    clock.now = 60.0
    assert (await backend.poll([native_id])).seen[native_id].status is JobStatus.KILLED
    assert (await backend_on(system, work, clock).poll([native_id])).absent == {native_id}


async def test_jobs_of_other_users_are_asked_for_by_id(system: ToySystem, work: Path) -> None:
    backend = backend_on(system, work)
    await backend.adopt([])
    answer = await backend.poll([NativeId("7")])
    assert answer.absent == {NativeId("7")}
    assert system.calls == [("toyq",), ("toyhist", "7"), ("toyq", "7")]


async def test_a_job_of_which_the_queue_does_not_say_how_it_is_stays_as_it_was(system: ToySystem, work: Path) -> None:
    """Nobody else is asked about it, and it is not denied, however long that lasts: it may come back."""
    clock = Clock()
    backend = backend_on(system, work, clock)
    silent, live = (await backend.submit([submission(1), submission(2)])).accepted.values()
    system.becomes(silent, JobStatus.RUNNING)
    await backend.poll([silent, live])
    system.falls_silent(silent)
    system.calls.clear()
    for clock.now in (0.0, 1000.0):
        answer = await backend.poll([silent, live])
        assert (set(answer.seen), answer.absent) == ({live}, frozenset())
    assert system.calls == [("toyq",)] * 2
    system.becomes(silent, JobStatus.COMPLETED, code=0)
    assert (await backend.poll([silent])).seen[silent].status is JobStatus.COMPLETED


async def test_jobs_of_others_that_are_there_and_silent_are_not_denied(system: ToySystem, work: Path) -> None:
    """They are asked for by their ids, and the queue of this user does not have them."""
    backend = backend_on(system, work)
    (native_id,) = (await backend.submit([submission()])).accepted.values()
    await backend.discard([native_id])
    system.falls_silent(native_id)
    backend = BatchBackend(OthersDialect(), system, place_in(system, work), largest_array=50, commit_delay=60.0)
    answer = await backend.poll([native_id])
    assert (answer.seen, answer.absent) == ({}, frozenset())


class OthersDialect(ToyDialect):
    """Its queue has the jobs of somebody else only if they are asked for."""

    def queue(self) -> Command:
        return Command(("toyq", "0"))


async def test_a_job_of_which_the_queue_does_not_say_how_it_is_cannot_be_adopted_now(
    system: ToySystem, work: Path
) -> None:
    backend = backend_on(system, work)
    (native_id,) = (await backend.submit([submission()])).accepted.values()
    system.falls_silent(native_id)
    with pytest.raises(UsageError, match=f"Toy has {native_id}, and does not say at present how that is"):
        await backend.adopt([str(native_id)])


class CountingDialect(ToyDialect):
    counts_vain_starts = True


async def test_runs_are_counted_by_the_launcher_where_the_system_counts_more(
    system: ToySystem, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the queue and in the history alike; while the launcher cannot be heard, nothing is said of such a job."""
    place = place_in(system, work)
    backend = BatchBackend(CountingDialect(), system, place, largest_array=50, commit_delay=60.0)
    again, live = (await backend.submit([submission(1), submission(2)])).accepted.values()
    system.becomes(live, JobStatus.RUNNING)
    system.becomes(again, JobStatus.RUNNING, restart=3)
    answer = await backend.poll([again, live])
    assert {key: seen.restart for key, seen in answer.seen.items()} == {again: 0, live: 0}
    with monkeypatch.context() as patch:
        patch.setattr(place, "standings", out_of_reach)
        answer = await backend.poll([again, live])
        assert (set(answer.seen), answer.absent) == ({live}, frozenset())
    system.becomes(again, JobStatus.FAILED, code=3, restart=3)
    system.forget(again)
    end = (await backend.poll([again])).seen[again]
    assert (end.status, end.exit_code, end.restart) == (JobStatus.FAILED, 3, 0)
    with monkeypatch.context() as patch:
        patch.setattr(place, "standings", out_of_reach)
        answer = await backend.poll([again])
        assert (answer.seen, answer.absent) == ({}, frozenset())


async def out_of_reach(_places: object) -> Mapping[Place, Word]:
    raise down()


class AssumingDialect(ToyDialect):
    """It calls jobs successful of which it has not seen the end."""

    def read_history(self, reply: Reply, /) -> Listing | None:
        told = super().read_history(reply)
        assert told is not None
        return {
            key: entry._replace(assumed=said_of(entry).status is JobStatus.COMPLETED) for key, entry in told.items()
        }


async def test_a_success_that_the_system_may_not_have_seen_is_the_launchers_to_tell(
    system: ToySystem, work: Path
) -> None:
    place = place_in(system, work)
    backend = BatchBackend(AssumingDialect(), system, place, largest_array=50, commit_delay=60.0)
    (native_id,) = (await backend.submit([submission()])).accepted.values()
    system.becomes(native_id, JobStatus.COMPLETED, code=0)
    system.forget(native_id)
    answer = await backend.poll([native_id])
    assert (answer.seen, answer.absent) == ({}, frozenset())
    task = work / "ids" / native_id / "0"
    task.mkdir()
    (task / "status").write_text("ended 0 100 160 7\n")
    seen = (await backend.poll([native_id])).seen[native_id]
    assert (seen.status, seen.exit_code, seen.ended_at) == (JobStatus.FAILED, 7, 160.0)


async def test_when_a_job_ended_the_launcher_tells_where_the_history_does_not(system: ToySystem, work: Path) -> None:
    backend = backend_on(system, work)
    (native_id,) = (await backend.submit([submission()])).accepted.values()
    system.becomes(native_id, JobStatus.FAILED, code=3)
    system.forget(native_id)
    task = work / "ids" / native_id / "0"
    task.mkdir()
    for word, times in (("1 100 160 3", (None, None)), ("0 100 160 3", (100.0, 160.0))):
        (task / "status").write_text(f"ended {word}\n")
        seen = (await backend.poll([native_id])).seen[native_id]
        assert (seen.exit_code, seen.restart, seen.started_at, seen.ended_at) == (3, 0, *times)


class ExplainingDialect(ToyDialect):
    """Its queue also tells of jobs that nobody asked for."""

    def explain(self, listing: Listing, /) -> Sequence[Command]:
        held = [native_id for native_id, entry in listing.items() if said_of(entry).status is JobStatus.HELD]
        return [Command(("toyq", *held))] if held else []

    def read_explanations(self, reply: Reply, /) -> Mapping[NativeId, str]:
        return dict.fromkeys(self.read_queue(reply), "no such folder")

    def inquiry(self, reference: str, /) -> Inquiry:
        return Inquiry(Command(("toyq",)), means=lambda native_id, _: native_id == reference)


def explaining_backend(system: ToySystem, folder: Path) -> BatchBackend:
    dialect = ExplainingDialect()
    assert isinstance(dialect, Explaining)
    return BatchBackend(dialect, system, place_in(system, folder), largest_array=50, commit_delay=60.0)


async def test_what_must_be_acted_on_is_explained_where_the_queue_does_not(system: ToySystem, work: Path) -> None:
    backend = explaining_backend(system, work)
    held, live = (await backend.submit([submission(1), submission(2)])).accepted.values()
    await backend.poll([held, live])
    assert system.calls[-1] == ("toyq",)
    system.becomes(held, JobStatus.HELD)
    seen = (await backend.poll([held, live])).seen
    assert (seen[held].reason, seen[live].reason) == ("no such folder", None)
    system.fails("toyq", None, down())
    assert (await backend.poll([held])).seen[held].status is JobStatus.HELD


async def test_of_a_queue_that_tells_more_only_what_is_meant_is_adopted(system: ToySystem, work: Path) -> None:
    backend = explaining_backend(system, work)
    ids = list((await backend.submit([submission(1), submission(2)])).accepted.values())
    assert set(await backend.adopt([str(ids[0])])) == {ids[0]}


class ToyMeter(ToyDialect):
    wanted = True

    def usage_of(self, ids: Collection[NativeId], /) -> Sequence[Command]:
        return [Command(("toyuse", *ids))] if self.wanted else []

    def read_usage(self, reply: Reply, /) -> Mapping[NativeId, Usage]:
        return {NativeId(native_id): Usage(1 << 20, 2.5) for native_id in reply.command.argv[1:]}


async def test_what_ended_jobs_have_used_is_asked_once_for_all_of_them(system: ToySystem, work: Path) -> None:
    place, dialect = place_in(system, work), ToyMeter()
    backend = BatchBackend(dialect, system, place, largest_array=50, commit_delay=60.0)
    first, second, live = (await backend.submit([submission(number) for number in (1, 2, 3)])).accepted.values()
    await backend.poll([first, second, live])
    assert [call for call in system.calls if call[0] == "toyuse"] == []
    system.becomes(first, JobStatus.COMPLETED, code=0)
    system.becomes(second, JobStatus.FAILED, code=1)
    seen = (await backend.poll([first, second, live])).seen
    assert [call for call in system.calls if call[0] == "toyuse"] == [("toyuse", first, second)]
    assert {(seen[key].peak_memory, seen[key].cpu_time) for key in (first, second)} == {(1 << 20, 2.5)}
    assert (seen[live].peak_memory, seen[live].cpu_time) == (None, None)
    system.fails("toyuse", down())
    assert (await backend.poll([first])).seen[first].status is JobStatus.COMPLETED
    dialect.wanted = False
    assert (await backend.poll([first])).seen[first].cpu_time is None
