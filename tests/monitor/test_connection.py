"""A connection is opened when needed, once, in a task of its own; a failure is an answer to each who waits."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from types import TracebackType
from typing import cast

import pytest

from ganga.backends.base import Backend
from ganga.errors import BackendUnavailable
from ganga.model.ids import TargetName
from ganga.model.policy import Policy
from ganga.monitor.connection import Connection, Target
from tests.monitor.doubles import deaf, virtual


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


class Refusing(AbstractAsyncContextManager[Backend]):
    """A connection that raises when it is opened."""

    def __init__(self, end: BaseException) -> None:
        self._end = end

    async def __aenter__(self) -> Backend:
        raise self._end

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to close."""


def slow(connect: Callable[[], AbstractAsyncContextManager[Backend]], *, within: float = 60.0) -> Target:
    return Target(TargetName("slow"), "scripted", Policy(answer_within=within), connect)


@asynccontextmanager
async def never() -> AsyncIterator[Backend]:
    await asyncio.Event().wait()
    yield cast("Backend", object())


@pytest.mark.parametrize("turns", [1, 5])
async def test_whoever_waits_while_it_closes_is_told(turns: int) -> None:
    connection = Connection(slow(never))
    waiting = asyncio.create_task(connection.backend())
    for _ in range(turns):
        await asyncio.sleep(0)
    await connection.aclose()
    with pytest.raises(BackendUnavailable, match=r"closed|given up"):
        await waiting
    with pytest.raises(BackendUnavailable, match="closed"):
        await connection.backend()


@virtual
async def test_one_that_hangs_while_opening_is_given_up_and_tried_again() -> None:
    async with Connection(slow(never, within=60.0)) as connection:
        for _ in range(2):
            with pytest.raises(BackendUnavailable, match="no connection within 60 seconds"):
                await connection.backend()


async def test_a_time_out_of_its_own_is_told_as_it_is() -> None:
    async with Connection(slow(partial(Refusing, TimeoutError("the gate is slow")))) as connection:
        with pytest.raises(TimeoutError, match="the gate is slow"):
            await connection.backend()


@virtual
async def test_one_that_swallows_its_cancellation_is_left_behind(caplog: pytest.LogCaptureFixture) -> None:
    class Stubborn(AbstractAsyncContextManager[Backend]):
        async def __aenter__(self) -> Backend:
            return cast("Backend", object())

        async def __aexit__(
            self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
        ) -> None:
            await deaf()

    connection = Connection(slow(Stubborn))
    await connection.backend()
    started = asyncio.get_running_loop().time()
    await connection.aclose()
    assert asyncio.get_running_loop().time() - started < 7.0
    assert "slow: connection does not stop; it is left behind" in caplog.text


async def test_a_connection_that_dies_later_is_opened_anew(caplog: pytest.LogCaptureFixture) -> None:
    cut = asyncio.Event()
    opened = 0

    async def cable() -> None:
        await cut.wait()
        raise RuntimeError("cable cut")

    @asynccontextmanager
    async def fragile() -> AsyncIterator[Backend]:
        nonlocal opened
        opened += 1
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(cable())
            yield cast("Backend", object())
            task.cancel()

    async with Connection(slow(fragile)) as connection:
        await connection.backend()
        cut.set()
        while connection.opened is not None:  # noqa: ASYNC110 - the property is what is looked at
            await asyncio.sleep(0)
        cut.clear()
        await connection.backend()
        assert opened == 2
    assert "slow: the connection was lost" in caplog.text


@pytest.mark.parametrize("end", [asyncio.CancelledError("no"), SystemExit(3)])
async def test_one_that_gives_up_by_itself_is_an_answer_too(end: BaseException) -> None:
    async with Connection(slow(partial(Refusing, end))) as connection:
        with pytest.raises(BackendUnavailable, match="given up"):
            await connection.backend()


async def test_cancelling_one_who_waits_costs_the_others_nothing() -> None:
    site = Site()
    async with Connection(site.target()) as connection:
        first, second = (asyncio.create_task(connection.backend()) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        assert await second is site.backend
