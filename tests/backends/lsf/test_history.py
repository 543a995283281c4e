"""What `bhist -l` says, as documented, and any other text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.lsf import history
from ganga.errors import BackendError, BackendProtocolError, BackendUnavailable
from ganga.model.ids import NativeId
from ganga.model.observation import Observation
from ganga.model.status import JobStatus
from tests.backends.batch.listings import said_of
from tests.backends.lsf.documented import DONE, WAITING, block, said

ENDS = (
    "Done successfully. The CPU time used is 9.6 seconds;",
    "Exited with exit code 99. The CPU time used is 0.1 seconds;",
    "Exited by signal 9. The CPU time used is 0.1 seconds;",
)


def told(text: str) -> dict[str, Observation]:
    return {key: said_of(entry) for key, entry in history.read(said(text, program="bhist")).items()}


def test_a_good_end() -> None:
    assert told(DONE)["223"].status is JobStatus.COMPLETED


@pytest.mark.parametrize(
    ("events", "status", "code", "signal"),
    [
        (ENDS[:1], JobStatus.COMPLETED, 0, None),
        (ENDS[1:2], JobStatus.FAILED, 99, None),
        (ENDS[2:], JobStatus.FAILED, None, 9),
        ((ENDS[1], "Completed <exit>;"), JobStatus.FAILED, 99, None),
        ((ENDS[2], "Completed <exit>; TERM_OWNER: job killed by owner;"), JobStatus.KILLED, None, None),
        ((ENDS[1], "Completed <exit>; TERM_MEMLIMIT: job killed after reaching"), JobStatus.FAILED, None, None),
        ((ENDS[0], "Post job process done successfully;"), JobStatus.COMPLETED, 0, None),
        ((ENDS[1], "Pending: Job has exited;", "Starting (Pid 7);", ENDS[0]), JobStatus.COMPLETED, 0, None),
    ],
)
def test_ends(events: tuple[str, ...], status: JobStatus, code: int | None, signal: int | None) -> None:
    seen = told(block("7[3]", "Starting (Pid 6);", *events))["7[3]"]
    assert (seen.status, seen.exit_code, seen.signal) == (status, code, signal)


@pytest.mark.parametrize(
    "events",
    [
        (),
        ("Starting (Pid 6);",),
        (ENDS[1], "Pending: Job has been requeued;"),
        (ENDS[0], "a word that nobody knows"),
        (ENDS[2], "Completed <exit>; TERM_REQUEUE_OWNER: job killed and requeued by owner;"),
        ("Exited with something else",),
    ],
)
def test_what_is_no_sure_end_is_nothing(events: tuple[str, ...]) -> None:
    assert told(block("7", *events)) == {}


def test_what_stands_in_a_command_is_no_event() -> None:
    command = "\n                     Sun Dec 20 15:05:51: Done successfully. x"
    assert told(block("7", f"Submitted from host <x>, CWD <{command}>;")) == {}


def test_each_job_is_told_by_itself() -> None:
    assert list(told(block("7[1]", ENDS[0]) + block("7[2]", "Starting (Pid 6);") + block("8", ENDS[1]))) == [
        "7[1]",
        "8",
    ]
    assert told(block("7", ENDS[0]) + block("7", ENDS[1])) == {}


def test_a_job_that_is_unknown_is_no_error() -> None:
    assert told("No matching job found\n") == {}
    assert history.read(said("", exit_code=255, error=f"{WAITING}No matching job found\n")) == {}


def test_other_answers_are_errors() -> None:
    with pytest.raises(BackendUnavailable):
        history.read(said(WAITING, exit_code=255))
    with pytest.raises(BackendProtocolError):
        history.read(said(""))


@given(st.integers(0, len(DONE)))
def test_a_reply_that_is_cut_tells_what_the_whole_does_or_nothing(length: int) -> None:
    try:
        seen = told(DONE[:length])
    except BackendError:
        return
    assert seen in ({}, told(DONE))


@given(st.text(), st.lists(st.text() | st.sampled_from(ENDS)))
def test_no_text_is_an_end_that_it_does_not_contain(text: str, events: list[str]) -> None:
    for whole in (text, block("7", *events), block("7", *events, whole=False) + text):
        try:
            ended = told(whole)
        except BackendError:
            continue
        assert not ended or any(end[:18] in whole for end in (*ENDS, "Completed <exit>"))
        assert NativeId("7") in ended or not ended
