"""The connection to a back end: opened when it is first needed, and tried anew when that failed."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from ganga.backends.base import Backend
from ganga.errors import BackendUnavailable
from ganga.model.ids import TargetName
from ganga.model.policy import Policy

#: Seconds that a back end has to close its connection.
CLOSING_TIME = 5.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Target:
    """One configured account on one system."""

    name: TargetName
    #: The name of its back end, as in the settings.
    backend: str
    policy: Policy
    connect: Callable[[], AbstractAsyncContextManager[Backend]]


class Connection:
    """Opens the back end of a target when it is asked for, in a task of its own, and closes it in the same task.

    Not being able to open it is an answer to each who waits; whoever asks next starts another attempt.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._wanted = asyncio.Event()
        self._closing = asyncio.Event()
        self._opening: asyncio.Future[Backend] | None = None
        self._owner: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._owner = asyncio.create_task(self._own(), name=f"{self._target.name}: connection")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._wanted.set()
        if self._owner is not None:
            await asyncio.wait({self._owner}, timeout=CLOSING_TIME)
            self._owner.cancel()

    @property
    def opened(self) -> Backend | None:
        """The back end, if it is connected now."""
        opening = self._opening
        if opening is None or not opening.done() or opening.cancelled() or opening.exception() is not None:
            return None
        return opening.result()

    async def backend(self) -> Backend:
        """The back end. Raises what opening it raised."""
        if self._opening is None:
            self._opening = asyncio.get_running_loop().create_future()
            self._wanted.set()
        return await asyncio.shield(self._opening)

    async def _own(self) -> None:
        try:
            while True:
                await self._wanted.wait()
                self._wanted.clear()
                if self._closing.is_set():
                    return
                await self._open()
        finally:
            self._refuse(BackendUnavailable(f"{self._target.name}: the connection is closing"))

    async def _open(self) -> None:
        opening = self._opening
        if opening is None:
            return
        try:
            async with self._target.connect() as backend:
                opening.set_result(backend)
                await self._closing.wait()
        except Exception as error:  # noqa: BLE001 - told to those who wait for it, and costs only its own target
            if opening.done():
                _log.exception("the connection to %s was lost", self._target.name)
            self._refuse(error)
        finally:
            if opening.done():
                self._opening = None

    def _refuse(self, error: Exception) -> None:
        opening = self._opening
        if opening is not None and not opening.done():
            opening.set_exception(error)
            # Looked at here, since those who wait may have gone away.
            opening.exception()
