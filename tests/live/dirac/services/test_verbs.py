"""What people ask of the back end directly, on DIRAC's own services and over each road to them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from msgspec.structs import replace

from ganga.backends.base import Surroundings
from ganga.backends.dirac.opening import connect
from ganga.backends.dirac.road import Road
from ganga.backends.dirac.settings import RoadName, Settings
from ganga.backends.dirac.switching import SwitchingBackend
from ganga.model.ids import NativeId, TargetName
from ganga.model.status import JobStatus
from tests.live.dirac.services.installation import Admin, description

pytestmark = pytest.mark.slow

UNKNOWN = NativeId("99999999")
#: As often as DIRAC reschedules a job unless its site has changed that.
MOST_RUNS = 3


@pytest.fixture
async def backend(settings: Settings, road_name: str, tmp_path: Path) -> AsyncIterator[SwitchingBackend]:
    wanted = replace(settings, road=RoadName(road_name))
    async with connect(wanted, Surroundings(TargetName("dirac"), tmp_path / "dirac")) as backend:
        yield backend


async def submitted(road: Road) -> tuple[int, NativeId]:
    (job,) = await road.submit([description(uuid4().hex)])
    return job, NativeId(str(job))


async def test_the_history_has_dirac_s_words_and_times(road: Road, backend: SwitchingBackend, admin: Admin) -> None:
    jobs = [await submitted(road) for _ in range(3)]
    number, job = jobs[0]
    await admin.set_status(number, "Running", "Application")
    await admin.set_status(number, "Done", "Execution Complete")
    histories = await backend.history([*(native_id for _, native_id in jobs), UNKNOWN])
    assert histories.keys() == {native_id for _, native_id in jobs}
    steps = histories[job]
    assert [(step.status, step.minor_status) for step in steps] == [
        ("Received", "Job accepted"),
        ("Running", "Application"),
        ("Done", "Execution Complete"),
    ]
    assert [step.source for step in steps] == ["JobManager", "Test", "Test"]
    assert steps[0].at <= steps[1].at <= steps[2].at
    assert abs(steps[2].at - await road.clock()) < 60


async def test_where_a_job_runs_is_told_once_it_is_decided(road: Road, backend: SwitchingBackend, admin: Admin) -> None:
    number, job = await submitted(road)
    assert (await backend.poll([job])).seen[job].place is None
    await admin.set_site(number, "LCG.CERN.ch")
    await admin.set_status(number, "Running", "Application")
    seen = (await backend.poll([job])).seen[job]
    assert (seen.place, seen.native_status) == ("LCG.CERN.ch", "Running/Application")


@pytest.mark.parametrize("state", ["Failed", "Killed", "Done", "Stalled", "Running"])
async def test_a_job_runs_again_from_any_state(road: Road, backend: SwitchingBackend, admin: Admin, state: str) -> None:
    number, job = await submitted(road)
    await admin.set_status(number, state)
    assert await backend.reschedule([job, UNKNOWN]) == {UNKNOWN: f"DIRAC does not know {UNKNOWN} (any more)"}
    seen = (await backend.poll([job])).seen[job]
    assert (seen.status, seen.restart) == (JobStatus.SUBMITTED, 1)
    assert (await backend.history([job]))[job][-1].minor_status == "Job Rescheduled"


async def test_a_job_that_dirac_silently_does_not_run_again_is_refused(
    road: Road, backend: SwitchingBackend, admin: Admin
) -> None:
    number, job = await submitted(road)
    for _ in range(MOST_RUNS):
        await admin.set_status(number, "Failed", "Application Finished With Errors")
        assert await backend.reschedule([job]) == {}
    await admin.set_status(number, "Failed", "Application Finished With Errors")
    reason = f"DIRAC leaves {job} as it is: Failed/Maximum of reschedulings reached"
    assert await backend.reschedule([job]) == {job: reason}


async def test_what_ended_is_deleted_and_what_lives_is_refused(
    road: Road, backend: SwitchingBackend, admin: Admin
) -> None:
    done, failed, live = [await submitted(road) for _ in range(3)]
    await admin.set_status(done[0], "Done")
    await admin.set_status(failed[0], "Failed")
    refused = await backend.delete([done[1], failed[1], live[1], UNKNOWN])
    assert refused == {live[1]: f"{live[1]} is Received/Job accepted in DIRAC: kill it first"}
    states = await road.states([done[0], failed[0], live[0]])
    assert [states[number].status for number, _ in (done, failed, live)] == ["Deleted", "Deleted", "Received"]
    assert await backend.delete([done[1]]) == {}
    assert await backend.reschedule([done[1]]) == {done[1]: f"DIRAC does not know {done[1]} (any more)"}


async def test_the_last_lines_of_a_running_job_are_those_of_its_last_report(
    road: Road, backend: SwitchingBackend, admin: Admin
) -> None:
    number, job = await submitted(road)
    await admin.set_status(number, "Running", "Application")
    assert (await backend.peek(job)).text == ""
    at = datetime.now(UTC).replace(tzinfo=None)
    head = f"Last 2 lines of application output from Watchdog on {at} [UTC]:\n"
    for lines in ("step 1\nstep 2\n", "step 3\nü\n"):
        await admin.report_output(number, f"\n{head}{lines}")
        tail = await backend.peek(job)
        assert (tail.text, tail.at) == (head + lines, at.replace(tzinfo=UTC).timestamp())
