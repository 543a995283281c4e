"""One spooler for each folder, there when it is needed and only then."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import ganga
from ganga.backends import local
from ganga.backends.base import Submission
from ganga.backends.local import address
from ganga.errors import BackendUnavailable
from ganga.model.ids import JobId, Tag
from ganga.model.job import JobSpec
from ganga.model.status import JobStatus
from tests.backends.local.conftest import Target, gone, lives, opened, processes_of, until

SETTINGS = local.Settings(jobs_at_once=2, grace=0.3, linger=0.3)


async def test_it_ends_when_nobody_needs_it(tmp_path: Path) -> None:
    async with opened(tmp_path, SETTINGS) as target:
        await target.ended(await target.submit("true"))
        spooler = target.spooler()
        await target.close()
        await gone([spooler])
        assert processes_of(tmp_path) == []
        await target.open()
        assert target.spooler() != spooler


async def test_it_stays_while_a_job_runs_or_a_monitor_is_there(tmp_path: Path) -> None:
    async with opened(tmp_path / "idle", SETTINGS) as idle, opened(tmp_path / "busy", SETTINGS) as busy:
        spoolers = idle.spooler(), busy.spooler()
        job = await busy.submit("sleep", "600")
        await busy.running(job)
        await busy.close()
        # The opposite of an event: nothing happens for much longer than it stays without need.
        await asyncio.sleep(4 * SETTINGS.linger)
        assert all(map(lives, spoolers))
        os.kill(busy.main(job), signal.SIGKILL)
        await gone([busy.spooler()])


async def test_of_two_started_at_once_one_stays(tmp_path: Path) -> None:
    targets = [Target(tmp_path, SETTINGS) for _ in range(3)]
    async with opened(tmp_path, SETTINGS):
        await asyncio.gather(*(target.open() for target in targets))
        spoolers = [process for process in processes_of(tmp_path) if process.ppid() not in _pids(tmp_path)]
        assert [process.pid for process in spoolers] == [targets[0].spooler()]
        await asyncio.gather(*(target.close() for target in targets))


def _socket(folder: Path) -> Path:
    return Path(json.loads((folder / "spooler.json").read_bytes())["socket"])


def _damage_address(folder: Path) -> None:
    (folder / "spooler.json").write_text("{")


def _pids(folder: Path) -> set[int]:
    return {process.pid for process in processes_of(folder)}


async def test_a_second_one_leaves_at_once(target: Target) -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); "
        "from ganga.backends.local import spooling; spooling.main(sys.argv[2:])"
    )
    root = str(Path(ganga.__file__).parent.parent)
    command = (sys.executable, "-I", "-S", "-c", program, root, str(target.folder), "1", "1", "1")
    second = await asyncio.create_subprocess_exec(*command, stderr=subprocess.PIPE)
    assert (await second.communicate())[1] == b""
    assert (await target.ended(await target.submit("true"))).status is JobStatus.COMPLETED


async def test_no_more_jobs_run_at_once_than_allowed(tmp_path: Path) -> None:
    count = f"n=$(ls {tmp_path}/on | wc -l); touch {tmp_path}/on/$$; echo $n; sleep 0.05; rm {tmp_path}/on/$$"
    (tmp_path / "on").mkdir()
    async with opened(tmp_path / "target", SETTINGS) as target:
        jobs = [await target.submit("sh", "-c", count) for _ in range(8)]
        for job in jobs:
            await target.ended(job)
        assert {int(target.output(job)) for job in jobs} <= {0, 1}


async def test_queued_jobs_cost_no_process_and_are_told_as_queued(tmp_path: Path) -> None:
    async with opened(tmp_path / "target", SETTINGS) as target:
        batch = [
            Submission(job=JobId(f"1.{index}"), tag=Tag(f"q-{index}"), spec=JobSpec(command=("sleep", "600")))
            for index in range(500)
        ]
        receipts = await target.backend.submit(batch)
        await target.running(receipts.accepted[Tag("q-0")])
        await target.running(receipts.accepted[Tag("q-1")])
        # A job has the command of its launcher for a moment, until it has one of its own.
        await until(lambda: len(processes_of(target.folder)) == 3)
        answer = await target.backend.poll(list(receipts.accepted.values()))
        assert [seen.status for seen in answer.seen.values()].count(JobStatus.SUBMITTED) == 498
        await target.backend.kill(list(receipts.accepted.values()))
        for native_id in receipts.accepted.values():
            assert (await target.ended(native_id)).status is JobStatus.KILLED


async def test_jobs_start_in_the_order_of_their_submission(tmp_path: Path) -> None:
    async with opened(tmp_path / "target", local.Settings(jobs_at_once=1, linger=0.3)) as target:
        jobs = [await target.submit("sh", "-c", f"echo {index} >> {tmp_path}/order") for index in range(12)]
        for job in jobs:
            await target.ended(job)
    assert (tmp_path / "order").read_text().split() == [str(index) for index in range(12)]


async def test_a_long_path_is_no_obstacle(tmp_path: Path) -> None:
    folder = tmp_path.joinpath(*["a-rather-long-name-of-a-folder"] * 8)
    assert len(str(folder)) > 200
    async with opened(folder, SETTINGS) as target:
        assert (await target.ended(await target.submit("true"))).exit_code == 0


async def test_one_of_another_version_makes_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(tmp_path, SETTINGS) as target:
        job = await target.submit("sleep", "600")
        await target.running(job)
        old = target.spooler()
        await target.close()
        # This monitor is of a version that no spooler has: each that it starts is sent away.
        monkeypatch.setattr(address, "VERSION", "0")
        monkeypatch.setattr("ganga.backends.local.connection._PATIENCE", 1.0)
        with pytest.raises(BackendUnavailable, match="does not answer"):
            await target.open()
        monkeypatch.undo()
        await target.open()
        assert target.spooler() != old
        assert (await target.polled(job)).status is JobStatus.RUNNING


async def test_a_vanished_socket_is_replaced(tmp_path: Path) -> None:
    async with opened(tmp_path, SETTINGS) as target:
        old = target.spooler()
        _socket(tmp_path).unlink()
        await until(lambda: target.spooler() != old)
        assert (await target.ended(await target.submit("true"))).exit_code == 0


async def test_a_damaged_address_is_replaced(tmp_path: Path) -> None:
    async with opened(tmp_path, SETTINGS) as target:
        await target.close()
        await target.end_spooler()
        _damage_address(tmp_path)
        await target.open()
        assert (await target.ended(await target.submit("true"))).exit_code == 0


async def test_nonsense_from_a_client_harms_nobody(target: Target) -> None:
    path = str(_socket(target.folder))
    for words in (b"\xff\n", b"hello\n", b"hello x y z\n", b"kill\n", b"kill ../../x\n", b"queue ../x\n", b"x" * 5000):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(path)
            client.sendall(words)
    spooler = target.spooler()
    assert (await target.ended(await target.submit("true"))).exit_code == 0
    assert target.spooler() == spooler


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BackendUnavailable, match="file"):
        await Target(tmp_path / "file" / "target", SETTINGS).open()


async def test_a_spooler_that_cannot_be_met_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(BackendUnavailable, match="nowhere"):
        await Target(tmp_path / "target", SETTINGS).open()


async def test_a_runtime_folder_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / f"ganga-{os.getuid()}").mkdir()
    (tmp_path / f"ganga-{os.getuid()}").chmod(0o777)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with pytest.raises(BackendUnavailable, match="this user alone"):
        await Target(tmp_path / "target", SETTINGS).open()


async def test_spooler_and_launchers_load_nothing_heavy() -> None:
    root = str(Path(ganga.__file__).parent.parent)
    program = f"import sys; sys.path.insert(0, {root!r}); import ganga.backends.local.spooling; print(*sys.modules)"
    listing = await asyncio.create_subprocess_exec(sys.executable, "-I", "-S", "-c", program, stdout=subprocess.PIPE)
    modules = set((await listing.communicate())[0].decode().split())
    assert not modules & {"msgspec", "asyncio", "logging", "subprocess", "psutil", "threading", "pathlib", "tempfile"}
