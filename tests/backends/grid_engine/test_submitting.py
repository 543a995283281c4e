"""The words of `qsub`, and what its answers mean."""

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.batch.dialect import Order
from ganga.backends.grid_engine.settings import Settings
from ganga.backends.grid_engine.words import GridEngine
from ganga.errors import BackendError, BackendProtocolError, BackendUnavailable, SubmissionRejected
from ganga.model.resources import Resources
from tests.backends.grid_engine.recorded import said

GRID_ENGINE = GridEngine(Settings())
FOLDER = PurePosixPath("/home/me/$a,b:c/batches/x")


def words(wish: Resources, dialect: GridEngine = GRID_ENGINE, tasks: int | None = None) -> tuple[str, ...]:
    order = Order("ganga-1-1.x", b"#!/bin/sh\n", tasks, wish, FOLDER, FOLDER / "log")
    return dialect.submit(order).argv


def test_a_job_is_submitted_in_the_words_of_grid_engine() -> None:
    order = Order("ganga-1-1.x", b"#!/bin/sh\n", None, Resources(), FOLDER, FOLDER / "log")
    command = GRID_ENGINE.submit(order)
    assert command.stdin == b"#!/bin/sh\n"
    assert command.argv == (
        *("qsub", "-terse", "-b", "n", "-S", "/bin/sh", "-N", "ganga-1-1.x"),
        *("-wd", "/home/me/$a,b:c/batches/x", "-o", "log", "-j", "y"),
    )


def test_subjobs_are_an_array() -> None:
    assert words(Resources(), tasks=7)[-2:] == ("-t", "1-7")


def test_what_a_job_needs_is_said_and_rounded_up() -> None:
    wish = Resources(
        processors=4, memory=2**31 + 1, time=5430, queue="long.q", project="atlas", gpus=2, native=("-l a=b", "-V")
    )
    dialect = GridEngine(Settings(parallel_environment="smp", gpu_resource="gpu"))
    assert dialect.refusal(wish) is None
    assert words(wish, dialect)[14:] == (
        *("-l", "a=b", "-V", "-pe", "smp", "4", "-l", "h_vmem=524289K", "-l", "h_rt=5430", "-l", "gpu=2"),
        *("-q", "long.q", "-P", "atlas"),
    )


def test_the_settings_of_the_target_stand_behind_those_of_the_job() -> None:
    dialect = GridEngine(Settings(queue="short.q", project="cms", native=("-l x=1",)))
    assert words(Resources(queue="long.q", native=("-l x=2",)), dialect)[14:] == (
        *("-l", "x=1", "-l", "x=2", "-q", "long.q", "-P", "cms"),
    )


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        (Resources(image="a.sif"), "image"),
        (Resources(gpus=1), "gpus"),
        (Resources(processors=2), "parallel environment"),
        (Resources(native=("script.sh",)), "'script.sh' is no option of qsub"),
        (Resources(native=("-l", "a=b")), "'a=b' is no option of qsub; write one with its value"),
        (Resources(native=("-N 'x",)), "no option"),
        (Resources(native=(" ",)), "no option"),
        (Resources(queue="-x"), "no name of a queue"),
    ],
)
def test_what_grid_engine_has_no_word_for_is_refused(wish: Resources, why: str) -> None:
    assert why in (GRID_ENGINE.refusal(wish) or "")


def test_memory_needs_a_resource() -> None:
    assert GRID_ENGINE.refusal(Resources(memory=1, processors=1)) is None
    assert "no resource for memory" in (GridEngine(Settings(memory_resource="")).refusal(Resources(memory=1)) or "")


@pytest.mark.parametrize("text", ["123\n", "123.1-7:1\n", "Welcome!\n123\n"])
def test_the_number_of_the_job_is_read(text: str) -> None:
    assert GRID_ENGINE.submitted(said(text, program="qsub")) == "123"


@pytest.mark.parametrize("text", ["", "Your job has been submitted\n", "12 34x\n", "0\n"])
def test_an_answer_without_a_number_is_an_error(text: str) -> None:
    with pytest.raises(BackendProtocolError, match="the number of the job"):
        GRID_ENGINE.submitted(said(text, program="qsub"))


@pytest.mark.parametrize(
    "error",
    [
        'Unable to run job: Job was rejected because job requests unknown queue "nosuch"\nExiting.\n',
        'Unable to run job: unknown resource "nosuch"\nExiting.\n',
        'Unable to run job: unknown resource "connections_to_qmaster"\nExiting.\n',
        'Unable to run job: job rejected: the requested project "nosuch" does not exist\nExiting.\n',
        'Unable to run job: job rejected: the requested parallel environment "nosuch" does not exist\nExiting.\n',
        'Unable to run job: attribute "h_rt" is not a time value\nExiting.\n',
        "Unable to run job: job rejected: you tried to submit a job with more than 75000 tasks\nExiting.\n",
        "Unable to run job: error: no suitable queues\nExiting.\n",
        'qsub: invalid option argument "-foo"\n',
        'error: unknown resource ""\nqsub: Wrong resource list format "h_vmem=1,,=3" specified to -l option\n',
        "Unable to read script file because of error: error opening nofile.sh: No such file or directory\n",
    ],
)
def test_a_refusal_is_told_in_grid_engines_own_words(error: str) -> None:
    """As 8.1.9 says it."""
    with pytest.raises(SubmissionRejected, match="Grid Engine refuses it: "):
        GRID_ENGINE.submitted(said("", exit_code=1, error=error, program="qsub"))


@pytest.mark.parametrize(
    "error",
    [
        'Unable to run job: unable to send message to qmaster using port 6444 on host "vm": got send error\nExiting.\n',
        "Unable to run job: got no response from JSV script\nExiting.\n",
        'Unable to run job: denied: host "vm" is no submit host\nExiting.\n',
        "error: commlib error: got select error (Connection refused)\n",
        "sh: qsub: something else",
        "",
    ],
)
def test_what_is_not_the_jobs_fault_is_an_outage(error: str) -> None:
    with pytest.raises(BackendUnavailable):
        GRID_ENGINE.submitted(said("", exit_code=1, error=error, program="qsub"))


@given(st.text(), st.text(), st.integers(-9, 255))
def test_any_answer_is_a_number_or_an_error(text: str, error: str, exit_code: int) -> None:
    try:
        job = GRID_ENGINE.submitted(said(text, exit_code=exit_code, error=error, program="qsub"))
    except (BackendError, SubmissionRejected):
        return
    assert exit_code == 0
    assert job in text
