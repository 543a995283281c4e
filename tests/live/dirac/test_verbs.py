"""What people ask of the back end directly, on a real DiracX."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ganga.backends.base import Surroundings
from ganga.backends.dirac.diracx_road import DiracX
from ganga.backends.dirac.opening import connect
from ganga.backends.dirac.settings import Settings
from ganga.backends.dirac.switching import SwitchingBackend
from ganga.errors import UsageError
from ganga.model.ids import NativeId, TargetName
from ganga.model.status import JobStatus
from tests.live.dirac.conftest import description
from tests.live.diracx_server.running import DiracXServer

UNKNOWN = NativeId("987654321")


@pytest.fixture
async def backend(settings: Settings, tmp_path: Path) -> AsyncIterator[SwitchingBackend]:
    async with connect(settings, Surroundings(TargetName("dirac"), tmp_path / "dirac")) as backend:
        yield backend


async def submitted(road: DiracX, group: str, jobs: int = 1) -> list[NativeId]:
    return [
        NativeId(str(job))
        for job in await road.submit([description(f"{group}-{number}", group) for number in range(jobs)])
    ]


def become(diracx: DiracXServer, job: NativeId, status: str, site: str = "ANY") -> None:
    """What jobs and pilots would report."""
    diracx.change("UPDATE Jobs SET Status = ?, Site = ? WHERE JobID = ?", [(status, site, int(job))])


async def test_the_histories_of_many_jobs_have_diracx_s_words(
    road: DiracX, backend: SwitchingBackend, group: str
) -> None:
    jobs = await submitted(road, group, 3)
    await backend.kill(jobs[:1])
    histories = await backend.history([*jobs, UNKNOWN])
    assert histories.keys() == set(jobs)
    assert [(step.status, step.minor_status, step.source) for step in histories[jobs[0]]] == [
        ("Received", "Job accepted", "JobManager"),
        ("Killed", "Marked for termination", "ganga"),
    ]
    assert histories[jobs[0]][0].at == pytest.approx(await road.clock(), abs=60)


async def test_where_a_job_runs_is_told_once_it_is_decided(
    road: DiracX, backend: SwitchingBackend, diracx: DiracXServer, group: str
) -> None:
    (job,) = await submitted(road, group)
    assert (await backend.poll([job])).seen[job].place is None
    become(diracx, job, "Running", "LCG.CERN.ch")
    assert (await backend.poll([job])).seen[job].place == "LCG.CERN.ch"


@pytest.mark.parametrize("state", ["Received", "Running", "Stalled"])
async def test_a_live_job_runs_again(
    road: DiracX, backend: SwitchingBackend, diracx: DiracXServer, group: str, state: str
) -> None:
    (job,) = await submitted(road, group)
    become(diracx, job, state)
    assert await backend.reschedule([job, UNKNOWN]) == {UNKNOWN: f"DIRAC does not know {UNKNOWN} (any more)"}
    seen = (await backend.poll([job])).seen[job]
    assert (seen.status, seen.native_status, seen.restart) == (JobStatus.SUBMITTED, "Received/Job Rescheduled", 1)


@pytest.mark.parametrize("state", ["Failed", "Killed", "Done"])
async def test_a_job_that_has_ended_is_not_even_counted_as_run_again(
    road: DiracX, backend: SwitchingBackend, diracx: DiracXServer, group: str, state: str
) -> None:
    """The server would count it and leave the job as it is, and its deletion would then seem to end another run."""
    ended, live = await submitted(road, group, 2)
    become(diracx, ended, state)
    refused = await backend.reschedule([ended, live])
    assert refused.keys() == {ended}
    assert f"runs no job again that has ended, such as {ended} ({state})" in refused[ended]
    assert await backend.delete([ended]) == {}
    seen = (await backend.poll([ended, live])).seen
    assert [seen[job].restart for job in (ended, live)] == [0, 1]


async def test_what_ended_is_deleted_and_what_lives_is_refused(
    road: DiracX, backend: SwitchingBackend, diracx: DiracXServer, group: str
) -> None:
    done, live = await submitted(road, group, 2)
    become(diracx, done, "Done")
    refused = await backend.delete([done, live, UNKNOWN])
    assert refused == {live: f"{live} is Received/Job accepted in DIRAC: kill it first"}
    states = await road.states([int(done), int(live)])
    assert [states[int(job)].status for job in (done, live)] == ["Deleted", "Received"]
    assert await backend.delete([done]) == {}


async def test_it_has_no_way_to_show_the_output_of_a_running_job(
    road: DiracX, backend: SwitchingBackend, group: str
) -> None:
    (job,) = await submitted(road, group)
    with pytest.raises(UsageError, match=f"DiracX shows no output of job {job} while it runs"):
        await backend.peek(job)
