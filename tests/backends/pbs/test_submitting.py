"""The words of `qsub`, and what its answers mean. No refusal was recorded: they are as PBS's own table of errors."""

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.batch.dialect import Order
from ganga.backends.pbs.settings import Settings
from ganga.backends.pbs.words import Pbs
from ganga.errors import BackendError, BackendProtocolError, BackendUnavailable, SubmissionRejected
from ganga.model.resources import Resources
from tests.backends.pbs.recorded import said

PBS = Pbs(Settings())
FOLDER = PurePosixPath("/home/me/$a,b/batches/x")


def words(wish: Resources, dialect: Pbs = PBS, tasks: int | None = None) -> tuple[str, ...]:
    """Those behind the words of every job."""
    return dialect.submit(Order("ganga-1-1.x", b"#!/bin/sh\n", tasks, wish, FOLDER, FOLDER / "log")).argv[11:]


def test_a_job_is_submitted_in_the_words_of_pbs() -> None:
    command = PBS.submit(Order("ganga-1-1.x", b"#!/bin/sh\n", None, Resources(), FOLDER, FOLDER / "log"))
    assert command.stdin == b"#!/bin/sh\n"
    assert command.argv == (
        *("env", "LC_ALL=C", "qsub", "-S", "/bin/sh", "-N", "ganga-1-1.x"),
        *("-o", "/home/me/$a,b/batches/x/log", "-j", "oe"),
    )


def test_subjobs_are_an_array() -> None:
    assert words(Resources(), tasks=7) == ("-J", "0-6")


def test_what_a_job_needs_is_said_and_rounded_up() -> None:
    wish = Resources(
        processors=4, memory=2**31 + 1, time=5430, queue="long", project="atlas", gpus=2, native=("-l a=b", "-V")
    )
    assert PBS.refusal(wish) is None
    assert words(wish) == (
        *("-l", "a=b", "-V", "-l", "select=1:ncpus=4:mem=2097153kb:ngpus=2", "-l", "walltime=5430"),
        *("-q", "long", "-P", "atlas"),
    )
    assert words(Resources(memory=1)) == ("-l", "select=1:mem=1kb")


def test_the_settings_of_the_target_stand_behind_those_of_the_job() -> None:
    dialect = Pbs(Settings(queue="short", project="cms", project_option="-A", native=("-l x=1",)))
    assert words(Resources(queue="long", native=("-l x=2",)), dialect) == (
        *("-l", "x=1", "-l", "x=2", "-q", "long", "-A", "cms"),
    )


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        (Resources(image="a.sif"), "PBS cannot be asked for image"),
        (Resources(native=("script.sh",)), "'script.sh' is no option of qsub"),
        (Resources(project="-x"), "no name of a queue or a project"),
    ],
)
def test_what_pbs_has_no_word_for_is_refused(wish: Resources, why: str) -> None:
    assert why in (PBS.refusal(wish) or "")


def test_a_site_without_a_word_for_graphics_processors_gives_none() -> None:
    assert "gpus" in (Pbs(Settings(gpu_resource="")).refusal(Resources(gpus=1)) or "")


@pytest.mark.parametrize("text", ["123.vm\n", "123[].vm\n", "Welcome!\n123.vm\n"])
def test_the_id_of_the_job_is_read(text: str) -> None:
    assert PBS.submitted(said(text, program="qsub")) == "123.vm"


@pytest.mark.parametrize("text", ["", "123\n", "Your job has been submitted\n", "123[1].vm\n"])
def test_an_answer_without_an_id_is_an_error(text: str) -> None:
    with pytest.raises(BackendProtocolError, match="the id of the job"):
        PBS.submitted(said(text, program="qsub"))


@pytest.mark.parametrize(
    "error",
    [
        "qsub: Unknown queue\n",
        "qsub: Unknown resource: nosuch\n",
        "qsub: Job violates queue and/or server resource limits\n",
        "qsub: Array job exceeds server or queue size limit\n",
        "banner\nqsub: illegal -l value\nusage: qsub [-a date_time]\n",
    ],
)
def test_a_refusal_is_told_in_the_words_of_pbs(error: str) -> None:
    with pytest.raises(SubmissionRejected, match="PBS refuses it: "):
        PBS.submitted(said("", exit_code=1, error=error, program="qsub"))


@pytest.mark.parametrize(
    "error",
    [
        "qsub: cannot connect to server vm (errno=15010)\n",
        "qsub: Maximum number of jobs already in queue\n",
        "qsub: Queue is not enabled\n",
        "sh: qsub: Unknown queue",
        "",
    ],
)
def test_what_may_pass_is_an_outage(error: str) -> None:
    with pytest.raises(BackendUnavailable):
        PBS.submitted(said("", exit_code=162, error=error, program="qsub"))


@given(st.text(), st.text(), st.integers(-9, 255))
def test_any_answer_is_an_id_or_an_error(text: str, error: str, exit_code: int) -> None:
    try:
        job = PBS.submitted(said(text, exit_code=exit_code, error=error, program="qsub"))
    except (BackendError, SubmissionRejected):
        return
    assert exit_code == 0
    assert job.partition(".")[0] in text
