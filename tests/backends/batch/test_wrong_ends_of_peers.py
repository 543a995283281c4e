"""Wrong ends that other tools give, or gave: none of them is given here.

Each test names the tool and its issue, or the function where it is read in its source. What other tests show already is
listed here, and not doubled:

- A listing without its last jobs ends these (DIRAC 9.1's shim for DiracX: 100 jobs a page):
  tests/live/batch/test_commands.py::test_a_reply_without_its_last_jobs_ends_none_of_them
  tests/live/dirac/test_diracx.py::test_more_jobs_than_the_default_page_of_the_server_are_all_seen
- A command that fails or says half ends jobs (AiiDA #3404 #4326, ERT #5548):
  tests/live/batch/test_commands.py::test_a_command_that_fails_or_says_half_ends_no_job
- A command that takes too long is a failure of the job (Cylc #4437):
  tests/live/batch/test_commands.py::test_a_command_that_hangs_is_given_up
  tests/backends/batch/test_submitting.py::test_a_search_that_fails_denies_nobody
- A controller that is away for a while ends jobs (Pulsar #408, Nextflow #1644):
  tests/live/batch/test_campaign.py::test_no_job_ends_while_the_controller_is_away
- An accounting that is away ends jobs (jobflow-remote #36):
  tests/live/batch/test_daemons.py::test_a_history_that_is_away_delays_news_and_ends_nothing
- A job whose end nobody saw is never noticed (Nextflow #2695 #5454, dask-jobqueue #643 #11, Parsl #1588):
  tests/live/batch/test_ends.py::test_an_end_is_remembered_when_the_system_has_forgotten_the_job
- A connection that breaks loses jobs (covalent-slurm #64 #71, AiiDA #1728 #7088):
  tests/live/batch/test_over_ssh.py::test_a_connection_that_is_cut_again_and_again_ends_no_job_and_runs_none_twice
- Work that is delivered again runs twice (AiiDA #3973 #4598):
  tests/live/batch/test_daemons.py::test_a_submission_to_a_frozen_controller_is_settled_later
  tests/monitor/test_monitor.py::test_what_is_being_submitted_when_a_save_fails_is_not_submitted_twice
- A job that was taken over is never updated (PSI/J #401):
  tests/live/batch/test_adoption.py::test_a_job_is_adopted_by_its_id_and_followed_to_its_end
- A monitor that starts again runs again what has ended, or loses it (Snakemake #4084 #3438, Nextflow #1448):
  tests/faults/test_killed_monitor.py::test_killed_at_200_random_moments
- A heartbeat that is late is a crash (Prefect #16459):
  tests/faults/test_fight_for_the_lease.py::test_a_frozen_monitor_that_wakes_up_finds_its_lease_lost
- One error ends the watching of all jobs (Prefect #22553, Snakemake's `_wait_thread`):
  tests/monitor/test_monitor.py::test_a_bug_in_the_monitor_of_one_target_stops_no_other
  tests/monitor/test_laws.py::test_it_costs_only_itself_and_is_told
- A log that is cut or replaced is misread (WMCore #6690, CRABServer #5927):
  tests/backends/batch/test_tailing.py::test_each_record_comes_once_however_the_file_is_cut
- An end is overwritten by what comes later (Parsl 2026.10 `SlurmProvider._status`):
  tests/core/test_reconcile.py::test_what_has_ended_stays_as_it_ended
"""

import re
from pathlib import Path

import pytest

from ganga.backends.batch import evidence
from ganga.backends.batch.evidence import Trace, judge
from ganga.backends.slurm import accounting, queue
from ganga.backends.slurm.settings import Settings
from ganga.backends.slurm.words import Slurm
from ganga.core.orders import Answered, CatchUp, Failed, Sweep
from ganga.model.ids import NativeId
from ganga.model.observation import Answer, Observation
from ganga.model.status import JobStatus
from tests.backends.batch.listings import said_of
from tests.backends.batch.toy import ToySystem, backend_on, submission
from tests.backends.slurm.recorded import history_reply, history_row, queue_reply, queue_row, said
from tests.core.examples import digest, moment, record, seen, told, tracker

