"""The words of `bsub`, and what its answers mean."""

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.batch.dialect import Order
from ganga.backends.lsf.settings import Settings
from ganga.backends.lsf.words import Lsf
from ganga.errors import BackendError, BackendProtocolError, BackendUnavailable, SubmissionRejected
from ganga.model.resources import Resources
from tests.backends.lsf.documented import WAITING, said

LSF = Lsf(Settings())
FOLDER = PurePosixPath("/home/me/a b/batches/x")
SUBMITTED = "Job <123> is submitted to queue <normal>.\n"


def words(wish: Resources, dialect: Lsf = LSF, tasks: int | None = None) -> tuple[str, ...]:
    return dialect.submit(Order("ganga-1-1.x", b"#!/bin/sh\n", tasks, wish, FOLDER, FOLDER / "log")).argv


def test_a_job_is_submitted_in_the_words_of_lsf() -> None:
    command = LSF.submit(Order("ganga-1-1.x", b"#!/bin/sh\n", None, Resources(), FOLDER, FOLDER / "log"))
    assert (command.name, command.stdin) == ("bsub", b"#!/bin/sh\n")
    assert command.argv == (
        *("env", "--unset=BSUB_QUIET", "bsub", "-J", "ganga-1-1.x"),
        *("-cwd", "/home/me/a b/batches/x", "-o", "/home/me/a b/batches/x/log"),
    )


def test_subjobs_are_an_array() -> None:
    assert words(Resources(), tasks=7)[3:5] == ("-J", "ganga-1-1.x[1-7]")


def test_what_a_job_needs_is_said_with_units_and_rounded_up() -> None:
    wish = Resources(
        processors=4, memory=2**31 + 1, time=5430, queue="long", project="atlas", gpus=2, native=("-R 'select[ib]'",)
    )
    assert LSF.refusal(wish) is None
    assert words(wish)[9:] == (
        *("-R", "select[ib]", "-n", "4", "-R", "span[hosts=1]", "-M", "2049MB", "-R", "rusage[mem=2049MB]"),
        *("-W", "91", "-gpu", "num=2", "-q", "long", "-P", "atlas"),
    )


def test_the_settings_of_the_target_stand_behind_those_of_the_job() -> None:
    dialect = Lsf(Settings(queue="short", project="cms", native=("-sla x",)))
    assert words(Resources(queue="long", native=("-sla y",)), dialect)[9:] == (
        *("-sla", "x", "-sla", "y", "-q", "long", "-P", "cms"),
    )


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        (Resources(image="a.sif"), "image"),
        (Resources(native=("script.sh",)), "'script.sh' is no option of bsub"),
        (Resources(native=("-J 'x",)), "no option"),
        (Resources(queue="-x"), "no name of a queue"),
    ],
)
def test_what_lsf_has_no_word_for_is_refused(wish: Resources, why: str) -> None:
    assert why in (LSF.refusal(wish) or "")


@pytest.mark.parametrize(
    "text",
    [
        SUBMITTED,
        "Job <123> is submitted to default queue <normal>.\n",
        f"{WAITING}Generic job.\n{SUBMITTED}",
        f"Job <7> is something else\n{SUBMITTED}Thank you\n",
    ],
)
def test_the_number_of_the_job_is_read(text: str) -> None:
    assert LSF.submitted(said(text, program="bsub")) == "123"


@pytest.mark.parametrize("text", ["", "123\n", "Job <0> is submitted to queue <normal>.\n", "Job not submitted.\n"])
def test_an_answer_without_a_number_is_an_error(text: str) -> None:
    with pytest.raises(BackendProtocolError, match="the number of the job"):
        LSF.submitted(said(text, program="bsub"))


@pytest.mark.parametrize(
    ("error", "why"),
    [
        ("nosuch: No such queue. Job not submitted.\n", "nosuch: No such queue"),
        ("Request aborted by esub. Job not submitted.\n", "Request aborted by esub"),
        ("Too many processors requested. Job not submitted.\n", "Too many processors requested"),
        ("Welcome\nBad resource requirement syntax. Job not submitted.\n", "Bad resource requirement syntax"),
    ],
)
def test_a_refusal_is_told_in_lsfs_own_words(error: str, why: str) -> None:
    with pytest.raises(SubmissionRejected, match=f"^LSF refuses it: {why}$"):
        LSF.submitted(said("", exit_code=255, error=error, program="bsub"))


@pytest.mark.parametrize(
    "error",
    [
        WAITING,
        "Failed in an LSF library call: Communication time out. Job not submitted.\n",
        "batch daemon not responding. Job not submitted.\n",
        "Pending job threshold reached. Job not submitted.\n",
        "something else\n",
        "",
    ],
)
def test_what_is_not_the_jobs_fault_is_an_outage(error: str) -> None:
    with pytest.raises(BackendUnavailable):
        LSF.submitted(said("", exit_code=255, error=error, program="bsub"))


@given(st.text(), st.text(), st.integers(-9, 255))
def test_any_answer_is_a_number_or_an_error(text: str, error: str, exit_code: int) -> None:
    try:
        job = LSF.submitted(said(text, exit_code=exit_code, error=error, program="bsub"))
    except (BackendError, SubmissionRejected):
        return
    assert exit_code == 0
    assert job in text
