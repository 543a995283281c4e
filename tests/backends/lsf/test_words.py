"""The words that are said to LSF, and what its answers to them mean."""

import subprocess

import pytest

from ganga.backends.batch.dialect import Entry
from ganga.backends.lsf.settings import Settings
from ganga.backends.lsf.words import Lsf
from ganga.errors import BackendUnavailable, UsageError
from ganga.model.ids import NativeId
from ganga.model.observation import Observation
from ganga.model.status import JobStatus
from tests.backends.lsf.documented import WAITING, said

LSF = Lsf(Settings())
ASKED = ("env", "LC_ALL=C", "bjobs", "-a", "-json", "-o", "jobid jobindex stat exit_code exit_reason job_name")
WRITTEN = ("env", "LC_ALL=C", "bhist", "-n", "0", "-l", "-u", "all")
IDS = [NativeId("7[1]"), NativeId("7[2]"), NativeId("8")]
ENTRY = Entry("name", Observation(status=JobStatus.RUNNING, native_status="RUN"))


@pytest.mark.parametrize(("task", "index"), [("0", "0"), ("1", "0"), ("9", "8"), ("10", "9"), ("", "0")])
def test_a_task_learns_its_index(task: str, index: str) -> None:
    script = f'printf %s "{LSF.variables.index}"'
    done = subprocess.run(["/bin/sh", "-c", script], env={"LSB_JOBINDEX": task}, capture_output=True, check=True)
    assert done.stdout.decode() == index


def test_questions() -> None:
    assert LSF.queue().argv == ASKED
    assert [command.argv for command in LSF.queue_of(IDS)] == [(*ASKED, "-u", "all", "7", "8")]
    assert [command.argv for command in LSF.history_of(IDS)] == [(*WRITTEN, "7", "8")]
    assert (LSF.queue_of([]), LSF.history_of([])) == ([], [])


def test_jobs_are_killed_by_their_own_ids() -> None:
    (command,) = LSF.kill(IDS)
    assert command.argv == ("env", "LC_ALL=C", "bkill", "7[1]", "7[2]", "8")
    assert LSF.kill([]) == []
    assert len(LSF.kill([NativeId(str(number)) for number in range(1, 2502)])) == 3


def test_jobs_that_are_gone_need_no_end() -> None:
    gone = f"{WAITING}Job <7>: Job has already finished\nJob <8>: No matching job found\nJob <9> is being terminated\n"
    LSF.killed(said(gone, exit_code=255, program="bkill"))
    LSF.killed(said("Job <9> is being terminated\n", program="bkill"))
    for text in (f"{gone}Job <5>: User permission denied\n", WAITING, ""):
        with pytest.raises(BackendUnavailable):
            LSF.killed(said(text, exit_code=255, program="bkill"))


@pytest.mark.parametrize(
    ("reference", "queue_end", "history_end"),
    [
        ("7", ("-u", "all", "7"), ("7",)),
        ("7[1-3]", ("-u", "all", "7"), ("7",)),
        ("name:a b", (), None),
        ("user:eve", ("-u", "eve"), None),
    ],
)
def test_what_a_person_calls_jobs_is_understood(
    reference: str, queue_end: tuple[str, ...], history_end: tuple[str, ...] | None
) -> None:
    inquiry = LSF.inquiry(reference)
    assert inquiry.queue.argv == (*ASKED, *queue_end)
    assert (inquiry.history and inquiry.history.argv) == (history_end and (*WRITTEN, *history_end))


def test_of_what_is_told_only_what_is_meant_counts() -> None:
    assert LSF.inquiry("7").means(NativeId("7[3]"), ENTRY)
    assert not LSF.inquiry("7").means(NativeId("77"), ENTRY)
    assert not LSF.inquiry("7[1-2]").means(NativeId("7[3]"), ENTRY)
    assert LSF.inquiry("name:name").means(NativeId("7"), ENTRY)
    assert not LSF.inquiry("name:name").means(NativeId("7"), ENTRY._replace(name="other"))
    assert LSF.inquiry("user:eve").means(NativeId("7"), ENTRY)


@pytest.mark.parametrize(
    "reference", ["", "x", "0", "name:", "user:", "user:all", "job:7", "7;rm", "--help", "name:*", "name:-x", "7[0]"]
)
def test_other_words_mean_no_job(reference: str) -> None:
    with pytest.raises(UsageError, match="expected such as 12"):
        LSF.inquiry(reference)
