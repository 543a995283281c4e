"""A PostgreSQL for all, each client by a line of its own; the server itself can be restarted, filled and replaced."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from secrets import token_hex
from typing import Final

import psutil

from ganga.store.base import Store
from ganga.store.postgres.store import open_postgres
from tests.chaos.link import Condition, Link, open_link
from tests.chaos.plan import Fault, Kind
from tests.chaos.stores import Shop, slow_disks, slowed_down
from tests.faults.disk import Disk, NotMounted, mounted
from tests.live.dirac_server.processes import free_ports
from tests.live.postgres_server.install import check
from tests.live.postgres_server.server import PostgresServer

#: Enough for a server with its write-ahead log.
MEBIBYTES: Final = 400
ROLE: Final = "chaos"
#: Seconds between two looks at a standby, and until all processes of a server have read its settings.
_LOOK: Final = 0.1
_HEARSAY: Final = 1.0

_LINES: Final[Mapping[Kind, Condition]] = {
    Kind.STORE_SILENT: Condition.SILENT,
    Kind.STORE_RESET: Condition.RESET,
    Kind.STORE_DEAF: Condition.DEAF,
    Kind.STORE_SNIP: Condition.SNIP,
    Kind.STORE_SLOW: Condition.SLOW,
}
#: How the server is stopped; None is SIGKILL of the postmaster.
_STOPS: Final[Mapping[Kind, str | None]] = {
    Kind.RESTART_FAST: "fast",
    Kind.RESTART_IMMEDIATE: "immediate",
    Kind.RESTART_KILL: None,
}


class PostgresShop:
    """A `Shop`; made by `postgres_shop`."""

    apart = True

    def __init__(self, server: PostgresServer, folder: Path, database: str, password: str, disk: Disk | None) -> None:
        self._server = server
        self._folder = folder
        self._database = database
        self._disk = disk
        self._server_turn = asyncio.Lock()
        #: By the names of the clients.
        self.links: dict[str, Link] = {}
        self.environment: Mapping[str, str] = {"PGPASSWORD": password}
        disks = {Kind.DISK} if disk else set()
        slow, self.excuses = slow_disks()
        self.kinds = frozenset({*_LINES, *_STOPS, Kind.FAILOVER, *disks, *slow})

    def section(self, client: str) -> str:
        """See `Shop.section`."""
        return f'url = "{self._server.tcp_url(self._database, ROLE, port=self.links[client].port)}"'

    def open(self) -> AbstractAsyncContextManager[Store]:
        """See `Shop.open`."""
        return open_postgres(self._server.url(self._database, ROLE), patience=60.0)

    @property
    def port(self) -> int:
        """Of the server, whichever it is by now."""
        return self._server.port

    def stop(self) -> None:
        """End the server, whichever it is by now, and keep what it has said."""
        self._server.stop("immediate")
        shutil.copy(self._server.log, self._folder / "server.log")

    def struck(self, fault: Fault) -> AbstractAsyncContextManager[None]:
        """See `Shop.struck`."""
        if fault.kind in _LINES:
            return self._line(list(self.links.values())[fault.host], _LINES[fault.kind])
        return self._alone(fault)

    @asynccontextmanager
    async def _alone(self, fault: Fault) -> AsyncIterator[None]:
        """What strikes the server may take longer than planned."""
        match fault.kind:
            case Kind.FAILOVER:
                strike = self._replaced()
            case Kind.DISK:
                strike = self._filled()
            case Kind.DISK_SLOW:
                strike = slowed_down(self._processes, fault, self._folder)
            case stop:
                strike = self._stopped(_STOPS[stop])
        async with self._server_turn, strike:
            yield

    def _processes(self) -> Sequence[int]:
        """All of the server; those that it starts are slow, too."""
        assert self._server.pid is not None, "whoever stopped it has started it again"
        postmaster = psutil.Process(self._server.pid)
        return [postmaster.pid, *(child.pid for child in postmaster.children(recursive=True))]

    @asynccontextmanager
    async def _line(self, link: Link, condition: Condition) -> AsyncIterator[None]:
        await link.become(condition)
        try:
            yield
        finally:
            await link.become(Condition.WHOLE)

    @asynccontextmanager
    async def _stopped(self, mode: str | None) -> AsyncIterator[None]:
        await asyncio.to_thread(self._server.kill if mode is None else lambda: self._server.stop(mode))
        try:
            yield
        finally:
            await asyncio.to_thread(self._server.start)

    @asynccontextmanager
    async def _replaced(self) -> AsyncIterator[None]:
        """Nothing that was committed is lost: the standby has it before anybody is told."""
        folder = self._folder / "standby"
        folder.mkdir()
        old, standby = self._server, await asyncio.to_thread(self._server.replica, folder)
        await asyncio.to_thread(_wait_for_standby, old)
        await asyncio.to_thread(old.kill)
        try:
            yield
        finally:
            await asyncio.to_thread(standby.promote)
            self._server = standby
            for link in self.links.values():
                link.to = standby.port
                link.reset()

    @asynccontextmanager
    async def _filled(self) -> AsyncIterator[None]:
        """A server that cannot write its log goes down, and is started again when there is room."""
        assert self._disk is not None
        await asyncio.to_thread(self._disk.fill)
        try:
            yield
        finally:
            self._disk.free()
            await asyncio.to_thread(self._server.restart, "immediate")


def _wait_for_standby(server: PostgresServer) -> None:
    """Until then some that commit do not know yet that they have to wait for the standby."""
    while ("sync",) not in server.run("SELECT sync_state FROM pg_stat_replication"):
        time.sleep(_LOOK)
    time.sleep(_HEARSAY)


@asynccontextmanager
async def postgres_shop(folder: Path, clients: Sequence[str]) -> AsyncIterator[Shop]:
    """A server of the run's own. Raises `NotInstalled` and `NotStarted`."""
    check()
    async with AsyncExitStack() as stack:
        shop = await asyncio.to_thread(_made, folder, stack)
        stack.callback(shop.stop)
        for client in clients:
            shop.links[client] = await stack.enter_async_context(open_link(shop.port))
        yield shop


def _made(folder: Path, stack: AsyncExitStack) -> PostgresShop:
    # The server runs as another user.
    folder.chmod(0o711)
    disk, excuses = _disk(folder / "server", stack)
    # Without, a server that dies has forgotten what it said a moment ago.
    server = PostgresServer(folder / "server", free_ports(1)[0], durable=True)
    server.make()
    server.start()
    password = token_hex(8)
    server.new_role(ROLE, password)
    database = server.new_database()
    server.run(f"ALTER DATABASE {database} OWNER TO {ROLE}")
    shop = PostgresShop(server, folder, database, password, disk)
    shop.excuses = [*excuses, *shop.excuses]
    return shop


def _disk(folder: Path, stack: AsyncExitStack) -> tuple[Disk | None, Sequence[str]]:
    try:
        return stack.enter_context(mounted(folder, MEBIBYTES)), ()
    except NotMounted as error:
        folder.mkdir(exist_ok=True)
        return None, (str(error),)
