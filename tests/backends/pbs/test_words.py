"""The words that are said to PBS, and what its answers to them mean."""

import subprocess

import pytest

from ganga.backends.batch.dialect import Entry
from ganga.backends.pbs.settings import Settings
from ganga.backends.pbs.words import Pbs
from ganga.errors import BackendUnavailable, UsageError
from ganga.model.ids import NativeId
from ganga.model.observation import Observation
from ganga.model.status import JobStatus
from tests.backends.pbs.recorded import said

PBS = Pbs(Settings())
ASK = ("env", "LC_ALL=C", "qstat", "-t", "-f", "-F", "json")
ENTRY = Entry("name", Observation(status=JobStatus.RUNNING, native_status="R"), "eve")


@pytest.mark.parametrize(
    ("environment", "place"),
    [
        ({"PBS_JOBID": "7.vm"}, "0 7.vm"),
        ({"PBS_JOBID": "7[0].vm", "PBS_ARRAY_INDEX": "0"}, "0 7.vm"),
        ({"PBS_JOBID": "7[12].vm.example.org", "PBS_ARRAY_INDEX": "12"}, "12 7.vm.example.org"),
    ],
)
def test_a_task_learns_who_it_is(environment: dict[str, str], place: str) -> None:
    script = f'printf "%s %s" "{PBS.variables.index}" "{PBS.variables.job}"'
    done = subprocess.run(["/bin/sh", "-c", script], env=environment, capture_output=True, check=True)
    assert done.stdout.decode() == place
    told = PBS.place(NativeId(environment["PBS_JOBID"]))
    assert told is not None
    assert f"{told.task} {told.job}" == place


def test_the_queue_is_asked_for_all_jobs_and_the_history_for_each() -> None:
    ids = [NativeId("7[1].vm"), NativeId("7[2].vm"), NativeId("8.vm")]
    assert PBS.queue().argv == ASK
    assert PBS.queue_of(ids) == []
    assert [command.argv for command in PBS.history_of(ids)] == [(*ASK, "-x", "7[].vm"), (*ASK, "-x", "8.vm")]
    assert PBS.history_of([]) == []


def test_of_many_jobs_the_history_is_read_once() -> None:
    (command,) = PBS.history_of([NativeId(f"{number}.vm") for number in range(1, 100)])
    assert command.argv == (*ASK, "-x")


def test_all_are_killed_in_one_command() -> None:
    (command,) = PBS.kill([NativeId("8.vm"), NativeId("7[2].vm"), NativeId("8.vm")])
    assert command.argv == ("env", "LC_ALL=C", "qdel", "8.vm", "7[2].vm")
    assert PBS.kill([]) == []
    assert len(PBS.kill([NativeId(f"{number}.vm") for number in range(1, 2502)])) == 3


def test_jobs_that_are_gone_need_no_end() -> None:
    gone = "qdel: Unknown Job Id 9.vm\nqdel: Job has finished 8.vm\n"
    PBS.killed(said("", program="qdel"))
    PBS.killed(said("", exit_code=153, error=f"motd\n{gone}", program="qdel"))
    for text in (f"{gone}qdel: Unauthorized Request  7.vm\n", "qdel: cannot connect to server vm (errno=15010)", ""):
        with pytest.raises(BackendUnavailable):
            PBS.killed(said("", exit_code=153, error=text, program="qdel"))


@pytest.mark.parametrize(
    ("reference", "history_end"),
    [
        ("7", ("-x", "7")),
        ("7[1-3].vm", ("-x", "7[].vm")),
        ("name:a b", ("-x",)),
        ("user:eve", ("-x",)),
    ],
)
def test_what_a_person_calls_jobs_is_understood(reference: str, history_end: tuple[str, ...]) -> None:
    inquiry = PBS.inquiry(reference)
    assert inquiry.history is not None
    assert inquiry.queue.argv == ASK
    assert inquiry.history.argv == (*ASK, *history_end)


def test_of_what_is_told_only_what_is_meant_counts() -> None:
    other = ENTRY._replace(name="other", owner="adam")
    assert PBS.inquiry("7").means(NativeId("7[3].vm"), other)
    assert not PBS.inquiry("7").means(NativeId("77.vm"), ENTRY)
    assert not PBS.inquiry("7[1-2]").means(NativeId("7[3].vm"), ENTRY)
    assert PBS.inquiry("name:name").means(NativeId("7.vm"), ENTRY)
    assert not PBS.inquiry("name:name").means(NativeId("7.vm"), other)
    assert PBS.inquiry("user:eve").means(NativeId("7.vm"), ENTRY)
    assert not PBS.inquiry("user:eve").means(NativeId("7.vm"), other)


@pytest.mark.parametrize("reference", ["", "x", "name:", "user:", "job:7", "7;rm", "--help", "user:*,x", "7[1-]"])
def test_other_words_mean_no_job(reference: str) -> None:
    with pytest.raises(UsageError, match="expected such as 12"):
        PBS.inquiry(reference)
