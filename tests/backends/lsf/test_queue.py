"""What `bjobs -json` says, as documented, and any other text."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.lsf import queue
from ganga.errors import BackendError, BackendProtocolError, BackendUnavailable
from ganga.model.ids import NativeId
from ganga.model.status import JobStatus
from tests.backends.batch.listings import said_of
from tests.backends.lsf.documented import RECORDED_BY_OTHERS, WAITING, denial, queue_text, record, said


def test_a_job_is_read() -> None:
    ((native_id, entry),) = queue.read(said(RECORDED_BY_OTHERS)).items()
    assert (native_id, entry.name) == ("22005", "ls -l")
    assert (said_of(entry).status, said_of(entry).exit_code) == (JobStatus.COMPLETED, 0)
    assert (said_of(entry).started_at, said_of(entry).ended_at, said_of(entry).restart) == (None, None, 0)


@pytest.mark.parametrize("exit_code", [0, 255])
def test_the_exit_code_proves_nothing(exit_code: int) -> None:
    assert queue.read(said(RECORDED_BY_OTHERS, exit_code=exit_code)) == queue.read(said(RECORDED_BY_OTHERS))


def test_lines_before_the_answer_are_read_over() -> None:
    assert queue.read(said(f"Welcome\n{WAITING}{WAITING}{RECORDED_BY_OTHERS}")) != {}


def test_tasks_are_told_by_one_column_or_two() -> None:
    text = queue_text(record("7", "RUN", index="3", name="a[3]"), record("7[4]", "PEND", index="4", name="a[1-9%2]"))
    listing = queue.read(said(text))
    assert {key: entry.name for key, entry in listing.items()} == {"7[3]": "a", "7[4]": "a"}


def test_only_the_names_of_arrays_have_an_index() -> None:
    assert queue.read(said(queue_text(record("7", "RUN", name="a[3]"))))[NativeId("7")].name == "a[3]"


def test_a_denial_is_no_job() -> None:
    assert list(queue.read(said(queue_text(denial("9"), record("7", "RUN")), exit_code=255))) == ["7"]


@pytest.mark.parametrize("text", ["No job found\n", "No unfinished job found\n", "Job <7> is not found\n"])
@pytest.mark.parametrize("exit_code", [0, 255])
def test_nothing_to_tell_is_an_answer(text: str, exit_code: int) -> None:
    assert queue.read(said(text, exit_code=exit_code)) == {}
    assert queue.read(said("", exit_code=exit_code, error=f"{WAITING}{text}")) == {}
    assert queue.read(said(queue_text())) == {}


@pytest.mark.parametrize("text", ["", WAITING, "LSF is down. Please wait ...\n", "command not found\n"])
@pytest.mark.parametrize("exit_code", [0, 255])
def test_silence_is_an_outage(text: str, exit_code: int) -> None:
    with pytest.raises(BackendUnavailable, match=f"bjobs ended with exit code {exit_code}"):
        queue.read(said(text, exit_code=exit_code))


@pytest.mark.parametrize(
    "wrong",
    [
        {**record("7", "RUN"), "STAT": ""},
        {**record("7", "RUN"), "STAT": 4},
        record("x", "DONE"),
        record("0", "DONE"),
        {"JOBID": "7", "STAT": "DONE"},
        "DONE",
    ],
)
def test_a_record_that_makes_no_sense_is_an_error(wrong: object) -> None:
    with pytest.raises(BackendProtocolError):
        queue.read(said(queue_text(record("8", "RUN"), wrong)))


@pytest.mark.parametrize(
    "document", [{}, {"JOBS": 1, "RECORDS": []}, {"JOBS": 0}, {"RECORDS": []}, {"JOBS": 0, "RECORDS": {}}]
)
def test_a_document_without_its_records_is_an_error(document: object) -> None:
    with pytest.raises(BackendProtocolError):
        queue.read(said(json.dumps(document)))


def test_deep_nonsense_is_an_error() -> None:
    with pytest.raises(BackendProtocolError):
        queue.read(said('{"RECORDS":' + "[" * 200_000))


@given(st.text() | st.lists(st.text('{}[]":,JOBIDSRECX7 ', max_size=30)).map("\n".join))
def test_no_text_is_an_end(text: str) -> None:
    try:
        listing = queue.read(said(text))
    except BackendError:
        return
    assert not any(entry.seen is not None and entry.seen.status.final for entry in listing.values())


@given(st.text().filter(lambda state: state.strip() not in {"DONE", "EXIT"}), st.text(), st.text())
def test_no_other_state_is_an_end(state: str, code: str, why: str) -> None:
    try:
        listing = queue.read(said(queue_text(record("7", state, code=code, why=why))))
    except BackendError:
        return
    assert not any(entry.seen is not None and entry.seen.status.final for entry in listing.values())


@given(st.integers(0, len(RECORDED_BY_OTHERS.rstrip()) - 1))
def test_a_reply_that_is_cut_is_an_error(length: int) -> None:
    with pytest.raises(BackendError):
        queue.read(said(RECORDED_BY_OTHERS[:length]))
