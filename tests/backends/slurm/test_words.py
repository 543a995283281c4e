"""The words that are said to Slurm, and what its answers to them mean."""

import re
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.batch.dialect import Order
from ganga.backends.batch.shell import Reply
from ganga.backends.slurm.settings import Settings
from ganga.backends.slurm.words import Slurm
from ganga.errors import BackendError, BackendProtocolError, BackendUnavailable, SubmissionRejected, UsageError
from ganga.model.ids import NativeId
from ganga.model.resources import Resources
from tests.backends.slurm.recorded import VERSIONS, recorded, said

SLURM = Slurm(Settings())
FOLDER = PurePosixPath("/home/me/100%/batches/x")


def words(resources: Resources, slurm: Slurm = SLURM, tasks: int | None = None) -> tuple[str, ...]:
    order = Order("ganga-1-1.x", b"#!/bin/sh\n", tasks, resources, FOLDER, FOLDER / "log")
    return slurm.submit(order).argv


def test_a_job_is_submitted_in_the_words_of_slurm() -> None:
    order = Order("ganga-1-1.x", b"#!/bin/sh\n", None, Resources(), FOLDER, FOLDER / "log")
    command = SLURM.submit(order)
    assert command.stdin == b"#!/bin/sh\n"
    assert command.argv == (
        "sbatch",
        "--parsable",
        "--job-name=ganga-1-1.x",
        "--chdir=/home/me/100%/batches/x",
        "--output=/home/me/100%%/batches/x/log",
        "--open-mode=append",
    )


def test_subjobs_are_an_array() -> None:
    assert words(Resources(), tasks=7)[-1] == "--array=0-6"


def test_what_a_job_needs_is_said_and_rounded_up() -> None:
    wish = Resources(
        processors=4, memory=2**31 + 1, time=5430, queue="long", project="atlas", gpus=2, native=("--qos=x", "-v")
    )
    assert words(wish)[6:] == (
        *("--nodes=1", "--ntasks=1", "--cpus-per-task=4", "--mem=2097153K", "--time=90:30"),
        *("--partition=long", "--account=atlas", "--gres=gpu:2", "--qos=x", "-v"),
    )


def test_the_settings_of_the_target_stand_behind_those_of_the_job() -> None:
    slurm = Slurm(Settings(queue="short", project="cms", native=("--qos=y",), cluster="far"))
    assert words(Resources(queue="long", native=("--qos=z",)), slurm)[6:] == (
        *("--clusters=far", "--partition=long", "--account=cms", "--qos=y", "--qos=z"),
    )
    assert "--clusters=far" in slurm.queue().argv
    assert "--clusters=far" in slurm.kill([NativeId("7")])[0].argv


def test_what_slurm_has_no_word_for_is_refused() -> None:
    assert SLURM.refusal(Resources(memory=1, gpus=1, native=("--x",))) is None
    assert "image" in (SLURM.refusal(Resources(image="a.sif")) or "")
    assert "'script.sh' is no option" in (SLURM.refusal(Resources(native=("script.sh",))) or "")


@pytest.mark.parametrize("text", ["123\n", "123;far\n", "Welcome!\n123\n"])
def test_the_number_of_the_job_is_read(text: str) -> None:
    assert SLURM.submitted(said(text, program="sbatch")) == "123"


@pytest.mark.parametrize("text", ["", "Submitted batch job\n", "12 34x\n", "0\n"])
def test_an_answer_without_a_number_is_an_error(text: str) -> None:
    with pytest.raises(BackendProtocolError, match="the number of the job"):
        SLURM.submitted(said(text, program="sbatch"))


def refusals(version: str) -> list[Reply]:
    found = re.findall(r"^== .*\n([^=]*?)^rc ([1-9][0-9]*)$", recorded(version, "sbatch-refusals"), re.MULTILINE)
    return [said("", exit_code=int(code), error=text, program="sbatch") for text, code in found]


@pytest.mark.parametrize("reply", [reply for version in VERSIONS for reply in refusals(version)])
def test_a_refusal_is_told_in_slurms_own_words(reply: Reply) -> None:
    with pytest.raises(SubmissionRejected, match="Slurm refuses it: "):
        SLURM.submitted(reply)


def test_there_are_recorded_refusals() -> None:
    assert [len(refusals(version)) for version in VERSIONS] == [7, 7, 9, 7]


