"""Processes that something else started."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from ganga.backends.local import processes
from ganga.errors import UsageError
from ganga.model.ids import NativeId
from ganga.model.status import JobStatus
from tests.backends.local.conftest import Target


@asynccontextmanager
async def _process(*command: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(*command)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def test_a_process_is_followed_to_its_end(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    # Nobody comes to look by himself: the end is told.
    monkeypatch.setattr("ganga.backends.local.backend._LONG_POLL", 3600.0)
    async with _process("sleep", "600") as process:
        [(native_id, seen)] = (await target.backend.adopt([str(process.pid)])).items()
        assert seen.status is JobStatus.RUNNING
        assert (await target.polled(native_id)).status is JobStatus.RUNNING
        process.terminate()
        await process.wait()
        end = await target.ended(native_id)
        assert end.status is JobStatus.FAILED
        assert end.signal == 15 or "cannot be known" in str(end.reason)
        assert await target.polled(native_id) == end


async def test_after_a_restart_the_end_is_all_that_is_known(target: Target) -> None:
    async with _process("sleep", "600") as process:
        [native_id] = await target.backend.adopt([str(process.pid)])
    await target.close()
    await target.open()
    end = await target.polled(native_id)
    assert (end.status, end.exit_code) == (JobStatus.FAILED, None)
    assert "cannot be known" in str(end.reason)


async def test_an_adopted_process_can_be_killed(target: Target) -> None:
    program = "import signal, time; signal.signal(15, signal.SIG_IGN); print('x', flush=True); time.sleep(600)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    await process.stdout.readline()
    [native_id] = await target.backend.adopt([str(process.pid)])
    await target.backend.kill([native_id])
    await target.backend.kill([native_id])
    assert await process.wait() == -9
    assert (await target.ended(native_id)).status is JobStatus.KILLED
    await target.backend.kill([native_id])
    await target.backend.discard([native_id])


@pytest.mark.parametrize("text", ["", "x", "-1", "0", "1.5", "4711 ", "9" * 400, "٣"])
async def test_what_is_no_number_of_a_process_is_refused(target: Target, text: str) -> None:
    with pytest.raises(UsageError, match="no process id"):
        await target.backend.adopt([text])


async def test_a_process_that_is_not_there_is_refused(target: Target) -> None:
    async with _process("true") as process:
        await process.wait()
    with pytest.raises(UsageError, match=f"no process {process.pid}"):
        await target.backend.adopt([str(process.pid)])


async def test_a_process_of_another_user_is_refused(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "owner", lambda _: os.getuid() + 1)
    with pytest.raises(UsageError, match="another user"):
        await target.backend.adopt([str(os.getpid())])


async def test_a_number_that_is_used_again_is_not_signalled(target: Target) -> None:
    host, boot = processes.machine()
    stale = NativeId(f"pid:{os.getpid()}:1:{boot}:{host}")
    await target.backend.kill([stale])
    assert (await target.polled(stale)).status is JobStatus.FAILED


async def test_a_process_of_another_machine_is_not_spoken_of(target: Target) -> None:
    answer = await target.backend.poll([NativeId(f"pid:{os.getpid()}:1:other:elsewhere")])
    assert not answer.seen
    assert not answer.absent


@pytest.mark.parametrize("pid", [1, os.getpid(), os.getppid()])
async def test_what_everything_runs_on_is_refused(target: Target, pid: int) -> None:
    with pytest.raises(UsageError, match="is no job" if os.getuid() == 0 or pid != 1 else "another user|is no job"):
        await target.backend.adopt([str(pid)])
