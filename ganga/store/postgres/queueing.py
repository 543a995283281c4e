"""Who uses which connection when: a few for everybody, and for each owner one errand at a time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from math import inf
from typing import TypeVar

import psycopg

from ganga.errors import StoreUnavailable
from ganga.store.postgres.link import Errand, Link, translating
from ganga.store.rules import closed

_Result = TypeVar("_Result")


class Links:
    """Some connections, each for one errand at a time; who came first is served first."""

    def __init__(self, links: Sequence[Link]) -> None:
        self.location = links[0].location
        self._every = tuple(links)
        self._idle = list(links)
        self._free = asyncio.Semaphore(len(links))
        self._closed = False

    @property
    def alive(self) -> bool:
        """Whether there is any connection."""
        return any(link.alive for link in self._every)

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[Link]:
        """One that nobody else uses meanwhile, connected already if there is such a one. Raises `StoreUnavailable` when
        all were closed.
        """
        async with self._free:
            if self._closed:
                raise closed(self.location)
            link = max(self._idle, key=lambda idle: idle.alive)
            self._idle.remove(link)
            try:
                yield link
            finally:
                self._idle.append(link)

    async def drop(self) -> None:
        """Disconnect as soon as nobody uses any; the next errand connects again."""
        async with AsyncExitStack() as every:
            for _ in self._every:
                await every.enter_async_context(self._free)
            for link in self._every:
                await link.drop()

    async def close(self) -> None:
        """Disconnect for good; may be repeated."""
        self._closed = True
        await self.drop()


class Queue:
    """The errands of one owner, one after the other. Those who stood behind one that waited in vain do not wait again;
    no other owner is told of that.

    An errand ends by itself: whoever waits for it may be cancelled, and the connection stays in order.
    """

    def __init__(self, links: Links) -> None:
        self.links = links
        self.location = links.location
        self._turn = asyncio.Lock()
        #: When an errand gave up last, by the clock of the event loop, and why.
        self._lost_at = -inf
        self._loss = psycopg.Error()
        self._errands: set[asyncio.Task[object]] = set()
        self._closing = False

    async def run(self, errand: Errand[_Result]) -> _Result:
        """What the errand returns, see `Link.run`. Raises `StoreError`."""
        return await self.run_over(lambda link, since: link.run(errand, since))

    async def run_over(self, work: Callable[[Link, float], Awaitable[_Result]]) -> _Result:
        """The same for work that runs its errand over the given link itself, waited for since the given time."""
        if self._closing:
            raise closed(self.location)
        task = asyncio.create_task(self._run(work), name=f"store {self.location}")
        self._errands.add(task)
        task.add_done_callback(self._forget)
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Finish what was given so far; may be repeated."""
        self._closing = True
        if self._errands:
            await asyncio.wait(self._errands)

    async def _run(self, work: Callable[[Link, float], Awaitable[_Result]]) -> _Result:
        loop = asyncio.get_running_loop()
        began = loop.time()
        with translating(self.location):
            async with self._turn:
                if self._lost_at > began:
                    raise self._loss.with_traceback(None)
                try:
                    async with self.links.taken() as link:
                        return await work(link, began)
                except psycopg.OperationalError as error:
                    self._lost_at, self._loss = loop.time(), error
                    raise
                except StoreUnavailable:
                    self._lost_at, self._loss = loop.time(), psycopg.OperationalError("what came before waited in vain")
                    raise

    def _forget(self, task: asyncio.Task[object]) -> None:
        self._errands.discard(task)
        if not task.cancelled():
            # Nobody may have waited for the end.
            task.exception()
