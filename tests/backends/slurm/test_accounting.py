"""What `sacct` says, as recorded, and any other text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.slurm import accounting
from ganga.backends.slurm.table import SEPARATOR
from ganga.errors import BackendError, BackendProtocolError, BackendUnavailable
from ganga.model.ids import NativeId
from ganga.model.status import JobStatus
from tests.backends.batch.listings import said_of
from tests.backends.slurm.recorded import VERSIONS, history_reply, history_row, in_history, recorded, said

SEVEN = NativeId("7")


@pytest.mark.parametrize("version", VERSIONS)
def test_live_jobs(version: str) -> None:
    jobs = in_history(version, "sacct-live")
    (requeued,) = jobs["requeued"].values()
    assert (requeued.status, requeued.restart) == (JobStatus.SUBMITTED, 1)
    assert len(jobs["array"]) == 6
    assert len(jobs["held-array"]) == 7
    ends = {name for name, found in jobs.items() if all(seen.status.final for seen in found.values())}
    assert ends == {"ok", "exit3", "signal9", "cancelled", "cancelled-queue"}


@pytest.mark.parametrize("version", VERSIONS)
def test_ended_jobs(version: str) -> None:
    jobs = in_history(version, "sacct-ended")
    (failed,), (killed,), (late,) = (list(jobs[name].values()) for name in ("exit3", "signal9", "timeout"))
    assert (failed.exit_code, killed.signal, late.native_status) == (3, 9, "TIMEOUT")
    assert [seen.exit_code for _, seen in sorted(jobs["array"].items())] == list(range(6))
    assert {seen.reason for seen in jobs["held-array"].values()} == {"cancelled by the user of number 0"}
    (running,) = jobs["requeued"].values()
    assert (running.status, running.restart) == (JobStatus.RUNNING, 1)


def read(*rows: str) -> dict[NativeId, tuple[str, int]]:
    listing = accounting.read(history_reply(*rows)) or {}
    return {native_id: (said_of(entry).native_status, said_of(entry).restart) for native_id, entry in listing.items()}


def test_the_newest_run_counts_and_the_others_are_counted() -> None:
    rows = (history_row("7", "FAILED", submit="300"), history_row("7", "NODE_FAIL"), history_row("7", "REQUEUED"))
    assert read(*rows) == {SEVEN: ("FAILED", 2)}


def test_of_runs_of_one_second_the_last_line_counts() -> None:
    assert read(history_row("7", "REQUEUED"), history_row("7", "COMPLETED")) == {SEVEN: ("COMPLETED", 1)}


def test_a_run_that_goes_back_to_the_queue_is_not_the_last_one() -> None:
    """The next one may be written down seconds later, as recorded of 23.11."""
    (behind,) = in_history("23.11", "sacct-behind")["requeued"].values()
    assert (behind.status, behind.native_status, behind.restart) == (JobStatus.SUBMITTED, "REQUEUED", 1)
    assert read(history_row("7", "REQUEUED")) == {SEVEN: ("REQUEUED", 1)}
    assert read(history_row("7", "REQUEUED"), history_row("7", "PENDING")) == {SEVEN: ("PENDING", 1)}


def test_a_job_that_grew_was_not_run_again() -> None:
    assert read(history_row("7", "RESIZING"), history_row("7", "COMPLETED")) == {SEVEN: ("COMPLETED", 0)}
    assert read(history_row("7", "RESIZING")) == {SEVEN: ("RESIZING", 0)}


def test_a_line_of_its_own_goes_before_one_together_with_others() -> None:
    found = read(history_row("7_1", "COMPLETED"), history_row("7_[0-2]", "CANCELLED by 5"))
    assert found == {"7_0": ("CANCELLED by 5", 0), "7_1": ("COMPLETED", 0), "7_2": ("CANCELLED by 5", 0)}


@pytest.mark.parametrize(
    "error",
    ["Slurm accounting storage is disabled", "sacct: error: AccountingStorageType is accounting_storage/none"],
)
def test_a_system_that_keeps_no_history_is_told_from_one_that_cannot_be_asked(error: str) -> None:
    assert accounting.read(said("", exit_code=1, error=error, program="sacct")) is None


@pytest.mark.parametrize("error", ["sacct: error: Problem talking to the database: Connection refused", ""])
def test_a_history_that_is_away_is_an_outage(error: str) -> None:
    with pytest.raises(BackendUnavailable):
        accounting.read(said(history_reply(history_row("7", "FAILED")).text, exit_code=1, error=error))


def test_an_unknown_job_has_no_lines() -> None:
    assert accounting.read(history_reply()) == {}


@pytest.mark.parametrize("text", ["", "No history today\n", f"JobID{SEPARATOR}State\n"])
def test_a_reply_without_titles_is_an_error(text: str) -> None:
    with pytest.raises(BackendProtocolError):
        accounting.read(said(text))


def test_ids_that_make_no_sense_are_an_error() -> None:
    with pytest.raises(BackendProtocolError):
        accounting.read(history_reply(history_row("7.batch", "FAILED")))


@given(st.text() | st.lists(st.text(alphabet=f"7_[]{SEPARATOR}\nABC:-", max_size=40)).map("\n".join))
def test_no_text_is_an_end_that_it_does_not_contain(text: str) -> None:
    for reply in (said(text), history_reply(text)):
        try:
            listing = accounting.read(reply) or {}
        except BackendError:
            continue
        for entry in listing.values():
            assert not said_of(entry).status.final or said_of(entry).native_status in text


@given(st.sampled_from(VERSIONS), st.sampled_from(("sacct-live", "sacct-ended")), st.data())
def test_a_reply_that_is_cut_tells_no_end_that_the_whole_one_does_not(
    version: str, name: str, data: st.DataObject
) -> None:
    text = recorded(version, name)
    told = {line.split(SEPARATOR)[1] for line in text.splitlines()}
    try:
        part = accounting.read(said(text[: data.draw(st.integers(0, len(text)))])) or {}
    except BackendError:
        return
    assert {said_of(entry).native_status for entry in part.values()} <= told
