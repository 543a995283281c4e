"""What `qstat -xml` says, as recorded, and any other text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.grid_engine import queue
from ganga.errors import BackendError, BackendProtocolError, BackendUnavailable
from ganga.model.ids import NativeId
from ganga.model.observation import Observation
from ganga.model.status import JobStatus
from tests.backends.batch.listings import said_of
from tests.backends.grid_engine.recorded import job_list, queue_text, recorded, said

LIVE = recorded("qstat-live.xml")


def jobs_by_name() -> dict[str, dict[NativeId, Observation]]:
    found: dict[str, dict[NativeId, Observation]] = {}
    for native_id, entry in queue.read(said(LIVE)).items():
        found.setdefault(entry.name, {})[native_id] = said_of(entry)
    return found


def test_live_jobs() -> None:
    statuses = {name: {seen.status for seen in found.values()} for name, found in jobs_by_name().items()}
    assert statuses == {
        "array": {JobStatus.RUNNING},
        "deleted": {JobStatus.RUNNING},
        "exit100": {JobStatus.HELD},
        "exit99": {JobStatus.RUNNING},
        "folder": {JobStatus.HELD},
        "held": {JobStatus.HELD},
        "held-array": {JobStatus.HELD},
        "queued": {JobStatus.SUBMITTED},
        "rerun": {JobStatus.SUBMITTED},
        "running": {JobStatus.RUNNING},
        "suspended": {JobStatus.SUSPENDED},
        "waits": {JobStatus.HELD},
    }


def test_tasks_are_told_each_by_itself() -> None:
    jobs = jobs_by_name()
    assert sorted(jobs["array"]) == ["37.4", "37.5", "37.6"]
    assert sorted(jobs["held-array"]) == ["39.1", "39.2", "39.3", "39.5", "39.6", "39.7", "39.9"]


def test_a_job_that_runs_again_is_the_next_run() -> None:
    jobs = jobs_by_name()
    restarts = {name: seen.restart for name, found in jobs.items() for seen in found.values() if seen.restart}
    assert restarts == {"exit99": 1, "rerun": 1}


def test_a_start_is_told_of_jobs_that_have_begun() -> None:
    jobs = jobs_by_name()
    (running,), (queued,) = jobs["running"].values(), jobs["queued"].values()
    assert running.started_at == 1795378029.0
    assert queued.started_at is None


def test_who_must_act_is_told_how() -> None:
    jobs = jobs_by_name()
    (error,), (held,) = jobs["folder"].values(), jobs["held"].values()
    assert "look with `qstat -j 36`, go on with `qmod -cj 36`" in (error.reason or "")
    assert "`qrls`" in (held.reason or "")


def test_a_banner_is_read_over() -> None:
    assert queue.read(said(f"Welcome\n7 bottles\n{LIVE}")) == queue.read(said(LIVE)) != {}


def test_an_empty_queue_is_a_whole_document() -> None:
    assert queue.read(said(queue_text())) == {}
    for text in ("", "Welcome\n", "<?xml version='1.0'?>\n<unknown_jobs ><ST_name>99999</ST_name></unknown_jobs>\n"):
        with pytest.raises(BackendProtocolError):
            queue.read(said(text))


@pytest.mark.parametrize("error", ["error: commlib error: got select error (Connection refused)", ""])
def test_a_queue_master_that_is_away_is_an_outage(error: str) -> None:
    with pytest.raises(BackendUnavailable, match="qstat ended with exit code 1"):
        queue.read(said(LIVE, exit_code=1, error=error))


@pytest.mark.parametrize("job", [job_list("x", "r"), job_list("7", ""), job_list("7", "qw", "1-"), "<job_list/>"])
def test_a_job_that_is_not_whole_is_an_error(job: str) -> None:
    with pytest.raises(BackendProtocolError, match="the ids and states of jobs"):
        queue.read(said(queue_text(job_list("8", "r"), job)))


@pytest.mark.parametrize("time", ["", "yesterday", "2026-13-40T00:00:00"])
def test_a_time_that_makes_no_sense_is_none(time: str) -> None:
    text = LIVE.replace("2026-11-22T20:07:09", time)
    assert said_of(queue.read(said(text))[NativeId("31")]).started_at is None


def test_entities_are_not_read() -> None:
    bomb = "<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]>"
    with pytest.raises(BackendProtocolError, match="XML without a document type"):
        queue.read(said(queue_text(job_list("7", "&b;")).replace("<job_info>", f"{bomb}<job_info>", 1)))
    with pytest.raises(BackendProtocolError, match="undefined entity"):
        queue.read(said(queue_text(job_list("7", "&b;"))))


@given(st.text() | st.lists(st.text("<>/&;7rqwzE jobtas-:!", max_size=20)).map(lambda words: queue_text(*words)))
def test_no_text_is_an_end(text: str) -> None:
    try:
        listing = queue.read(said(text))
    except BackendError:
        return
    assert not any(said_of(entry).status.final for entry in listing.values())


@given(st.integers(0, len(LIVE.rstrip()) - 1))
def test_a_reply_that_is_cut_is_an_error(length: int) -> None:
    with pytest.raises(BackendProtocolError):
        queue.read(said(LIVE[:length]))
