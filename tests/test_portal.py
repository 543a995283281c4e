import asyncio
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from ganga.errors import UsageError
from ganga.portal import Portal


class Room:
    """What the portals of these tests open."""

    def __init__(self) -> None:
        self.open = False

    @asynccontextmanager
    async def entered(self) -> AsyncIterator["Room"]:
        self.open = True
        yield self
        self.open = False


async def count(to: int) -> AsyncIterator[int]:
    for number in range(to):
        yield number


def test_a_coroutine_runs_on_the_loop_of_the_portal() -> None:
    async def where() -> str:
        return threading.current_thread().name

    room = Room()
    portal = Portal(room.entered)
    assert room.open
    assert portal.call(where()) == "ganga"
    portal.close()
    portal.close()
    assert not room.open


async def test_it_works_where_a_loop_runs_already() -> None:
    portal = Portal(Room().entered)
    assert portal.call(asyncio.sleep(0, "here")) == "here"
    portal.close()


def test_what_a_coroutine_raises_is_raised() -> None:
    async def fail() -> None:
        raise TimeoutError("late")

    portal = Portal(Room().entered)
    with pytest.raises(TimeoutError, match="late"):
        portal.call(fail())
    portal.close()


def test_what_opening_and_closing_raise_is_raised() -> None:
    def shut() -> AbstractAsyncContextManager[None]:
        raise UsageError("locked")

    @asynccontextmanager
    async def stuck() -> AsyncIterator[None]:
        yield
        raise UsageError("jammed")

    with pytest.raises(UsageError, match="locked"):
        Portal(shut)
    portal = Portal(stuck)
    with pytest.raises(UsageError, match="jammed"):
        portal.close()


def test_items_come_as_they_are_in_batches_of_any_size() -> None:
    portal = Portal(Room().entered)
    for size in (1, 3, 10, 11):
        assert list(portal.iterate(count(10), at_once=size)) == list(range(10))
    portal.close()


def test_a_closed_portal_says_so() -> None:
    portal = Portal(Room().entered)
    portal.close()
    with pytest.raises(UsageError, match="closed"):
        portal.call(asyncio.sleep(0))


def test_in_its_own_loop_it_refuses_rather_than_hang() -> None:
    portal = Portal(Room().entered)

    async def nested() -> None:
        portal.call(asyncio.sleep(0))

    with pytest.raises(UsageError, match="own event loop"):
        portal.call(nested())
    portal.close()


def test_closing_ends_what_others_wait_for() -> None:
    portal = Portal(Room().entered)
    begun = threading.Event()
    ended: list[BaseException] = []

    async def forever() -> None:
        begun.set()
        await asyncio.Event().wait()

    def call() -> None:
        try:
            portal.call(forever())
        except BaseException as error:  # noqa: BLE001 - looked at below
            ended.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    begun.wait()
    portal.close()
    thread.join()
    assert isinstance(ended[0], asyncio.CancelledError | UsageError)


def test_an_interrupt_cancels_the_coroutine_and_waits_for_its_end() -> None:
    portal = Portal(Room().entered)
    story: list[str] = []

    async def long() -> None:
        story.append("begun")
        signal.raise_signal(signal.SIGINT)
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            story.append("cleaned up")

    # Again and again: the interrupt may come before the call has begun to wait.
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            portal.call(long())
        assert story == ["begun", "cleaned up"]
        story.clear()
    assert portal.call(asyncio.sleep(0, "still there")) == "still there"
    portal.close()


def test_a_program_that_forgets_to_close_ends_and_closes() -> None:
    program = """
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from ganga.portal import Portal

@asynccontextmanager
async def room():
    yield 1
    print("closed")

Portal(room)
print("end")
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=100, check=True)
    assert (result.stdout, result.stderr) == ("end\nclosed\n", "")