SEVEN = NativeId("7")
N1 = NativeId("n1")
RUNNING = record(status=JobStatus.RUNNING)


@pytest.mark.parametrize("place", sorted(set(re.findall(r"tests/\S+\.py::test_\w+", __doc__))))
def test_the_list_names_tests_that_there_are(place: str) -> None:
    file, _, name = place.partition("::")
    assert f"def {name}(" in (Path(__file__).parents[3] / file).read_text()


async def test_a_listing_without_a_job_does_not_complete_it(system: ToySystem, work: Path) -> None:
    """PSI/J's `_get_job_status` (#49), Parsl's `SlurmProvider._status`, AiiDA #3404 and #4326, jobflow-remote #36: a
    job that a listing leaves out is said to be done.
    """
    backend = backend_on(system, work)
    ids = list((await backend.submit([submission(1), submission(2)])).accepted.values())
    system.queue.clear()
    assert (await backend.poll(ids)).seen == {}


def test_questions_that_fail_again_and_again_fail_no_job() -> None:
    """PSI/J's `_handle_poll_error` (#49): with the third failed question all jobs have failed. Pulsar #408 and Cylc
    #1767 likewise.
    """
    target = tracker(RUNNING)
    news: list[str] = []
    seconds = 0.0
    for _ in range(50):
        [order] = target.due(moment(seconds))
        update = digest(target, seconds + 1, Failed(order, "squeue cannot be asked"))
        assert not update.records
        news += told(update)
        seconds = target.next_wakeup() or 0.0
    assert news == ["target_down"]


async def test_one_id_that_is_not_known_spoils_no_answer_about_the_others(system: ToySystem, work: Path) -> None:
    """PSI/J #486, ReFrame #1977: `squeue --jobs` fails as a whole if the controller has forgotten one of them."""
    backend = backend_on(system, work)
    (native_id,) = (await backend.submit([submission()])).accepted.values()
    system.becomes(native_id, JobStatus.RUNNING)
    unknown, nonsense = NativeId("99"), NativeId("no id/at all")
    answer = await backend.poll([unknown, native_id, nonsense])
    assert answer.seen[native_id].status is JobStatus.RUNNING
    assert answer.absent <= {unknown}
    assert queue.read(said("", exit_code=1, error="slurm_load_jobs error: Invalid job id specified")) == {}


async def test_an_id_that_is_not_known_has_not_failed(system: ToySystem, work: Path) -> None:
    """Harvester's Slurm plug-in: "Unknown batchID" is a failed job."""
    answer = await backend_on(system, work).poll([NativeId("99")])
    assert not answer.seen
    assert answer.absent == {NativeId("99")}


@pytest.mark.parametrize("status", [JobStatus.FAILED, JobStatus.KILLED])
async def test_what_the_queue_has_purged_has_ended_as_it_did(system: ToySystem, work: Path, status: JobStatus) -> None:
    """PSI/J's `_get_job_status`: what failed by a time limit, or was cancelled, and was then purged, is completed."""
    backend = backend_on(system, work)
    (native_id,) = (await backend.submit([submission()])).accepted.values()
    system.becomes(native_id, status)
    system.forget(native_id)
    assert (await backend.poll([native_id])).seen[native_id].status is status


def test_a_job_that_moves_to_another_partition_is_still_asked_about() -> None:
    """Nextflow #1151: the queue is asked for one partition only, and who leaves it is lost."""
    words = " ".join(Slurm(Settings(queue="short")).queue().argv)
    assert "partition" not in words
    assert "short" not in words


def test_a_job_whose_machine_failed_does_not_run() -> None:
    """Nextflow #5298: `NODE_FAIL` is shown as running for ever."""
    end = said_of(queue.read(queue_reply(queue_row("7", "NODE_FAIL")))[SEVEN])
    assert (end.status, end.reason) == (JobStatus.FAILED, "its machine failed")


