"""The words of Torque up to 2.4, and what a real one has answered."""

import subprocess
from pathlib import Path

import pytest

from ganga.backends.batch.dialect import Entry, Place
from ganga.backends.torque.older import Older
from ganga.backends.torque.settings import Settings
from ganga.backends.torque.words import Torque
from ganga.errors import BackendProtocolError, BackendUnavailable, SubmissionRejected, UsageError
from ganga.model.ids import NativeId
from ganga.model.observation import Observation
from ganga.model.status import JobStatus
from tests.backends.torque.documented import said
from tests.backends.torque.recorded import GONE, JOBS, NO_SUCH_OPTION, REFUSALS, SERVER

DIALECT = Older(Settings(commands="torque-2.4"))
ENTRY = Entry("name", Observation(status=JobStatus.RUNNING, native_status="R"), "eve")


@pytest.mark.parametrize(
    ("environment", "place"),
    [
        ({"PBS_JOBID": "7.vm:15099"}, "0 7.vm:15099"),
        ({"PBS_JOBID": "7-12.a-server.example.org", "PBS_ARRAYID": "12"}, "12 7.a-server.example.org"),
        ({"PBS_JOBID": "7.a-server"}, "0 7.a-server"),
    ],
)
def test_a_task_learns_who_it_is(environment: dict[str, str], place: str) -> None:
    told = DIALECT.variables
    script = f'printf "%s %s" "{told.index}" "{told.job}"'
    done = subprocess.run(["/bin/sh", "-c", script], env=environment, capture_output=True, check=True)
    assert done.stdout.decode() == place


def test_ids_lead_to_places_and_back() -> None:
    assert DIALECT.native_id("7.a-b:15099", 3) == "7-3.a-b:15099"
    assert DIALECT.native_id("7.vm", None) == "7.vm"
    assert DIALECT.place(NativeId("7-3.a-b:15099")) == Place("7.a-b:15099", 3)
    assert DIALECT.place(NativeId("7.a-1.vm")) == Place("7.a-1.vm", 0)
    assert [DIALECT.place(NativeId(text)) for text in ("7[3].vm", "7-.vm", "7-3-4.vm", "7", "07-1.vm")] == [None] * 5
    assert (DIALECT.name, DIALECT.largest_array) == ("Torque 2.4", 256)


def test_what_is_told_of_jobs_is_understood() -> None:
    queue = DIALECT.read_queue(said(JOBS))
    assert {key.partition(".")[0]: (entry.name, entry.seen and entry.seen.status) for key, entry in queue.items()} == {
        "0-1": ("array", JobStatus.RUNNING),
        "1": ("held", JobStatus.HELD),
        "3": ("again", JobStatus.RUNNING),
    }
    assert [entry.seen.restart for entry in queue.values() if entry.seen] == [0, 0, 1]
    task, slow = (entry.seen for entry in DIALECT.read_history(said(JOBS)).values())
    assert task is not None
    assert (task.status, task.exit_code) == (JobStatus.FAILED, 3)
    assert slow is not None
    assert (slow.status, slow.signal) == (JobStatus.FAILED, 15)
    assert "--time" in (slow.reason or "")


def test_a_success_is_not_sure() -> None:
    """A node whose daemon was started again calls any end of its jobs 0."""
    ended = JOBS.replace("exit_status = 3", "exit_status = 0")
    assert [entry.assumed for entry in DIALECT.read_history(said(ended)).values()] == [True, False]


def test_arrays_are_found_by_their_names_in_the_words_of_later_versions_too() -> None:
    later = JOBS.replace("Id: 0-1.", "Id: 0[1].")
    entries = Torque(Settings()).read_queue(said(later))
    assert entries[NativeId("0[1].localhost:15099")].name == "array"


def test_no_jobs_are_told_by_a_server_that_is_there() -> None:
    assert DIALECT.queue().argv[-2:] == ("qstat", "-f")
    assert DIALECT.read_queue(said(SERVER)) == {}
    with pytest.raises(BackendProtocolError):
        DIALECT.read_queue(said(""))


@pytest.mark.parametrize(
    ("script", "told", "exit_code"),
    [
        ("printf 'jobs\\n\\n'", "jobs\n\n", 0),
        ("printf 'jobs'; exit 3", "", 3),
        ('test "$1" = -f', "", 1),
        ('test "$1" = -f || echo "server, by $*"', "server, by -B -f\n", 0),
    ],
)
def test_an_answer_is_handed_on_as_it_is(script: str, told: str, exit_code: int, tmp_path: Path) -> None:
    program = tmp_path / "qstat"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    done = subprocess.run(DIALECT.queue().argv, env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == (told, exit_code)


def test_commands_of_another_version_are_noticed() -> None:
    with pytest.raises(BackendUnavailable, match="invalid option -- 't'"):
        Torque(Settings()).read_queue(said("", exit_code=2, error=NO_SUCH_OPTION))


def test_jobs_that_are_gone_need_no_end() -> None:
    DIALECT.killed(said("", exit_code=111, error=GONE, program="qdel"))


@pytest.mark.parametrize("error", REFUSALS)
def test_a_refusal_is_told(error: str) -> None:
    with pytest.raises(SubmissionRejected, match="Torque refuses it: "):
        DIALECT.submitted(said("", exit_code=188, error=error, program="qsub"))


def test_the_id_has_the_port_of_the_server_in_it() -> None:
    assert DIALECT.submitted(said("33.localhost:15099\n", program="qsub")) == "33.localhost:15099"


def test_what_a_person_calls_jobs_is_understood() -> None:
    task = NativeId("7-3.vm")
    for reference in ("7", "7-3", "7-3.vm", "name:name", "user:eve"):
        assert DIALECT.inquiry(reference).means(task, ENTRY)
    for reference in ("7-4", "8", "7-3.other", "name:x"):
        assert not DIALECT.inquiry(reference).means(task, ENTRY)
    with pytest.raises(UsageError):
        DIALECT.inquiry("7-")