@pytest.mark.parametrize(
    "error",
    [
        "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)",
        "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation",
        "sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying",
        "sbatch: error: Batch job submission failed: Slurm temporarily unable to accept job, sleeping and retrying",
        "sbatch: error: Batch job submission failed: Zero Bytes were transmitted or received",
        "sbatch: error: Batch job submission failed: Protocol authentication error",
        "sbatch: error: If munged is up, restart with --num-threads=10",
        "bash: sbatch: something else",
        "",
    ],
)
def test_what_is_not_the_jobs_fault_is_an_outage(error: str) -> None:
    with pytest.raises(BackendUnavailable):
        SLURM.submitted(said("", exit_code=1, error=error, program="sbatch"))


@given(st.text(), st.text(), st.integers(-9, 255))
def test_any_answer_is_a_number_or_an_error(text: str, error: str, exit_code: int) -> None:
    try:
        job = SLURM.submitted(said(text, exit_code=exit_code, error=error, program="sbatch"))
    except (BackendError, SubmissionRejected):
        return
    assert exit_code == 0
    assert job in text


def test_questions_ask_for_times_that_have_a_zone() -> None:
    ids = [NativeId("7_1"), NativeId("7_2"), NativeId("8")]
    for command in (SLURM.queue(), *SLURM.queue_of(ids), *SLURM.history_of(ids)):
        assert command.argv[:3] == ("env", "SLURM_TIME_FORMAT=%s", "SLURM_BITSTR_LEN=0")
    assert SLURM.queue().argv[-1] == "--me"
    assert SLURM.queue_of(ids)[0].argv[-1] == SLURM.history_of(ids)[0].argv[-1] == "--jobs=7,8"


def test_no_line_gets_too_long() -> None:
    ids = [NativeId(str(number)) for number in range(1, 2502)]
    assert [len(command.argv[-1].split(",")) for command in SLURM.history_of(ids)] == [1000, 1000, 501]
    assert SLURM.queue_of([]) == []


def test_all_are_killed_in_one_command() -> None:
    (command,) = SLURM.kill([NativeId("8"), NativeId("7_2"), NativeId("7_1")])
    assert command.argv == ("scancel", "8", "7_[1-2]")
    assert SLURM.kill([]) == []


def test_jobs_that_are_gone_need_no_end() -> None:
    gone = "scancel: error: Kill job error on job id 42_1: Job/step already completing or completed\n"
    SLURM.killed(said("", exit_code=1, error=gone, program="scancel"))
    SLURM.killed(said("", program="scancel"))
    for error in (f"{gone}scancel: error: Access/permission denied", "Unable to contact slurm controller", ""):
        with pytest.raises(BackendUnavailable):
            SLURM.killed(said("", exit_code=1, error=error, program="scancel"))


@pytest.mark.parametrize(
    ("reference", "asked"),
    [("7", "--jobs=7"), ("7_[1-3]", "--jobs=7_[1-3]"), ("name:a b", "--name=a b"), ("user:eve", "--user=eve")],
)
def test_what_a_person_calls_jobs_is_understood(reference: str, asked: str) -> None:
    inquiry = SLURM.inquiry(reference)
    assert asked in inquiry.queue.argv
    assert inquiry.history is not None
    assert asked in inquiry.history.argv


@pytest.mark.parametrize("reference", ["", "x", "name:", "user:", "job:7", "7;rm", "--help"])
def test_other_words_mean_no_job(reference: str) -> None:
    with pytest.raises(UsageError, match="expected such as 12"):
        SLURM.inquiry(reference)


def test_a_token_in_the_environment_is_not_for_commands_and_jobs() -> None:
    slurm = Slurm(Settings(rest_url="http://localhost:6820"))
    commands = [slurm.queue(), *slurm.kill([NativeId("7")]), *slurm.history_of([NativeId("7")])]
    assert all(command.argv[:2] == ("env", "--unset=SLURM_JWT") for command in commands)
    assert [command.name for command in commands] == ["squeue", "scancel", "sacct"]
    with_file = Slurm(Settings(rest_url="http://localhost:6820", token_file=str(PurePosixPath("/token"))))
    assert "env" not in with_file.kill([NativeId("7")])[0].argv


def test_a_federation_is_told_by_its_name() -> None:
    dialect = Slurm(Settings())
    assert dialect.federation().argv == ("env", "scontrol", "show", "federation")
    told = "Federation: union\nSelf:       test:127.0.0.1:60271 ID:1 FedState:ACTIVE Features:\n"
    assert dialect.read_federation(said(told)) == "union"
    assert dialect.read_federation(said("Welcome\n")) is None
    assert dialect.read_federation(said(told, exit_code=1)) is None
