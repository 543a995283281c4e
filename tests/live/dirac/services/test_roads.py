"""The same on both roads to DIRAC's own services."""

import asyncio
import ssl
import tarfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

import pytest

from ganga.backends.dirac.road import JobState, Refused, Road
from ganga.model.clock import Utc
from tests.live.dirac.services.conftest import ROADS
from tests.live.dirac.services.installation import Admin, archive, description, settings_of
from tests.live.dirac_server.servers import Site

pytestmark = pytest.mark.slow


async def _submitted(road: Road, name: str | None = None) -> int:
    (job,) = await road.submit([description(name or uuid4().hex)])
    return job


async def _all(pages: AsyncIterator[Sequence[JobState]]) -> dict[int, JobState]:
    return {state.id: state async for page in pages for state in page}


async def test_a_job_is_submitted_and_followed(road: Road, admin: Admin) -> None:
    name = uuid4().hex
    job = await _submitted(road, name)
    state = (await road.states([job]))[job]
    assert (state.status, state.minor_status, state.name, state.group) == ("Received", "Job accepted", name, "tests")
    before = await road.clock()
    await admin.set_status(job, "Running", "Application")
    state = (await road.states([job]))[job]
    assert (state.status, state.minor_status) == ("Running", "Application")
    # A road knows the time to a second or two, however long all that takes.
    assert before - 2 <= (state.updated_at or 0.0) <= await road.clock() + 2


async def test_ids_that_are_not_there_are_denied_and_doubles_do_no_harm(road: Road) -> None:
    job = await _submitted(road)
    assert set(await road.states([job, job, 99_999_999])) == {job}
    assert await road.states([]) == {}


async def test_a_parametric_description_is_submitted_whole_and_found_by_its_names(road: Road) -> None:
    name, group = uuid4().hex, uuid4().hex
    jobs = await road.submit([description(f"{name}-%s", group=group, more='Parameters={"a","b","c"};')])
    assert len(jobs) == 3
    found = await road.jobs(names=[f"{name}-a", f"{name}-c", "nobody's"], owner="alice")
    assert set(found) == {jobs[0], jobs[2]}
    assert {state.status for state in found.values()} == {"Received"}
    assert set(await road.jobs(group=group)) == set(jobs)
    assert await road.jobs(group="nobody's") == {}


async def test_what_changed_is_told_and_no_more(road: Road, admin: Admin) -> None:
    still, moving = await _submitted(road), await _submitted(road)
    since = Utc(await road.clock() + 3600)
    assert await _all(road.changed(since, owner="alice")) == {}
    await admin.set_status(moving, "Running", "Application")
    state = (await road.states([moving]))[moving]
    assert state.updated_at is not None
    assert (await _all(road.changed(state.updated_at, owner="alice")))[moving] == state
    assert await _all(road.changed(state.updated_at, owner="somebody else")) == {}
    assert still not in await _all(road.changed(Utc(state.updated_at + 1), owner="alice"))


async def test_what_changed_of_some_jobs_is_told_whoever_owns_them(road: Road, admin: Admin) -> None:
    still, moving, other = [await _submitted(road) for _ in range(3)]
    await admin.set_status(moving, "Running", "Application")
    await admin.set_status(other, "Running", "Application")
    state = (await road.states([moving]))[moving]
    assert state.owner == "alice"
    assert state.updated_at is not None
    assert await _all(road.changed(state.updated_at, ids=[moving, 99_999_999])) == {moving: state}
    assert await _all(road.changed(Utc(state.updated_at + 3600), ids=[still, moving, other])) == {}


async def test_kill_delete_and_history(road: Road, admin: Admin) -> None:
    job = await _submitted(road)
    await admin.set_status(job, "Running", "Application")
    await road.kill([job])
    assert (await road.states([job]))[job].status == "Killed"
    await road.kill([job])
    await road.delete([job])
    assert (await road.states([job]))[job].status == "Deleted"
    changes = (await road.history([job, 99_999_999]))[job]
    assert [change.status for change in changes][:2] == ["Received", "Running"]
    assert changes[0].source == "JobManager"
    assert changes[0].at <= changes[-1].at
    await admin.remove(job)
    assert await road.states([job]) == {}


