"""One connection to one host for all who speak to it in this process, made again when it was lost, but not too soon."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from random import Random
from time import monotonic
from typing import Final, TypeVar
from weakref import WeakKeyDictionary

import asyncssh

from ganga.backends.batch.ssh.connecting import Host, NotLetIn, connect, options_of
from ganga.backends.batch.ssh.sessions import Sessions
from ganga.errors import BackendUnavailable

_T = TypeVar("_T")

#: Seconds before the next try after the first failure, and at most, where the host was not there and where it has
#: turned us away: sites shut out those who knock too often.
_AWAY: Final = (1.0, 60.0)
_TURNED_AWAY: Final = (10.0, 300.0)
#: Seconds over which those are spread who lost their connections at once, and come back at once.
_SPREAD: Final = 1.0
#: Seconds that a question waits for the next try; where that is farther away, it fails at once.
_WAIT: Final = 2.0
#: Seconds that a connection has to last to count as a good one.
_GOOD: Final = 60.0


class Link:
    """The connection to a host."""

    def __init__(self, host: Host, *, random: Random | None = None, now: Callable[[], float] = monotonic) -> None:
        self.host = host
        self.users = 0
        self._random = random or Random()  # noqa: S311 - jitter is no secret
        self._now = now
        self._turn = asyncio.Lock()
        self._sessions: Sessions | None = None
        self._made_at = now()
        self._next_try = now()
        self._failures = 0
        self._why: BackendUnavailable | None = None
        self._errands: set[asyncio.Task[None]] = set()

    @property
    def by_tickets(self) -> bool:
        """Whether the host has let us in by Kerberos tickets, as far as there is a connection."""
        return self._sessions is not None and self._sessions.by_tickets

    async def open(
        self,
        opening: Callable[[asyncssh.SSHClientConnection], Awaitable[_T]],
        discard: Callable[[_T], None],
        within: float,
    ) -> tuple[Sessions, _T]:
        """Open a session within so many seconds, not counted those for a connection; whoever has it gives it back to
        `Sessions.close`. Raises `BackendUnavailable`, and `asyncssh.Error` for a session that the host does not offer.
        """
        sessions = await self._connected()
        try:
            async with asyncio.timeout(within):
                return sessions, await sessions.open(opening, discard)
        except TimeoutError as error:
            raise BackendUnavailable(f"{self.host.name} opens no session within {within:g} seconds") from error
        except (asyncssh.Error, OSError) as error:
            if not sessions.lost:
                raise
            raise BackendUnavailable(f"the connection to {self.host.name} was lost: {error}") from error

    def later(self, errand: Coroutine[None, None, None]) -> None:
        """Do something that nobody waits for, while the link is open."""
        task = asyncio.get_running_loop().create_task(errand)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def close(self) -> None:
        """End the connection, with all that is under way on it."""
        errands = list(self._errands)
        if errands:
            await asyncio.wait(errands, timeout=_WAIT)
        for task in errands:
            task.cancel()
        await asyncio.gather(*errands, return_exceptions=True)
        if self._sessions is not None:
            await self._sessions.hang_up()

    async def _connected(self) -> Sessions:
        async with self._turn:
            if self._sessions is not None and self._sessions.lost:
                self._note_loss()
            if self._sessions is None:
                await self._wait_for_next_try()
                self._sessions = Sessions(await self._connect(), self._random)
            return self._sessions

    async def _connect(self) -> asyncssh.SSHClientConnection:
        try:
            connection = await connect(self.host)
        except BackendUnavailable as error:
            self._note_failure(error)
            raise
        self._made_at = self._now()
        return connection

    def _note_loss(self) -> None:
        self._sessions = None
        if self._now() - self._made_at < _GOOD:
            self._note_failure(BackendUnavailable(f"the connection to {self.host.name} was lost again and again"))
        else:
            self._failures = 0
            self._next_try = self._now() + self._random.uniform(0, _SPREAD)

    def _note_failure(self, error: BackendUnavailable) -> None:
        first, most = _TURNED_AWAY if isinstance(error, NotLetIn) else _AWAY
        pause = min(first * 2.0 ** min(self._failures, 30), most)
        self._failures += 1
        self._next_try = self._now() + pause * self._random.uniform(0.5, 1.0)
        self._why = error

    async def _wait_for_next_try(self) -> None:
        pause = self._next_try - self._now()
        if pause > _WAIT:
            raise BackendUnavailable(f"{self._why} (the next try is in {pause:.0f} s)")
        if pause > 0:
            await asyncio.sleep(pause)


#: The links that are open, by the event loop, since a connection belongs to one, and by whom they lead to.
_LINKS: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, dict[object, Link]]] = WeakKeyDictionary()


@asynccontextmanager
async def shared_link(host: Host) -> AsyncIterator[Link]:
    """The link to a host, which is closed when nobody uses it any more. Raises `BackendUnavailable`."""
    options, _ = await options_of(host)
    links = _LINKS.setdefault(asyncio.get_running_loop(), {})
    key = (options.username, options.host, options.port, str(options.tunnel), host.config)
    link = links.setdefault(key, Link(host))
    link.users += 1
    try:
        yield link
    finally:
        link.users -= 1
        if not link.users:
            links.pop(key, None)
            await link.close()
