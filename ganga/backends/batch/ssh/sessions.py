"""The sessions of one connection: as many at once as the host lets us have."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Final, TypeVar

import asyncssh

_T = TypeVar("_T")

#: Sessions at once: an sshd as it comes has 10, and the user may have some.
MOST: Final = 8
#: Seconds before the only session there may be is tried again.
_PAUSE: Final = 0.2
#: Seconds for a farewell.
_FAREWELL: Final = 1.0
#: What is said of a session that may not be opened, and of one in which the host does not do what we ask.
_REFUSED: Final = frozenset(
    {asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED, asyncssh.OPEN_CONNECT_FAILED, asyncssh.OPEN_RESOURCE_SHORTAGE}
)


class Sessions:
    """Each refusal makes the bound lower by one, and so waits for others to end."""

    def __init__(self, connection: asyncssh.SSHClientConnection, random: Random) -> None:
        self._connection = connection
        self._random = random
        self._free = asyncio.Semaphore(MOST)
        #: How many there may be at once.
        self.bound = MOST

    @property
    def lost(self) -> bool:
        """Whether the connection is gone."""
        return self._connection.is_closed()

    async def open(self, opening: Callable[[asyncssh.SSHClientConnection], Awaitable[_T]]) -> _T:
        """Open one as soon as it may be."""
        await self._free.acquire()
        try:
            while True:
                try:
                    return await opening(self._connection)
                except asyncssh.ChannelOpenError as error:
                    if error.code not in _REFUSED or self.lost:
                        raise
                await self._give_way()
        except BaseException:
            self._free.release()
            raise

    async def close(self, farewell: Callable[[], Awaitable[None]]) -> None:
        """One is over: the next may be opened once the host knows that, too."""
        try:
            async with asyncio.timeout(_FAREWELL):
                await farewell()
        except TimeoutError:
            return
        finally:
            self._free.release()

    async def hang_up(self) -> None:
        """End the connection."""
        self._connection.close()
        try:
            async with asyncio.timeout(_FAREWELL):
                await self._connection.wait_closed()
        except TimeoutError:
            self._connection.abort()

    async def _give_way(self) -> None:
        if self.bound > 1:
            # The place is not given back: there is one less.
            self.bound -= 1
            await self._free.acquire()
        else:
            await asyncio.sleep(_PAUSE * self._random.uniform(1, 2))