async def test_a_job_that_runs_again_says_so(road: Road, admin: Admin) -> None:
    job = await _submitted(road)
    await admin.set_status(job, "Failed", "Application Finished With Errors")
    await road.reschedule([job])
    state = (await road.states([job]))[job]
    assert (state.status, state.reschedules) == ("Received", 1)


async def test_the_output_sandbox_comes_home(road: Road, admin: Admin, tmp_path: Path) -> None:
    job = await _submitted(road)
    assert not await road.output(job, tmp_path)
    sandbox = await road.upload(archive(tmp_path, stdout="hello\n" * 400_000, unique=uuid4().hex))
    admin.assign_output(job, sandbox)
    into = tmp_path / "output"
    into.mkdir()
    assert await road.output(job, into)
    (brought,) = into.iterdir()
    with tarfile.open(brought) as tar:
        assert tar.getmember("stdout").size == 2_400_000


async def test_the_same_archive_is_stored_once(road: Road, tmp_path: Path) -> None:
    place = archive(tmp_path, unique=uuid4().hex)
    name = await road.upload(place)
    assert name.startswith("SB:SandboxSE|/")
    assert await road.upload(place) == name


async def test_who_we_are(road: Road, site: Site) -> None:
    who = await road.whoami()
    assert (who.owner, who.group, who.organisation) == ("alice", "user", "testvo")
    words = ("x509", "-noout", "-enddate", "-in", str(site.proxy("user")))
    told = await asyncio.create_subprocess_exec("openssl", *words, stdout=asyncio.subprocess.PIPE)
    end = (await told.communicate())[0].decode().strip().removeprefix("notAfter=")
    assert who.expires_at == Utc(ssl.cert_time_to_seconds(end))


async def test_a_description_that_is_none_is_refused_in_their_words(road: Road) -> None:
    with pytest.raises(Refused, match="executable must not be an empty string"):
        await road.submit(['[JobName="no executable";]'])


async def test_jobs_of_one_road_are_followed_on_the_other(site: Site, admin: Admin) -> None:
    async with AsyncExitStack() as stack:
        roads = [await stack.enter_async_context(ROADS[name](settings_of(site))) for name in sorted(ROADS)]
        jobs = [await _submitted(road) for road in roads]
        for job in jobs:
            await admin.set_status(job, "Running", "Application")
            await admin.set_status(job, "Done", "Execution Complete")
        first, *others = [(await road.states(jobs), await road.history(jobs)) for road in roads]
    assert others == [first] * (len(ROADS) - 1)
    assert {state.status for state in first[0].values()} == {"Done"}


async def test_a_parametric_submission_that_broke_off_is_confirmed_when_it_is_found(road: Road, admin: Admin) -> None:
    name = uuid4().hex
    jobs = await admin.submit_unconfirmed(description(f"{name}-%s", more='Parameters={"a","b"};'))
    assert {state.status for state in (await road.states(jobs)).values()} == {"Submitting"}
    found = await road.jobs(names=[f"{name}-a", f"{name}-b"], owner="alice")
    assert {state.status for state in found.values()} == {"Received"}
    assert set(found) == set(jobs)


async def test_services_that_answer_in_dencode_say_the_same(site: Site, admin: Admin) -> None:
    async with ROADS["dips"](settings_of(site)) as road:
        job = await _submitted(road)
        await admin.set_status(job, "Running", "Application")
        state = (await road.states([job]))[job]
        assert state.updated_at is not None
        in_json = await _told(road, state)
        try:
            site.restart("JobMonitoring", DIRAC_USE_JSON_ENCODE="no")
            assert await _told(road, state) == in_json
        finally:
            site.restart("JobMonitoring")


async def _told(road: Road, state: JobState) -> tuple[object, ...]:
    """All that the monitoring service tells of a job, and of whom it tells it to."""
    changed = (await _all(road.changed(state.updated_at or Utc(0.0), owner="alice")))[state.id]
    who = await road.whoami()
    return await road.states([state.id, 99_999_999]), changed, await road.history([state.id]), who.owner, who.group
