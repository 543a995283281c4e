"""The sessions of one connection: as many at once as the host lets us have."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
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
#: Why a host opens no session that it may open later.
_REFUSED: Final = frozenset(
    {asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED, asyncssh.OPEN_CONNECT_FAILED, asyncssh.OPEN_RESOURCE_SHORTAGE}
)

#: Ways in by tickets.
_BY_TICKETS: Final = (["gssapi-keyex"], ["gssapi-with-mic"])


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

    @property
    def by_tickets(self) -> bool:
        """Whether the host has let us in by Kerberos tickets: the first way in of those that are left is the one."""
        return self._connection.get_server_auth_methods()[:1] in _BY_TICKETS

    async def open(
        self, opening: Callable[[asyncssh.SSHClientConnection], Awaitable[_T]], discard: Callable[[_T], None]
    ) -> _T:
        """Open one as soon as it may be. One that is opened after nobody waits for it any more is discarded."""
        await self._free.acquire()
        while True:
            task = asyncio.ensure_future(opening(self._connection))
            try:
                return await asyncio.shield(task)
            except asyncio.CancelledError:
                # The host may open it all the same, and would count it for ever.
                task.add_done_callback(partial(self._opened_late, discard))
                raise
            except asyncssh.ChannelOpenError as error:
                if error.code not in _REFUSED or self.lost:
                    self._free.release()
                    raise
            except BaseException:
                self._free.release()
                raise
            await self._give_way()

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

    def _opened_late(self, discard: Callable[[_T], None], task: "asyncio.Future[_T]") -> None:
        self._free.release()
        if not task.cancelled() and task.exception() is None:
            discard(task.result())

    async def _give_way(self) -> None:
        if self.bound > 1:
            # The place is not given back: there is one less.
            self.bound -= 1
            await self._free.acquire()
            return
        try:
            await asyncio.sleep(_PAUSE * self._random.uniform(1, 2))
        except asyncio.CancelledError:
            self._free.release()
            raise
