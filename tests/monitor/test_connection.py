"""A connection is opened when needed, once, in a task of its own; a failure is an answer to each who waits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest

from ganga.backends.base import Backend
from ganga.errors import BackendUnavailable
from ganga.model.ids import TargetName
from ganga.model.policy import Policy
from ganga.monitor.connection import Connection, Target


class Site:
    """Opens and closes a back end that is never asked anything."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.opened = 0
        self.closed = 0
        self.backend = cast("Backend", object())

    def target(self) -> Target:
        return Target(TargetName("site"), "scripted", Policy(), self.connect)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Backend]:
        await asyncio.sleep(0)
        if self.failures:
            self.failures -= 1
            raise BackendUnavailable("site: the gate is shut")
        self.opened += 1
        try:
            # A time limit that is left in another task than it was entered in raises: the owner must do both.
            async with asyncio.timeout(None):
                yield self.backend
        finally:
            self.closed += 1


async def test_opens_once_for_all_who_wait() -> None:
    site = Site()
    async with Connection(site.target()) as connection:
        before = connection.opened
        assert before is None
        backends = await asyncio.gather(*(connection.backend() for _ in range(5)))
        assert backends == [site.backend] * 5
        assert connection.opened is site.backend
        assert (site.opened, site.closed) == (1, 0)
    assert (site.opened, site.closed) == (1, 1)


async def test_never_opens_what_nobody_needs() -> None:
    site = Site()
    async with Connection(site.target()):
        await asyncio.sleep(0)
    assert site.opened == 0


async def test_a_failure_is_told_to_all_and_the_next_one_tries_again() -> None:
    site = Site(failures=1)
    async with Connection(site.target()) as connection:
        results = await asyncio.gather(*(connection.backend() for _ in range(3)), return_exceptions=True)
        assert [type(result) for result in results] == [BackendUnavailable] * 3
        assert connection.opened is None
        assert await connection.backend() is site.backend


async def test_whoever_waits_while_it_closes_is_told() -> None:
    @asynccontextmanager
    async def never() -> AsyncIterator[Backend]:
        await asyncio.Event().wait()
        yield cast("Backend", object())

    async with Connection(Target(TargetName("slow"), "scripted", Policy(), never)) as connection:
        waiting = asyncio.create_task(connection.backend())
        await asyncio.sleep(0)
        connection._closing.set()
        assert connection._owner is not None
        connection._owner.cancel()
        with pytest.raises(BackendUnavailable, match="closing"):
            await waiting


async def test_cancelling_one_who_waits_costs_the_others_nothing() -> None:
    site = Site()
    async with Connection(site.target()) as connection:
        first, second = (asyncio.create_task(connection.backend()) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        assert await second is site.backend