@pytest.mark.parametrize(
    ("state", "code", "why"), [("TIMEOUT", "0:0", "time limit"), ("OUT_OF_MEMORY", "0:125", "more memory")]
)
def test_who_was_ended_by_the_system_failed_and_says_why(state: str, code: str, why: str) -> None:
    """Nextflow #1354 and #2672, AiiDA #2431: no reason; Prefect #21022: seen as running. The exit code of a job that
    ran into its limit is 0, and proves nothing.
    """
    listing = accounting.read(history_reply(history_row("7", state, code=code))) or {}
    end = said_of(listing[SEVEN])
    assert (end.status, end.exit_code) == (JobStatus.FAILED, None)
    assert why in (end.reason or "")


@pytest.mark.parametrize("state", ["UNKNOWN", "SOMETHING_NEW", ""])
def test_a_word_that_nobody_knows_is_no_success(state: str) -> None:
    """Snakemake's plug-in for Slurm: `UNKNOWN` is a success."""
    listing = accounting.read(history_reply(history_row("7", state))) or {}
    assert not said_of(listing[SEVEN]).status.final


@pytest.mark.parametrize("before", ["PREEMPTED", "NODE_FAIL", "REQUEUED", "FAILED"])
def test_a_job_that_is_to_run_again_has_not_ended(before: str) -> None:
    """PSI/J and Parsl: `PREEMPTED` is an end, also of a job that goes back to the queue."""
    listing = accounting.read(history_reply(history_row("7", before), history_row("7", "PENDING", submit="300"))) or {}
    assert (said_of(listing[SEVEN]).status, said_of(listing[SEVEN]).restart) == (JobStatus.SUBMITTED, 1)
    assert not said_of(queue.read(queue_reply(queue_row("7", "COMPLETING")))[SEVEN]).status.final


@pytest.mark.parametrize("now", [JobStatus.SUBMITTED, JobStatus.RUNNING])
def test_what_an_older_run_has_left_is_no_end_of_a_newer_one(now: JobStatus) -> None:
    """Nextflow #5595: the file with the exit code of an older run is believed."""
    older = Observation(status=JobStatus.COMPLETED, native_status="ended", exit_code=0)
    newer = Observation(status=now, native_status="again", restart=1)
    for settled in (False, True):
        verdict = judge(evidence.Testimony(history=newer, launcher=older, heard=True, settled=settled))
        assert not isinstance(verdict, Observation)


def test_a_trace_that_is_missing_is_no_end() -> None:
    """Nextflow #1644: a job without an exit file, and out of sight for a while, is dead."""
    for launcher in Trace:
        assert not isinstance(judge(evidence.Testimony(launcher=launcher, heard=True, settled=True)), Observation)


def test_a_question_that_failed_confirms_nothing() -> None:
    """ERT's `driver.poll` for Slurm: a failed `squeue` counts as a good poll. TARDIS serves what is stale without its
    age.
    """
    target = tracker(RUNNING)
    [order] = target.due(moment(0))
    assert isinstance(order, Sweep)
    digest(target, 1, Answered(order, Answer({N1: seen()})))
    confirmed = target.state.confirmed_at
    [again] = target.due(moment(1000))
    digest(target, 1001, Failed(again, "no route"))
    assert target.state.confirmed_at == confirmed == 1000.0


def test_what_is_pushed_is_asked_for_too() -> None:
    """Pulsar #66, dask-jobqueue #620, Prefect #22553: what is pushed and lost, or whose road dies, is never known."""
    target = tracker(RUNNING, feed=True)
    sweep, feed = target.due(moment(0))
    assert isinstance(sweep, Sweep)
    assert isinstance(feed, CatchUp)
    digest(target, 1, Failed(feed, "the log is gone"))
    update = digest(target, 1, Answered(sweep, Answer({N1: seen(JobStatus.FAILED, "F", exit_code=3)})))
    assert told(update) == ["running -> completing"]
