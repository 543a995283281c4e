"""The connection to a back end: opened when it is first needed, and tried anew when that failed."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from ganga.backends.base import Backend
from ganga.model.ids import TargetName
from ganga.model.policy import Policy


@dataclass(frozen=True, slots=True)
class Target:
    """One configured account on one system."""

    name: TargetName
    #: The name of its back end, as in the settings.
    backend: str
    policy: Policy
    connect: Callable[[], AbstractAsyncContextManager[Backend]]


class Connection:
    """Opens the back end of a target at most once at a time. Not being able to is an answer to each who asked."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._stack = AsyncExitStack()
        self._backend: Backend | None = None
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @property
    def opened(self) -> Backend | None:
        """The back end if it is connected already."""
        return self._backend

    async def backend(self) -> Backend:
        """The back end. Raises what its `connect` raises."""
        async with self._opening:
            if self._backend is None:
                self._backend = await self._stack.enter_async_context(self._target.connect())
            return self._backend
