"""What an owner may write, by SQL and in the home, who wants the service to do for them what only it can do."""

import asyncio
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from ganga.backends.base import Retrieval, Retrieved
from ganga.model.ids import NativeId
from ganga.model.job import JobRecord, JobSpec, Plugin, Resubmission, Share
from ganga.model.status import JobStatus
from ganga.testing.backend import ScriptedBackend
from ganga.testing.world import Script
from tests.hosting.conftest import LONG, SITE, World, until
from tests.hosting.site import Systems

PRECIOUS = "what only bob may read"
#: Takes longer than anybody waits, on a line of many of this letter.
ENDLESS = "(a+)+$"
PREY = "a" * 40 + "!"


@pytest.fixture
async def secret(world: World) -> Path:
    """A file of Bob's that the service can read, which Ada trusts too."""
    await world.trusted(world.ada)
    await world.trusted(world.bob)
    secret = world.home(world.bob) / "secret"
    await asyncio.to_thread(secret.write_text, PRECIOUS)
    return secret


async def outcome(world: World, spec: JobSpec, share: Share | None = None) -> JobRecord:
    job = await world.submit(world.ada, spec, share)
    async with world.hosting():
        return await world.ended(world.ada, job)


def spec(**more: object) -> JobSpec:
    return JobSpec(command=("true",), **more)  # type: ignore[arg-type]  # each test names what it is about


async def trouble(world: World, owner: str) -> str:
    """What the target of the owner is down for."""
    async with world.store(owner) as store, asyncio.timeout(LONG):
        while not (states := await store.target_states()) or states[SITE].error is None:
            await store.wait(await store.last_seq(), 0.2)
        return str(states[SITE].error)


async def test_no_program_runs_as_the_service(world: World, secret: Path, tmp_path: Path) -> None:
    del secret
    proof = tmp_path / "proof"
    program = (sys.executable, "-c", f"open({str(proof)!r}, 'w')")
    ended = await outcome(world, spec(notifiers=(Plugin("command", {"command": program}),)))
    assert ended.status is JobStatus.COMPLETED
    assert "notifier 'command' failed" in str(ended.reason)
    assert "it would act with the rights of the service" in str(ended.reason)
    assert not proof.exists()


