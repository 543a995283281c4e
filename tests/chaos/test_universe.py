from pathlib import Path
from random import Random

import pytest

from ganga import JobStatus
from ganga.model.ids import NativeId, Tag
from tests.chaos import truth
from tests.chaos.journal import Journal
from tests.chaos.universe import Request, Universe, Weather, Wish

TAG = Tag("ganga-1f0c9d3e-12.3-1")


@pytest.fixture
def universe(tmp_path: Path) -> Universe:
    return Universe(Journal(tmp_path / "universe.jsonl"), Random(1))


def submit(universe: Universe, session: int, serial: int, *, seconds: float = 1000.0) -> dict[Tag, NativeId]:
    return universe.answer(Request("submit", session, serial, wishes=[Wish(TAG, seconds, 3)])).named


def find(universe: Universe, session: int, serial: int) -> list[Tag]:
    return list(universe.answer(Request("find", session, serial, tags=[TAG])).absent)


def statuses(universe: Universe, native_id: NativeId) -> list[JobStatus]:
    return [sight.status for sight in universe.answer(Request("poll", ids=[native_id])).seen]


def test_each_session_has_a_number_of_its_own(universe: Universe) -> None:
    assert universe.answer(Request("hello")).session == 1
    assert universe.answer(Request("hello")).session == 2


def test_whoever_submits_twice_has_two_jobs(universe: Universe, tmp_path: Path) -> None:
    assert submit(universe, 1, 1) != submit(universe, 1, 2)
    assert len(truth.of_universe(tmp_path / "universe.jsonl")) == 2


def test_a_request_that_arrives_twice_is_one(universe: Universe) -> None:
    assert submit(universe, 1, 1) == submit(universe, 1, 1)
    assert len(universe.runs) == 1


def test_what_is_said_to_be_absent_does_not_come_later_from_somebody_else(universe: Universe) -> None:
    assert find(universe, 2, 7) == [TAG]
    assert not submit(universe, 1, 9)
    assert not submit(universe, 2, 6)
    assert submit(universe, 2, 8)
    assert not find(universe, 3, 1)


def test_the_truth_is_written_down(universe: Universe, tmp_path: Path) -> None:
    native_id = submit(universe, 1, 1)[TAG]
    (run,) = truth.of_universe(tmp_path / "universe.jsonl")
    assert (run.job, run.attempt, run.exit_code, run.status) == ("12.3", 1, 3, JobStatus.FAILED)
    universe.answer(Request("kill", ids=[native_id]))
    universe.answer(Request("kill", ids=[native_id]))
    (run,) = truth.of_universe(tmp_path / "universe.jsonl")
    assert run == universe.runs[native_id]
    assert run.status is JobStatus.KILLED


def test_what_has_ended_stays_as_it_ended() -> None:
    ended = truth.run_of(truth.Accepted(NativeId("u1"), TAG, 1.0, 2.0, 3.0, 0))
    assert truth.killed(ended, 3.0) == ended
    early = truth.killed(ended, 1.5)
    assert (early.begins, early.ends, early.status) == (1.5, 1.5, JobStatus.KILLED)
    assert truth.killed(early, 1.2) == early


def test_a_poll_tells_how_a_job_stands_and_denies_what_is_unknown(universe: Universe) -> None:
    native_id = submit(universe, 1, 1)[TAG]
    assert statuses(universe, native_id) in ([JobStatus.SUBMITTED], [JobStatus.RUNNING])
    universe.answer(Request("kill", ids=[native_id]))
    assert statuses(universe, native_id) == [JobStatus.KILLED]
    assert universe.answer(Request("poll", ids=[NativeId("u9")])).unknown == ["u9"]


def test_what_is_told_may_be_from_before_the_job(universe: Universe) -> None:
    native_id = submit(universe, 1, 1)[TAG]
    universe.weather = Weather(stale=1000.0)
    assert {len(statuses(universe, native_id)) for _ in range(50)} == {0, 1}


def test_the_feed_tells_what_is_new(universe: Universe) -> None:
    cursor = universe.answer(Request("changes")).cursor
    native_id = submit(universe, 1, 1)[TAG]
    reply = universe.answer(Request("changes", since=cursor))
    assert [sight.native_id for sight in reply.seen] == [native_id]
    universe.answer(Request("kill", ids=[native_id]))
    seen = universe.answer(Request("changes", since=reply.cursor)).seen
    assert [sight.status for sight in seen] == [JobStatus.KILLED]


def test_local_jobs_tell_their_truth_themselves(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    assert truth.of_traces(trace) == []
    trace.write_text("begin 12. 1.50 3\nbegin 13.1 1.60 0\nend 12. 2.50 3\n")
    ended, killed = truth.of_traces(trace)
    assert (ended.job, ended.begins, ended.ends, ended.status) == ("12", 1.5, 2.5, JobStatus.FAILED)
    assert (killed.job, killed.ends, killed.status) == ("13.1", None, None)
