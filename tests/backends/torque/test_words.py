"""The words that are said to Torque and to Slurm's wrappers, and what the answers to them mean."""

import subprocess

import pytest

from ganga.backends.batch.dialect import Entry, Place
from ganga.backends.torque.over_slurm import OverSlurm
from ganga.backends.torque.settings import Settings
from ganga.backends.torque.words import Torque
from ganga.errors import BackendUnavailable, UsageError
from ganga.model.ids import NativeId
from ganga.model.observation import Observation
from ganga.model.status import JobStatus
from tests.backends.torque.documented import said

DIALECT = Torque(Settings())
OVER_SLURM = OverSlurm(Settings(commands="slurm"))
ENTRY = Entry("name", Observation(status=JobStatus.RUNNING, native_status="R"), "eve")
SEVEN, EIGHT = NativeId("7[1].vm"), NativeId("8.vm")


@pytest.mark.parametrize(
    ("dialect", "environment", "place"),
    [
        (DIALECT, {"PBS_JOBID": "7.vm"}, "0  7.vm"),
        (DIALECT, {"PBS_JOBID": "7[12].vm.example.org", "PBS_ARRAYID": "12"}, "12  7.vm.example.org"),
        (OVER_SLURM, {"SLURM_JOB_ID": "7"}, "0 0 7"),
        (OVER_SLURM, {"SLURM_JOB_ID": "7", "SLURM_RESTART_COUNT": "2"}, "0 2 7"),
    ],
)
def test_a_task_learns_who_it_is(dialect: Torque, environment: dict[str, str], place: str) -> None:
    told = dialect.variables
    script = f'printf "%s %s %s" "{told.index}" "{told.restart}" "{told.job}"'
    done = subprocess.run(["/bin/sh", "-c", script], env=environment, capture_output=True, check=True)
    assert done.stdout.decode() == place


def test_ids_lead_to_places_and_back() -> None:
    assert DIALECT.place(SEVEN) == Place("7.vm", 1)
    assert DIALECT.native_id("7.vm", 1) == SEVEN
    assert OVER_SLURM.place(NativeId("7")) == Place("7", 0)
    assert OVER_SLURM.native_id("7", None) == "7"
    assert [OVER_SLURM.place(text) for text in (SEVEN, NativeId("07"), NativeId("7/.."))] == [None] * 3
    assert (DIALECT.largest_array > 1000, OVER_SLURM.largest_array) == (True, 1)
    assert (DIALECT.name, OVER_SLURM.name) == ("Torque", "Slurm, by the words of Torque")


def test_one_question_tells_of_all_jobs() -> None:
    assert (DIALECT.queue().argv[-3:], DIALECT.queue().name) == (("qstat", "-t", "-f"), "qstat")
    assert OVER_SLURM.queue().argv == ("env", "LC_ALL=C", "qstat", "-f")
    for dialect in (DIALECT, OVER_SLURM):
        assert dialect.queue_of([EIGHT]) == []
        assert dialect.history_of([SEVEN, EIGHT]) == [dialect.queue()]
        assert dialect.history_of([]) == []


def test_all_are_killed_in_one_command() -> None:
    (command,) = DIALECT.kill([EIGHT, SEVEN, EIGHT])
    assert command.argv == ("env", "LC_ALL=C", "qdel", "8.vm", "7[1].vm")


def test_jobs_that_are_gone_need_no_end() -> None:
    gone = (
        "qdel: Unknown Job Id 9.vm\nqdel: Request invalid for state of job MSG=invalid state for job - COMPLETE 8.vm\n"
    )
    DIALECT.killed(said("", program="qdel"))
    DIALECT.killed(said("", exit_code=170, error=gone, program="qdel"))
    for text in (f"{gone}qdel: Unauthorized Request  7.vm\n", ""):
        with pytest.raises(BackendUnavailable):
            DIALECT.killed(said("", exit_code=170, error=text, program="qdel"))


def test_the_wrapper_says_nothing_of_jobs_that_are_gone() -> None:
    OVER_SLURM.killed(said("", exit_code=2, program="qdel"))
    with pytest.raises(BackendUnavailable):
        OVER_SLURM.killed(said("", exit_code=-9, program="qdel"))
    with pytest.raises(BackendUnavailable, match="Unable to contact"):
        OVER_SLURM.killed(said("qdel: Kill job error on job id 7: Unable to contact", exit_code=1, program="qdel"))


def test_what_a_person_calls_jobs_is_understood() -> None:
    inquiry = DIALECT.inquiry("7[1-2]")
    assert (inquiry.queue, inquiry.history) == (DIALECT.queue(), DIALECT.queue())
    assert inquiry.means(SEVEN, ENTRY)
    assert not inquiry.means(NativeId("7[3].vm"), ENTRY)
    for dialect in (DIALECT, OVER_SLURM):
        assert dialect.inquiry("name:name").means(EIGHT, ENTRY)
        assert not dialect.inquiry("user:adam").means(EIGHT, ENTRY)
    assert OVER_SLURM.inquiry("7").means(NativeId("7"), ENTRY)
    assert not OVER_SLURM.inquiry("7").means(NativeId("77"), ENTRY)


@pytest.mark.parametrize("reference", ["", "x", "name:", "user:", "job:7", "7;rm", "--help", "7[1-]"])
def test_other_words_mean_no_job(reference: str) -> None:
    for dialect in (DIALECT, OVER_SLURM):
        with pytest.raises(UsageError, match="expected such as 12"):
            dialect.inquiry(reference)
