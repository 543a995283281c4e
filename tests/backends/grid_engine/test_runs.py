"""All runs that `qacct` tells of, as recorded, and any other text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.grid_engine import runs
from ganga.errors import BackendError, BackendUnavailable
from ganga.model.ids import NativeId
from tests.backends.grid_engine.recorded import block, recorded, said

START = "Sun Nov 22 20:07:20 2026"


def test_recorded_jobs_have_their_runs_in_order() -> None:
    found = runs.read(said(recorded("qacct-ended.txt"))) or {}
    assert found
    for steps in found.values():
        assert [step.at for step in steps] == sorted(step.at for step in steps)
        assert steps[0].status == "qsub"
        assert {step.source for step in steps} == {"accounting"}


def test_a_run_that_went_back_to_the_queue_is_told_by_the_next() -> None:
    """Grid Engine writes no times of it, but the first second of 1970."""
    steps = (runs.read(said(recorded("qacct-ended.txt"))) or {})[NativeId("34")]
    told = [(step.status, step.application_status) for step in steps]
    assert told == [("qsub", ""), ("start", "after failed 25  : rescheduling"), ("end", "exit_status 5")]


def test_an_end_has_its_codes() -> None:
    text = block("7", "100 : assumedly after job", "137", start=START)
    start, end = (runs.read(said(text)) or {})[NativeId("7")]
    assert (start.status, start.at + 2) == ("start", end.at)
    assert (end.minor_status, end.application_status) == ("failed 100 : assumedly after job", "exit_status 137")


def test_a_run_that_never_began_has_no_start() -> None:
    (end,) = (runs.read(said(block("7", "28 : changing into working directory", "0"))) or {})[NativeId("7")]
    assert end.status == "end"


def test_a_history_that_is_empty_not_kept_or_away() -> None:
    assert runs.read(said("", exit_code=1, error="error: job id 7 not found")) == {}
    assert runs.read(said("no jobs running since startup", exit_code=1)) is None
    with pytest.raises(BackendUnavailable):
        runs.read(said("", exit_code=1, error="commlib error"))


@given(st.text() | st.lists(st.text(), max_size=4).map(lambda words: block("7", *(words + ["0"] * 2)[:2])))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = runs.read(said(text)) or {}
    except BackendError:
        return
    assert all(steps for steps in found.values())
