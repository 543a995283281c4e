"""The words that are said to Grid Engine, and what its answers to them mean."""

import subprocess

import pytest

from ganga.backends.batch.dialect import Entry, Explaining
from ganga.backends.grid_engine import queue
from ganga.backends.grid_engine.settings import Settings
from ganga.backends.grid_engine.words import GridEngine
from ganga.errors import BackendUnavailable, UsageError
from ganga.model.ids import NativeId
from ganga.model.observation import Observation
from ganga.model.status import JobStatus
from tests.backends.grid_engine.recorded import job_list, queue_text, said

GRID_ENGINE = GridEngine(Settings())
PLAIN = ("env", "TZ=UTC", "LC_ALL=C")
ENTRY = Entry("name", Observation(status=JobStatus.RUNNING, native_status="r"))


@pytest.mark.parametrize(("task", "index"), [("undefined", "0"), ("1", "0"), ("9", "8"), ("10", "9"), ("", "0")])
def test_a_task_learns_its_index(task: str, index: str) -> None:
    script = f'printf %s "{GRID_ENGINE.variables.index}"'
    done = subprocess.run(["/bin/sh", "-c", script], env={"SGE_TASK_ID": task}, capture_output=True, check=True)
    assert done.stdout.decode() == index


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
