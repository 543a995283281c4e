"""The words that are said to Grid Engine, and what its answers to them mean."""

import subprocess
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.batch.dialect import Entry, Explaining, Order
from ganga.backends.grid_engine import queue
from ganga.backends.grid_engine.settings import Settings
from ganga.backends.grid_engine.words import GridEngine
from ganga.errors import BackendError, BackendProtocolError, BackendUnavailable, SubmissionRejected, UsageError
from ganga.model.ids import NativeId
from ganga.model.observation import Observation
from ganga.model.resources import Resources
from ganga.model.status import JobStatus
from tests.backends.grid_engine.recorded import job_list, queue_text, said

GRID_ENGINE = GridEngine(Settings())
FOLDER = PurePosixPath("/home/me/$a,b:c/batches/x")
PLAIN = ("env", "TZ=UTC", "LC_ALL=C")
ENTRY = Entry("name", Observation(status=JobStatus.RUNNING, native_status="r"))


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


@pytest.mark.parametrize(("task", "index"), [("undefined", "0"), ("1", "0"), ("9", "8"), ("10", "9"), ("", "0")])
def test_a_task_learns_its_index(task: str, index: str) -> None:
    script = f'printf %s "{GRID_ENGINE.variables.index}"'
    done = subprocess.run(["/bin/sh", "-c", script], env={"SGE_TASK_ID": task}, capture_output=True, check=True)
    assert done.stdout.decode() == index


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


def test_questions_ask_for_times_that_have_a_zone() -> None:
    ids = [NativeId("7.1"), NativeId("7.2"), NativeId("8")]
    assert GRID_ENGINE.queue().argv == (*PLAIN, "qstat", "-xml")
    assert [command.argv for command in GRID_ENGINE.queue_of(ids)] == [(*PLAIN, "qstat", "-xml", "-u", "*")]
    assert GRID_ENGINE.queue_of([]) == []
    asked = [command.argv for command in GRID_ENGINE.history_of(ids)]
    assert asked == [(*PLAIN, "qacct", "-j", "7"), (*PLAIN, "qacct", "-j", "8")]


def test_of_many_jobs_the_history_is_read_once() -> None:
    (command,) = GRID_ENGINE.history_of([NativeId(str(number)) for number in range(1, 2502)])
    assert command.argv[-2:] == ("-j", "*")
    assert 'qacct -o "$(id -un)"' in command.argv[5]


def test_reasons_are_asked_for_jobs_in_error_states_only() -> None:
    assert isinstance(GRID_ENGINE, Explaining)
    listing = queue.read(said(queue_text(job_list("7", "Eqw", "1-3"), job_list("8", "hqw"), job_list("9", "Eqw"))))
    (command,) = GRID_ENGINE.explain(listing)
    assert command.argv == (*PLAIN, "qstat", "-j", "7,9")
    assert GRID_ENGINE.explain({}) == []


def test_all_are_killed_in_one_command() -> None:
    (command,) = GRID_ENGINE.kill([NativeId("8"), NativeId("7.2"), NativeId("7.1"), NativeId("7.9")])
    assert command.argv == (*PLAIN, "qdel", "8", "7.1-2", "7.9")
    assert GRID_ENGINE.kill([]) == []
    assert len(GRID_ENGINE.kill([NativeId(str(number)) for number in range(1, 2502)])) == 3


def test_jobs_that_are_gone_need_no_end() -> None:
    gone = 'denied: job "99" does not exist\nroot has registered the job 5 for deletion\n'
    GRID_ENGINE.killed(said(gone, exit_code=1, program="qdel"))
    GRID_ENGINE.killed(said("job 5 is already in deletion\n", program="qdel"))
    for text in (f"{gone}eve - you do not have the necessary privileges to delete the job 7\n", "commlib error", ""):
        with pytest.raises(BackendUnavailable):
            GRID_ENGINE.killed(said(text, exit_code=1, program="qdel"))


@pytest.mark.parametrize(
    ("reference", "queue_end", "history_end"),
    [
        ("7", ("-u", "*"), ("qacct", "-j", "7")),
        ("7.1-3", ("-u", "*"), ("qacct", "-j", "7")),
        ("name:a b", ("qstat", "-xml"), ("-d", "7", "-j", "a b")),
        ("user:eve", ("-u", "eve"), ("-o", "eve", "-d", "7", "-j", "*")),
    ],
)
def test_what_a_person_calls_jobs_is_understood(
    reference: str, queue_end: tuple[str, ...], history_end: tuple[str, ...]
) -> None:
    inquiry = GRID_ENGINE.inquiry(reference)
    assert inquiry.history is not None
    assert inquiry.queue.argv[-2:] == queue_end
    assert inquiry.history.argv[-len(history_end) :] == history_end


def test_of_what_is_told_only_what_is_meant_counts() -> None:
    other = ENTRY._replace(name="other")
    assert GRID_ENGINE.inquiry("7").means(NativeId("7.3"), ENTRY)
    assert not GRID_ENGINE.inquiry("7").means(NativeId("77"), ENTRY)
    assert not GRID_ENGINE.inquiry("7.1-2").means(NativeId("7.3"), ENTRY)
    assert GRID_ENGINE.inquiry("name:name").means(NativeId("7"), ENTRY)
    assert not GRID_ENGINE.inquiry("name:name").means(NativeId("7"), other)
    assert GRID_ENGINE.inquiry("user:eve").means(NativeId("7"), other)


@pytest.mark.parametrize(
    "reference", ["", "x", "name:", "user:", "job:7", "7;rm", "--help", "name:*", "name:-x", "name:12", "user:*,x"]
)
def test_other_words_mean_no_job(reference: str) -> None:
    with pytest.raises(UsageError, match="expected such as 12"):
        GRID_ENGINE.inquiry(reference)
