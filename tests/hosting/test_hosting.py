"""One service for all who trust it: each owner's jobs run as the owner, and each stands and falls alone."""

import asyncio
import logging
from pathlib import Path
from urllib.parse import quote

import pytest

from ganga.model.job import JobSpec
from ganga.model.status import JobStatus
from ganga.store.postgres.rights import admit, trust
from tests.hosting.conftest import EVIL, LONG, SITE, World, until
from tests.hosting.site import Systems

SPEC = JobSpec(command=("true",))


async def test_each_job_runs_as_its_owner_and_its_output_comes_to_the_owner(world: World) -> None:
    await world.trusted(world.ada)
    async with world.hosting():
        await world.trusted(world.bob)
        jobs = {owner: await world.submit(owner, SPEC) for owner in (world.ada, world.bob)}
        for owner, job in jobs.items():
            assert (await world.ended(owner, job)).status is JobStatus.COMPLETED
            assert (world.home(owner) / "jobs" / job / "output-1" / "stdout").read_text() == "done\n"
            assert ("submit", 1) in Systems.accounts[owner].calls
    assert Systems.accounts.keys() == {world.ada, world.bob}


async def test_who_trusts_nobody_is_not_touched(world: World) -> None:
    await world.trusted(world.ada)
    job = await world.submit(world.bob, SPEC)
    async with world.hosting() as hosting:
        await world.ended(world.ada, await world.submit(world.ada, SPEC))
        assert hosting.owners == {world.ada}
    async with world.store(world.bob) as store:
        assert (await store.get([job]))[0].status is JobStatus.SUBMITTING
        assert await store.holder(SITE) is None
    assert [path.name for path in world.home(world.bob).iterdir()] == ["credentials"]


async def test_trust_that_is_taken_back_ends_the_service_within_seconds(world: World) -> None:
    await world.trusted(world.ada)
    await world.trusted(world.bob)
    async with world.hosting() as hosting:
        await until(lambda: len(hosting.leading) == 2)
        await world.distrusted(world.ada)
        async with asyncio.timeout(10.0):
            await until(lambda: hosting.leading == {(world.bob, SITE)})
        job = await world.submit(world.ada, SPEC)
        await world.ended(world.bob, await world.submit(world.bob, SPEC))
        assert hosting.owners == {world.bob}
        assert world.ada not in Systems.accounts
        await world.trusted(world.ada)
        assert (await world.ended(world.ada, job)).status is JobStatus.COMPLETED


async def test_leases_are_given_back_at_the_end(world: World) -> None:
    await world.trusted(world.ada)
    async with world.hosting() as hosting:
        await until(lambda: bool(hosting.leading))
    async with world.store(world.ada) as store:
        assert await store.holder(SITE) is None


async def test_an_owner_without_a_home_costs_nobody_anything_and_is_said_once(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganga.hosting.hosting.PAUSE", 0.05)
    monkeypatch.setattr("ganga.hosting.hosting.LONGEST_PAUSE", 0.05)
    home = world.home(world.ada)
    home.rename(home.with_name("away"))
    await world.trusted(world.ada)
    await world.trusted(world.bob)
    job = await world.submit(world.ada, SPEC)
    async with world.hosting() as hosting:
        await world.ended(world.bob, await world.submit(world.bob, SPEC))
        assert hosting.leading == {(world.bob, SITE)}
        said = [record for record in caplog.records if str(home) in record.getMessage()]
        assert [record.levelno for record in said] == [logging.WARNING]
        home.with_name("away").rename(home)
        assert (await world.ended(world.ada, job)).status is JobStatus.COMPLETED


async def test_two_services_share_the_work(world: World) -> None:
    for owner in (world.ada, world.bob):
        await world.trusted(owner)
    async with world.hosting() as one, world.hosting() as other:
        await until(lambda: len(one.leading | other.leading) == 2)
        assert not one.leading & other.leading
        for owner in (world.ada, world.bob):
            await world.ended(owner, await world.submit(owner, SPEC))
            assert Systems.accounts[owner].calls.count(("submit", 1)) == 1


async def test_credentials_are_the_grant(world: World) -> None:
    world.proxy(world.ada).unlink()
    for owner in (world.ada, world.bob):
        await world.trusted(owner)
    job = await world.submit(world.ada, SPEC)
    async with world.hosting():
        await world.ended(world.bob, await world.submit(world.bob, SPEC))
        assert Systems.shown == {world.bob: f"the proxy of {world.bob}"}
        async with world.store(world.ada) as store, asyncio.timeout(LONG):
            while not (states := await store.target_states()) or states[SITE].error is None:
                await store.wait(await store.last_seq(), 0.2)
            assert "there are no credentials" in str(states[SITE].error)
        world.grant(world.ada)
        assert (await world.ended(world.ada, job)).status is JobStatus.COMPLETED
        assert Systems.shown[world.ada] == f"the proxy of {world.ada}"


async def test_a_name_that_would_lead_elsewhere_is_refused_once(
    world: World, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    (tmp_path / "evil").mkdir()
    world.server.new_role(EVIL, "secret")
    await admit(world.url("postgres"), EVIL)
    await trust(world.url("name").replace("name", quote(EVIL, safe="")), world.robot)
    await world.trusted(world.ada)
    async with world.hosting() as hosting:
        await world.ended(world.ada, await world.submit(world.ada, SPEC))
        await world.trusted(world.bob)
        await until(lambda: hosting.owners == {world.ada, world.bob})
    assert len([record for record in caplog.records if "'../evil' is not served" in record.getMessage()]) == 1
    assert not list((tmp_path / "evil").iterdir())
