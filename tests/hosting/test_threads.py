"""Whoever's calls hang keeps the threads of nobody else."""

import asyncio
import subprocess
import sys
import threading

import pytest

from ganga.hosting.threads import EACH, ThreadsOfOwners
from ganga.monitor.subject import serves


async def test_an_owner_whose_calls_hang_holds_up_nobody() -> None:
    threads, mended = ThreadsOfOwners(), threading.Event()
    asyncio.get_running_loop().set_default_executor(threads)

    async def for_owner(owner: str, *, hangs: bool) -> str:
        serves(owner)
        await asyncio.to_thread(mended.wait) if hangs else await asyncio.to_thread(lambda: None)
        return threading.current_thread().name

    hanging = [asyncio.create_task(for_owner("ada", hangs=True)) for _ in range(3 * EACH)]
    await asyncio.sleep(0)
    await asyncio.create_task(for_owner("bob", hangs=False))
    await asyncio.to_thread(lambda: None)
    assert not any(task.done() for task in hanging)
    mended.set()
    await asyncio.gather(*hanging)


async def test_the_threads_of_an_owner_are_their_own() -> None:
    threads = ThreadsOfOwners()
    asyncio.get_running_loop().set_default_executor(threads)

    async def named(owner: str | None) -> str:
        if owner is not None:
            serves(owner)
        return await asyncio.to_thread(lambda: threading.current_thread().name)

    names = [await asyncio.create_task(named(owner)) for owner in ("ada", "bob", None)]
    assert [name.rpartition("_")[0] for name in names] == ["ganga ada", "ganga bob", "ganga"]


async def test_an_owner_who_has_left_gives_up_what_still_waits() -> None:
    threads, mended = ThreadsOfOwners(each=1), threading.Event()
    asyncio.get_running_loop().set_default_executor(threads)
    serves("ada")
    busy = asyncio.create_task(asyncio.to_thread(mended.wait))
    await asyncio.sleep(0)
    waiting = asyncio.create_task(asyncio.to_thread(lambda: None))
    await asyncio.sleep(0)
    threads.let_go("ada")
    with pytest.raises(asyncio.CancelledError):
        await waiting
    mended.set()
    await busy
    assert await asyncio.to_thread(lambda: 7) == 7


async def test_what_a_call_raises_is_raised_where_it_is_awaited() -> None:
    asyncio.get_running_loop().set_default_executor(ThreadsOfOwners())
    serves("ada")
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(lambda: 1 // 0)


async def test_an_owner_has_so_many_threads_at_most() -> None:
    asyncio.get_running_loop().set_default_executor(ThreadsOfOwners())
    serves("eve")
    calls = [asyncio.to_thread(lambda: threading.current_thread().name) for _ in range(20)]
    assert {name.rpartition("_")[0] for name in await asyncio.gather(*calls)} == {"ganga eve"}
    assert sum(thread.name.startswith("ganga eve") for thread in threading.enumerate()) <= EACH


#: Ends while a call of ada hangs.
_ENDING = """
import asyncio, threading
from ganga.hosting.threads import ThreadsOfOwners
from ganga.monitor.subject import serves

begun = threading.Event()

def hang():
    begun.set()
    threading.Event().wait()

async def main():
    asyncio.get_running_loop().set_default_executor(ThreadsOfOwners())
    serves("ada")
    hanging = asyncio.create_task(asyncio.to_thread(hang))
    await asyncio.to_thread(begun.wait)
    hanging.cancel()

asyncio.run(main())
"""


def test_a_service_ends_while_the_calls_of_an_owner_hang() -> None:
    assert subprocess.run([sys.executable, "-c", _ENDING], timeout=100, check=False).returncode == 0
