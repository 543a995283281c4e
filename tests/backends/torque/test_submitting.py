"""The words of `qsub`, and what its answers mean: as documented, and as others have published them."""

import shlex
import subprocess
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.batch.dialect import Order
from ganga.backends.torque.over_slurm import OverSlurm
from ganga.backends.torque.settings import Settings
from ganga.backends.torque.words import Torque
from ganga.errors import BackendError, BackendProtocolError, BackendUnavailable, SubmissionRejected
from ganga.model.resources import Resources
from tests.backends.torque.documented import said

DIALECT = Torque(Settings())
OVER_SLURM = OverSlurm(Settings(commands="slurm"))
SCRIPT = b"#!/bin/sh\n"
FOLDER = PurePosixPath("/home/me/$a b/100%/x")
EVERYTHING = Resources(processors=4, memory=2**31 + 1, time=5430, queue="long", project="atlas", gpus=2)
NEEDS = ("-l", "nodes=1:ppn=4:gpus=2,mem=2049mb,walltime=5430", "-q", "long", "-A", "atlas")


def order(wish: Resources, tasks: int | None = None) -> Order:
    return Order("ganga-1-1.x", SCRIPT, tasks, wish, FOLDER, FOLDER / "log")


def words(wish: Resources, dialect: Torque = DIALECT, tasks: int | None = None) -> tuple[str, ...]:
    """Those behind the words of every job."""
    return dialect.submit(order(wish, tasks)).argv[11:]


def test_a_job_is_submitted_in_the_words_of_torque() -> None:
    command = DIALECT.submit(order(Resources()))
    assert command.stdin == SCRIPT
    assert command.argv == (
        *("env", "LC_ALL=C", "qsub", "-S", "/bin/sh", "-N", "ganga-1-1.x"),
        *("-o", "/home/me/$a b/100%/x/log", "-j", "oe"),
    )
    assert words(Resources(), tasks=7) == ("-t", "0-6")


def test_what_a_job_needs_is_said_in_one_list() -> None:
    assert DIALECT.refusal(EVERYTHING) is None
    assert words(EVERYTHING) == NEEDS
    assert words(Resources(memory=1, native=("-l a=b", "-V"))) == ("-l", "a=b", "-V", "-l", "mem=1mb")
    assert words(Resources(gpus=1)) == ("-l", "nodes=1:gpus=1")


def test_the_settings_of_the_target_stand_behind_those_of_the_job() -> None:
    dialect = Torque(Settings(queue="short", project="cms", native=("-l x=1",)))
    assert words(Resources(queue="long", native=("-l x=2",)), dialect) == (
        *("-l", "x=1", "-l", "x=2", "-q", "long", "-A", "cms"),
    )


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        (Resources(image="a.sif"), "Torque cannot be asked for image"),
        (Resources(native=("-l 'a",)), "is no option of qsub"),
        (Resources(native=("script.sh",)), "'script.sh' is no option of qsub"),
        (Resources(project="-x"), "no name of a queue or a project"),
    ],
)
def test_what_torque_has_no_word_for_is_refused(wish: Resources, why: str) -> None:
    assert why in (DIALECT.refusal(wish) or "")
    assert why in (OVER_SLURM.refusal(wish) or "")


def test_the_words_for_the_wrapper_stay_words_in_the_shell_that_it_hands_them_to() -> None:
    """The wrapper joins them by blanks."""
    wish = Resources(native=("-v 'A=$(reboot)'",), queue="a;b")
    command = OVER_SLURM.submit(order(wish))
    assert (command.stdin, command.name) == (SCRIPT, "sh")
    assert command.argv[:6] == ("env", "LC_ALL=C", "sh", "-c", 'cat | qsub "$@" /dev/stdin', "qsub")
    assert shlex.split(" ".join(command.argv[6:])) == [
        *("-N", "ganga-1-1.x", "-o", "/home/me/$a b/100%%/x/log", "-j", "oe", "-v", "A=$(reboot)", "-q", "a;b"),
    ]
    assert OVER_SLURM.submit(order(EVERYTHING)).argv[12:] == NEEDS


