"""What `squeue` says, as recorded, and any other text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.slurm import queue
from ganga.backends.slurm.table import SEPARATOR
from ganga.errors import BackendError, BackendProtocolError, BackendUnavailable
from ganga.model.status import JobStatus
from tests.backends.batch.listings import said_of
from tests.backends.slurm.recorded import VERSIONS, in_queue, queue_reply, queue_row, recorded, said


@pytest.mark.parametrize("version", VERSIONS)
def test_live_jobs(version: str) -> None:
    jobs = in_queue(version, "squeue-live")
    statuses = {name: {seen.status for seen in found.values()} for name, found in jobs.items()}
    assert statuses == {
        "ok": {JobStatus.COMPLETED},
        "exit3": {JobStatus.FAILED},
        "signal9": {JobStatus.FAILED},
        "cancelled": {JobStatus.KILLED},
        "cancelled-queue": {JobStatus.KILLED},
        "held": {JobStatus.HELD},
        "held-array": {JobStatus.HELD},
        "never": {JobStatus.HELD},
        "requeued": {JobStatus.SUBMITTED},
        "array": {JobStatus.SUBMITTED, JobStatus.RUNNING},
        "running": {JobStatus.RUNNING},
        "timeout": {JobStatus.RUNNING},
        "two": {JobStatus.RUNNING},
        "suspended": {JobStatus.SUSPENDED},
    }
    (requeued,) = jobs["requeued"].values()
    assert (requeued.restart, requeued.started_at) == (1, None)
    assert sorted(native_id.partition("_")[2] for native_id in jobs["held-array"]) == [
        "0",
        "1",
        "2",
        "4",
        "5",
        "6",
        "9",
    ]


def test_a_job_of_several_parts_is_told_by_its_first_and_spoils_nothing() -> None:
    jobs = in_queue("24.11", "squeue-parts")
    assert {native_id: seen.status for native_id, seen in jobs["parts"].items()} == {"11": JobStatus.HELD}
    assert {seen.status for seen in jobs["ok"].values()} == {JobStatus.COMPLETED}
    assert queue.read(queue_reply(queue_row("7+1", "RUNNING"))) == {}


@pytest.mark.parametrize("version", VERSIONS)
def test_ended_jobs(version: str) -> None:
    jobs = in_queue(version, "squeue-ended")
    (failed,), (killed,), (late,) = (list(jobs[name].values()) for name in ("exit3", "signal9", "timeout"))
    assert (failed.exit_code, failed.signal) == (3, None)
    assert (killed.exit_code, killed.signal, killed.reason) == (None, 9, None)
    assert (late.status, late.native_status, late.exit_code) == (JobStatus.FAILED, "TIMEOUT", None)
    codes = [seen.exit_code for _, seen in sorted(jobs["array"].items())]
    assert codes == list(range(6))
    (running,) = jobs["requeued"].values()
    assert (running.status, running.restart) == (JobStatus.RUNNING, 1)


def test_a_job_that_25_11_runs_again_at_once_is_waiting_for_that() -> None:
    """Its epilog failed on a machine, and somebody wished so by ``--requeue=expedite``."""
    jobs = in_queue("25.11", "squeue-expediting")
    (again,) = jobs["expedited"].values()
    assert (again.status, again.native_status, again.restart) == (JobStatus.SUBMITTED, "EXPEDITING", 1)
    assert sorted(jobs["array"]) == ["2_0", "2_1"]


def test_a_banner_is_read_over() -> None:
    reply = queue_reply(queue_row("7", "RUNNING"))
    banner = said(f"Welcome\n7 bottles\nCLUSTER: test\n{reply.text}")
    assert queue.read(banner) == queue.read(reply) != {}


def test_an_empty_queue_has_its_titles() -> None:
    assert queue.read(queue_reply()) == {}
    with pytest.raises(BackendProtocolError, match="with the titles JOBID STATE"):
        queue.read(said(""))


def test_a_job_that_the_controller_has_forgotten_is_not_there() -> None:
    assert queue.read(said("", exit_code=1, error="slurm_load_jobs error: Invalid job id specified\n")) == {}


@pytest.mark.parametrize(
    "error", ["slurm_load_jobs error: Unable to contact slurm controller (connect failure)", "Socket timed out", ""]
)
def test_a_controller_that_is_away_is_an_outage(error: str) -> None:
    with pytest.raises(BackendUnavailable, match="squeue ended with exit code 1"):
        queue.read(said(queue_reply(queue_row("7", "COMPLETED")).text, exit_code=1, error=error))


@pytest.mark.parametrize("row", ["7", f"7{SEPARATOR}RUN", queue_row("7", "RUNNING")[:-8], queue_row("7_[", "RUNNING")])
def test_a_line_that_is_not_whole_is_an_error(row: str) -> None:
    with pytest.raises(BackendProtocolError):
        queue.read(queue_reply(queue_row("8", "RUNNING"), row))


@given(st.text() | st.lists(st.text(alphabet=f"7_[]{SEPARATOR}\nABC:-", max_size=40)).map("\n".join))
def test_no_text_is_an_end_that_it_does_not_contain(text: str) -> None:
    for reply in (said(text), queue_reply(text)):
        try:
            listing = queue.read(reply)
        except BackendError:
            continue
        for entry in listing.values():
            assert not said_of(entry).status.final or said_of(entry).native_status in text


@given(st.sampled_from(VERSIONS), st.sampled_from(("squeue-live", "squeue-ended")), st.data())
def test_a_reply_that_is_cut_says_less_and_nothing_else(version: str, name: str, data: st.DataObject) -> None:
    text = recorded(version, name)
    whole = queue.read(said(text))
    try:
        part = queue.read(said(text[: data.draw(st.integers(0, len(text)))]))
    except BackendError:
        return
    assert {native_id: entry.seen for native_id, entry in part.items()}.items() <= {
        native_id: entry.seen for native_id, entry in whole.items()
    }.items()
