"""An event loop of its own in a background thread, where other threads, and other loops, have coroutines run."""

import asyncio
import atexit
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager
from typing import Any, Generic, TypeVar

from ganga.errors import UsageError

ResourceT = TypeVar("ResourceT")
ResultT = TypeVar("ResultT")

#: Seconds between two looks at whether the loop is still there.
LOOK = 1.0

#: Seconds that the loop has to end at the end of the program; what it leaves undone, the next process takes up.
FAREWELL = 5.0


class Portal(Generic[ResourceT]):
    """Opens a resource on a loop of its own, and closes it there in the same task. Raises what opening it raises."""

    def __init__(self, opening: Callable[[], AbstractAsyncContextManager[ResourceT]]) -> None:
        self._opening = opening
        self._opened: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event, ResourceT]] = Future()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="ganga", daemon=True)
        self._thread.start()
        self._loop, self._closing, self.resource = self._opened.result()
        atexit.register(self._say_farewell)

    def call(self, coroutine: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Run the coroutine on the loop and wait for its result. An interrupt cancels it, and waits until it
        has ended.
        """
        if not self._thread.is_alive() or threading.current_thread() is self._thread:
            coroutine.close()
            reason = "closed" if not self._thread.is_alive() else "not to be used in its own event loop"
            raise UsageError(f"this session is {reason}; open another with ganga.open()")
        call = _Call(coroutine)
        try:
            self._loop.call_soon_threadsafe(call.start)
            self._wait(call.ended)
        except BaseException:
            self._loop.call_soon_threadsafe(call.cancel)
            self._wait(call.ended)
            raise
        return call.result()

    def iterate(self, items: AsyncIterator[ResultT], *, at_once: int) -> Iterator[ResultT]:
        """The items of an asynchronous iterator, so many of which are waited for in one go."""
        while batch := self.call(_take(items, at_once)):
            yield from batch

    def close(self) -> None:
        """Close the resource and end the loop; closing twice is once. Raises what closing raises."""
        atexit.unregister(self._say_farewell)
        self._end(None)
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - the border: whoever waits is told
            if self._opened.done():
                self._failure = error
            else:
                self._opened.set_exception(error)

    async def _serve(self) -> None:
        async with self._opening() as resource:
            closing = asyncio.Event()
            self._opened.set_result((asyncio.get_running_loop(), closing, resource))
            await closing.wait()

    def _wait(self, ended: threading.Event) -> None:
        while not ended.wait(LOOK):
            if not self._thread.is_alive():
                raise UsageError("this session was closed meanwhile; open another with ganga.open()")

    def _end(self, seconds: float | None) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._closing.set)
            self._thread.join(seconds)

    def _say_farewell(self) -> None:
        self._end(FAREWELL)


class _Call(Generic[ResultT]):
    """A coroutine on its way to the loop; all but `ended` and `result` is for the loop's thread."""

    def __init__(self, coroutine: Coroutine[Any, Any, ResultT]) -> None:
        self.ended = threading.Event()
        self._coroutine = coroutine
        self._tasks: list[asyncio.Task[ResultT]] = []

    def start(self) -> None:
        task = asyncio.get_running_loop().create_task(self._coroutine)
        task.add_done_callback(lambda _: self.ended.set())
        self._tasks.append(task)

    def cancel(self) -> None:
        """An interrupt may come before the loop was told to start: then there is nothing to wait for."""
        for task in self._tasks:
            task.cancel()
        if not self._tasks:
            self._coroutine.close()
            self.ended.set()

    def result(self) -> ResultT:
        [task] = self._tasks
        return task.result()


async def _take(items: AsyncIterator[ResultT], count: int) -> list[ResultT]:
    taken: list[ResultT] = []
    async for item in items:
        taken.append(item)
        if len(taken) == count:
            break
    return taken