def test_the_script_goes_to_the_wrapper_through_a_pipe() -> None:
    fake = 'qsub() { for last do :; done; cat "$last"; }\n'
    argv = OVER_SLURM.submit(order(Resources())).argv
    done = subprocess.run([*argv[2:4], fake + argv[4], *argv[5:]], input=SCRIPT, capture_output=True, check=True)
    assert done.stdout == SCRIPT


def test_a_second_list_would_be_the_only_one_for_the_wrapper() -> None:
    for wish in (Resources(time=1, native=("-lmem=1gb",)), Resources(native=("-l a=1", "-l b=2"))):
        assert "one -l only" in (OVER_SLURM.refusal(wish) or "")
        assert DIALECT.refusal(wish) is None
    assert OVER_SLURM.refusal(Resources(queue="q", native=("-l a=1",))) is None
    assert "one -l only" in (OverSlurm(Settings(native=("-l x=1",))).refusal(Resources(time=1)) or "")


@pytest.mark.parametrize("text", ["123.vm\n", "123[].vm\n", "Welcome!\n123.vm\n"])
def test_the_id_of_the_job_is_read(text: str) -> None:
    assert DIALECT.submitted(said(text, program="qsub")) == "123.vm"
    assert OVER_SLURM.submitted(said("Welcome!\n123\n", program="qsub")) == "123"


@pytest.mark.parametrize("text", ["", "Your job has been submitted\n", "123[1].vm\n"])
def test_an_answer_without_an_id_is_an_error(text: str) -> None:
    for dialect in (DIALECT, OVER_SLURM):
        with pytest.raises(BackendProtocolError, match="of the job"):
            dialect.submitted(said(text, program="qsub"))


@pytest.mark.parametrize(
    "error",
    [
        "qsub: submit error (Unknown queue MSG=requested queue not found)\n",
        "qsub: Job exceeds queue resource limits MSG=cannot satisfy queue max walltime requirement\n",
        "qsub: submit error (Bad UID for job execution MSG=ruserok failed)\n",
        "banner\nqsub: illegal -l value\nusage: qsub [-a date_time]\n",
    ],
)
def test_a_refusal_is_told_in_the_words_of_torque(error: str) -> None:
    with pytest.raises(SubmissionRejected, match="Torque refuses it: "):
        DIALECT.submitted(said("", exit_code=188, error=error, program="qsub"))


def wrapped(error: str) -> str:
    return (
        "There was an error running the Slurm sbatch command.\nThe command was:\n'/usr/bin/sbatch -J x 2>&1'\n"
        f"and the output was:\n'sbatch: error: {error}\n'\n"
    )


def test_a_refusal_of_slurm_is_told_in_its_words() -> None:
    for why in (
        "Batch job submission failed: Invalid partition name specified",
        "Batch job submission failed: Requested node configuration is not available",
        "invalid partition specified: x",
    ):
        with pytest.raises(SubmissionRejected, match=f"Slurm refuses it: {why}"):
            OVER_SLURM.submitted(said(wrapped(why), exit_code=1, program="qsub"))


@pytest.mark.parametrize(
    "error",
    [
        "qsub: submit error (Pbs Server is currently too busy to service this request)\n",
        "qsub: submit error (Maximum number of jobs already in queue MSG=total number of jobs exceeds the limit)",
        "sh: qsub: Unknown queue",
        wrapped("Batch job submission failed: Unable to contact slurm controller (connect failure)"),
        wrapped("Batch job submission failed: Invalid job credential"),
        "",
    ],
)
def test_what_may_pass_is_an_outage(error: str) -> None:
    for dialect in (DIALECT, OVER_SLURM):
        with pytest.raises(BackendUnavailable):
            dialect.submitted(said(error, exit_code=1, error=error, program="qsub"))


@given(st.text(), st.text(), st.integers(-9, 255) | st.just(0))
def test_any_answer_is_an_id_or_an_error(text: str, error: str, exit_code: int) -> None:
    for dialect in (DIALECT, OVER_SLURM):
        try:
            job = dialect.submitted(said(text, exit_code=exit_code, error=error, program="qsub"))
        except (BackendError, SubmissionRejected):
            continue
        assert exit_code == 0
        assert job.partition(".")[0] in text
