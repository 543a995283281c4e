"""Several processes on one store: what they write is seen in order, and none that stands still holds the others."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from ganga.model.event import EventKind
from ganga.model.ids import Seq
from ganga.store.base import Lease
from ganga.store.postgres.store import open_postgres
from ganga.testing.store_checks.kit import AT, HERE, take

WRITERS = 3
JOBS = 40

PROLOGUE = """
import asyncio, sys
from ganga.errors import LeaseLost
from ganga.model.ids import JobId
from ganga.store.base import Lease
from ganga.store.postgres.store import open_postgres
from ganga.store.postgres.writing import _under
from ganga.testing.store_checks.kit import AT, HERE, new_job, save
"""

WRITE = f"""
async def main():
    async with open_postgres(sys.argv[1], patience=60) as store:
        print("ready", flush=True)
        sys.stdin.readline()
        for _ in range({JOBS}):
            job = await store.create(new_job(2), AT)
            await store.request_kill([job.id, JobId(job.id + ".1")], "ada", AT)
asyncio.run(main())
"""

FREEZE = """
async def main():
    lease = Lease(HERE, 1)
    async def slowly(transaction):
        with _under(lease):
            await transaction.execute("SELECT ganga.hold(%s, %s, %s)", ("postgres", HERE, 1))
            await transaction.rows("UPDATE ganga.counters SET seq = seq + 1 RETURNING seq")
            print("locked", flush=True)
            sys.stdin.readline()
            await transaction.commit()
    async with open_postgres(sys.argv[1], patience=60) as store:
        job = await store.create(new_job(), AT)
        try:
            await store._write(slowly)
        except Exception as error:
            print(type(error).__name__, flush=True)
        else:
            print("written", flush=True)
        try:
            await save(store, lease, job)
        except LeaseLost:
            print("lost", flush=True)
asyncio.run(main())
"""


@contextmanager
def _running(script: str, url: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", PROLOGUE + script, url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def _say(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def _hear(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


async def test_who_follows_misses_nothing_whoever_writes(url: str) -> None:
    """Two numbers never become visible in the wrong order: a reader who asks for all behind the last that
    it saw has seen all at the end, each once.
    """
    seen: list[Seq] = []
    async with open_postgres(url, patience=60) as reader:
        with ExitStack() as stack:
            writers = [stack.enter_context(_running(WRITE, url)) for _ in range(WRITERS)]
            for writer in writers:
                assert await asyncio.to_thread(_hear, writer) == "ready"
            for writer in writers:
                _say(writer)
            while len(seen) < WRITERS * JOBS * 2:
                assert await reader.wait(seen[-1] if seen else Seq(0), 100)
                seen += [event.seq for event in await reader.events(seen[-1] if seen else Seq(0))]
            assert [await asyncio.to_thread(writer.wait) for writer in writers] == [0] * WRITERS
        assert seen == list(range(1, WRITERS * JOBS * 2 + 1))
        assert await reader.last_seq() == len(seen)


async def test_a_process_frozen_in_the_middle_of_a_write_holds_nobody_and_cannot_write_later(url: str) -> None:
    async with open_postgres(url, patience=60) as store:
        lease = await take(store)
        holder = await store.holder(HERE)
        with _running(FREEZE, url) as frozen:
            assert await asyncio.to_thread(_hear, frozen) == "locked"
            frozen.send_signal(signal.SIGSTOP)
            assert await store.acquire(HERE, "{}", holder) == Lease(HERE, lease.epoch + 1)
            await store.pause(HERE, paused=True, by="ada", at=AT)
            frozen.send_signal(signal.SIGCONT)
            _say(frozen)
            assert [await asyncio.to_thread(_hear, frozen) for _ in range(2)] == ["LeaseLost", "lost"]
        told = [event.kind for event in await store.events(Seq(0))]
        assert told == [EventKind.JOB_CREATED, EventKind.TARGET_PAUSED]