async def test_mail_goes_by_the_server_of_this_machine_alone(world: World, secret: Path) -> None:
    del secret
    reached: list[str] = []

    async def met(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.append("somebody")
        writer.close()

    async with await asyncio.start_server(met, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        ended = await outcome(world, spec(notifiers=(Plugin("mail", {"to": ("ada@example.org",), "port": port}),)))
    assert ended.status is JobStatus.COMPLETED
    assert "it would act with the rights of the service" in str(ended.reason)
    assert not reached


@pytest.mark.parametrize("way", ["link", "folder", "deep", "environment"])
async def test_no_input_leads_out_of_the_home(world: World, secret: Path, way: str) -> None:
    home = world.home(world.ada)
    job = await world.submit(world.ada, spec())
    place = home / "jobs" / job
    place.mkdir(parents=True)
    if way == "link":
        (place / "inputs").mkdir()
        (place / "inputs" / "data").symlink_to(secret)
    elif way == "folder":
        (place / "inputs").symlink_to(secret.parent)
    elif way == "deep":
        (place / "inputs" / "a" / "b").mkdir(parents=True)
        (place / "inputs" / "a" / "b" / "data").symlink_to(f"../../../../../../{world.bob}/secret")
    else:
        (place / "environment.json").symlink_to(secret)
    async with world.hosting():
        ended = await world.ended(world.ada, job)
    assert ended.status is JobStatus.FAILED
    assert "leads out of" in str(ended.reason)
    assert ended.native_id is None


@pytest.mark.parametrize("path", ["{secret}", "{home}/../{bob}/secret", "/etc/passwd", "/etc/../etc/passwd"])
async def test_no_input_of_a_subjob_is_read_that_was_never_copied(world: World, secret: Path, path: str) -> None:
    path = path.format(secret=secret, home=world.home(world.ada), bob=world.bob)
    ended = await outcome(world, spec(), Share(inputs=(path,)))
    assert ended.status is JobStatus.FAILED
    assert ("submit", 1) not in Systems.accounts[world.ada].calls


async def test_no_output_is_written_through_a_link(world: World, secret: Path) -> None:
    Systems.script = Script(running=1.0, stdout=b"done\n")
    job = await world.submit(world.ada, spec())
    jobs = world.home(world.ada) / "jobs"

    async def reached(status: JobStatus) -> None:
        async with world.store(world.ada) as store, asyncio.timeout(LONG):
            while (await store.get([job]))[0].status is not status:
                await store.wait(await store.last_seq(), 0.2)

    async with world.hosting():
        await reached(JobStatus.RUNNING)
        (jobs / job).symlink_to(secret.parent)
        await reached(JobStatus.COMPLETING)
        await world.ended(world.bob, await world.submit(world.bob, spec()))
        assert sorted(path.name for path in secret.parent.iterdir()) == ["credentials", "jobs", "secret", "staging"]
        (jobs / job).unlink()
        assert (await world.ended(world.ada, job)).status is JobStatus.COMPLETED


async def test_who_exchanges_a_folder_while_output_is_fetched_has_nothing_written_elsewhere(
    world: World, secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await world.submit(world.ada, spec())
    place = world.home(world.ada) / "jobs" / job
    fetch = ScriptedBackend.fetch

    async def exchanging(self: ScriptedBackend, retrievals: Sequence[Retrieval], /) -> Mapping[NativeId, Retrieved]:
        if not list(place.parent.iterdir()):
            place.symlink_to(secret.parent)
        return await fetch(self, retrievals)

    monkeypatch.setattr(ScriptedBackend, "fetch", exchanging)
    async with world.hosting():
        await until(place.is_symlink)
        await world.ended(world.bob, await world.submit(world.bob, spec()))
        assert sorted(path.name for path in secret.parent.iterdir()) == ["credentials", "jobs", "secret", "staging"]
        monkeypatch.setattr(ScriptedBackend, "fetch", fetch)
        place.unlink()
        assert (await world.ended(world.ada, job)).status is JobStatus.COMPLETED
    assert (place / "output-1" / "stdout").read_text() == "done\n"


async def test_no_job_is_submitted_whose_folder_is_a_link(world: World, secret: Path) -> None:
    job = await world.submit(world.ada, spec())
    jobs = world.home(world.ada) / "jobs"
    jobs.mkdir()
    (jobs / job).symlink_to(secret.parent)
    async with world.hosting():
        ended = await world.ended(world.ada, job)
    assert ended.status is JobStatus.FAILED
    assert "is a link, which leads out of" in str(ended.reason)
    assert ended.native_id is None


async def test_the_whole_of_the_homes_folders_cannot_be_moved_elsewhere(world: World, secret: Path) -> None:
    (world.home(world.ada) / "staging").symlink_to(secret.parent)
    await world.submit(world.ada, spec())
    async with world.hosting() as hosting:
        await world.ended(world.bob, await world.submit(world.bob, spec()))
        assert hosting.leading == {(world.bob, SITE)}


@pytest.mark.parametrize(
    "checker", [Plugin("text", {"pattern": "secret", "file": "x"}), Plugin("files", {"patterns": ("x",)})]
)
async def test_no_checker_looks_at_what_is_not_the_jobs(world: World, secret: Path, checker: Plugin) -> None:
    job = await world.submit(world.ada, spec(checkers=(checker,)))
    output = world.home(world.ada) / "jobs" / job / "output-1"
    output.mkdir(parents=True)
    (output / "x").symlink_to(secret)
    async with world.hosting():
        ended = await world.ended(world.ada, job)
    assert ended.status is JobStatus.FAILED
    assert PRECIOUS not in str(ended.reason)


@pytest.mark.parametrize("way", ["checker", "resubmission"])
async def test_an_expression_that_takes_for_ever_holds_up_nobody(
    world: World, secret: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    del secret
    monkeypatch.setattr("ganga.finishing.searching.WITHIN", 3.0)
    Systems.script = Script(running=0.0, stdout=PREY.encode())
    if way == "checker":
        evil = spec(checkers=(Plugin("text", {"pattern": ENDLESS}),))
    else:
        reason = Plugin("text", {"pattern": PREY, "found": False})
        evil = spec(checkers=(reason,), resubmission=Resubmission(attempts=9, reasons=(ENDLESS,)))
    job = await world.submit(world.ada, evil)
    async with world.hosting():
        began = time.monotonic()
        longest = 0.0
        ending = asyncio.create_task(world.ended(world.ada, job))
        while not ending.done():
            before = time.monotonic()
            await asyncio.sleep(0.05)
            longest = max(longest, time.monotonic() - before)
        ended = ending.result()
        assert ended.status is JobStatus.FAILED
        assert ended.attempt == 1
        assert time.monotonic() - began > 3.0
    assert longest < 2.0


async def test_an_expression_that_is_found_resubmits(world: World, secret: Path) -> None:
    del secret
    Systems.script = Script(running=0.0, exit_code=3)
    ended = await outcome(world, spec(resubmission=Resubmission(attempts=2, reasons=("exit code 3",))))
    assert ended.attempt == 2
    other = await outcome(world, spec(resubmission=Resubmission(attempts=2, reasons=("exit code 4",))))
    assert other.attempt == 1


async def test_nobody_shows_the_credentials_of_another(world: World, secret: Path) -> None:
    del secret
    proxy = world.proxy(world.ada)
    proxy.unlink()
    proxy.symlink_to(world.proxy(world.bob))
    job = await world.submit(world.ada, spec())
    async with world.hosting():
        assert "leads to" in await trouble(world, world.ada)
        await world.ended(world.bob, await world.submit(world.bob, spec()))
        assert world.ada not in Systems.shown
        proxy.unlink()
        world.grant(world.ada)
        assert (await world.ended(world.ada, job)).status is JobStatus.COMPLETED
    assert Systems.shown[world.ada] == f"the proxy of {world.ada}"


async def test_a_second_name_of_the_credentials_of_another_is_refused(world: World, secret: Path) -> None:
    del secret
    proxy = world.proxy(world.ada)
    proxy.unlink()
    proxy.hardlink_to(world.proxy(world.bob))
    await world.submit(world.ada, spec())
    async with world.hosting():
        assert "second name" in await trouble(world, world.ada)
    assert world.ada not in Systems.shown


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
async def test_a_file_of_somebody_else_is_refused(world: World, secret: Path) -> None:
    del secret
    os.chown(world.proxy(world.ada), 4711, 4711)
    await world.submit(world.ada, spec())
    async with world.hosting():
        assert "belongs to somebody else" in await trouble(world, world.ada)
    assert world.ada not in Systems.shown


async def test_a_home_that_is_anothers_is_not_served(world: World, secret: Path) -> None:
    del secret
    home = world.home(world.ada)
    home.rename(home.with_name("away"))
    home.symlink_to(world.home(world.bob))
    if os.getuid() == 0:
        os.chown(home, 4711, 4711, follow_symlinks=False)
    await world.submit(world.ada, spec())
    async with world.hosting() as hosting:
        await world.ended(world.bob, await world.submit(world.bob, spec()))
        assert hosting.leading == {(world.bob, SITE)}
