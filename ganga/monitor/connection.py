"""The connection to a back end: opened when it is first needed, and tried anew when that failed."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from ganga.backends.base import Backend, Identified, Strained
from ganga.errors import BackendUnavailable
from ganga.model.identity import Identity
from ganga.model.ids import TargetName
from ganga.model.policy import Policy
from ganga.monitor.border import Border
from ganga.monitor.hanging import HEEDING, Hanging, leave
from ganga.monitor.instruments import SILENT, Call, Observer
from ganga.monitor.observed import ObservedBorder

#: Seconds that a back end has to close its connection in good order.
CLOSING_TIME = 5.0

_log = logging.getLogger(__name__)


async def _anything_goes() -> None:
    """One's own targets are asked as one likes."""


@dataclass(frozen=True, slots=True)
class Target:
    """One configured account on one system."""

    name: TargetName
    #: The name of its back end, as in the settings.
    backend: str
    policy: Policy
    connect: Callable[[], AbstractAsyncContextManager[Backend]]
    #: A host or an address, where the settings name one.
    where: str = ""
    #: Called whenever the back end is asked for; raises `BackendUnavailable` where it is not to be used now.
    permit: Callable[[], Awaitable[None]] = _anything_goes


class Connection:
    """Opens the back end of a target when it is asked for, in a task of its own, and closes it in the same task.

    Not being able to open it is an answer to each who waits; whoever asks next starts another attempt, also after a
    connection has died. Used as an async context manager, or closed with `aclose`.
    """

    def __init__(self, target: Target, observer: Observer = SILENT) -> None:
        self._target = target
        self._observer = observer
        self._closing = asyncio.Event()
        self._opening: asyncio.Future[Backend] | None = None
        self._owner: asyncio.Task[None] | None = None
        #: Calls of the back end that are hanging.
        self.hanging = Hanging()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close it; takes a little more than `CLOSING_TIME` at most, whatever the back end does."""
        await self.hanging.leave(HEEDING)
        self._closing.set()
        if self._owner is None:
            return
        if self.opened is not None:
            await asyncio.wait({self._owner}, timeout=CLOSING_TIME)
        await leave({self._owner}, HEEDING)
        if self._opening is not None and not self._opening.done():
            self._failed(self._opening, BackendUnavailable(f"{self._target.name}: the connection is closed"))

    @property
    def opened(self) -> Backend | None:
        """The back end, if it is connected now."""
        opening = self._opening
        return opening.result() if opening is not None and opening.done() else None

    @property
    def stuck(self) -> int:
        """Calls and threads of the back end that outlived their time-out and are still hanging."""
        backend: object = self.opened
        return len(self.hanging) + (backend.stuck_threads if isinstance(backend, Strained) else 0)

    @property
    def identity(self) -> Identity | None:
        """Whom the back end takes us for, as far as it is connected and knows."""
        backend: object = self.opened
        return backend.identity if isinstance(backend, Identified) else None

    async def backend(self) -> Backend:
        """The back end. Raises what opening it raised, and `BackendUnavailable` if that takes too long."""
        await self._target.permit()
        if self._closing.is_set():
            raise BackendUnavailable(f"{self._target.name}: the connection is closed")
        if self._opening is None:
            self._opening = asyncio.get_running_loop().create_future()
            self._owner = asyncio.create_task(self._own(self._opening), name=f"{self._target.name}: connection")
        return await asyncio.shield(self._opening)

    async def border(self) -> Border:
        """The verbs of the back end, checked and told to the observer. Raises what `backend` raises."""
        return ObservedBorder(self._target.name, await self.backend(), self._observer)

    async def _own(self, opening: asyncio.Future[Backend]) -> None:
        try:
            async with AsyncExitStack() as stack:
                opening.set_result(await self._entered(stack))
                await self._closing.wait()
        except Exception as error:  # noqa: BLE001 - told to those who wait for it, and costs only its own target
            self._failed(opening, error)
        except (asyncio.CancelledError, SystemExit) as error:
            self._failed(opening, BackendUnavailable(f"{self._target.name}: the connection was given up: {error!r}"))
        finally:
            self._opening = None

    async def _entered(self, stack: AsyncExitStack) -> Backend:
        seconds = self._target.policy.answer_within
        limit = asyncio.timeout(seconds)
        try:
            with self._observer.during(Call(self._target.name, "connect")):
                async with limit:
                    return await stack.enter_async_context(self._target.connect())
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise BackendUnavailable(f"{self._target.name}: no connection within {seconds:g} seconds") from error

    def _failed(self, opening: asyncio.Future[Backend], error: Exception) -> None:
        if opening.done():
            _log.error("%s: the connection was lost", self._target.name, exc_info=error)
            return
        opening.set_exception(error)
        # Looked at here, since those who wait may have gone away.
        opening.exception()
