"""The stores that a run can have, and what can go wrong with each of them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from pathlib import Path
from typing import Final, Protocol

from ganga.store.base import Store
from ganga.store.sqlite import open_sqlite
from tests.chaos.plan import SLOWEST, Fault, Kind
from tests.faults.disk import Disk, NotMounted, mounted
from tests.faults.slow_disk import NotSlowed, check, slowed, users_of
from tests.live.system_packages import NotInstalled

#: Enough for the write-ahead log of SQLite and for a run of some minutes.
MEBIBYTES: Final = 48


class Shop(Protocol):
    """A store as a run sees it."""

    #: What can go wrong with it here.
    kinds: frozenset[Kind]
    #: Why some things cannot.
    excuses: Sequence[str]
    #: Whether the monitors are on hosts that do not see each other's processes.
    apart: bool
    #: What clients need besides their settings.
    environment: Mapping[str, str]

    def section(self, client: str) -> str:
        """The settings by which this client finds it."""
        ...

    def open(self) -> AbstractAsyncContextManager[Store]:
        """The store, past everything that can go wrong."""
        ...

    def struck(self, fault: Fault) -> AbstractAsyncContextManager[None]:
        """While the block lasts, this is wrong with it."""
        ...


class SqliteShop:
    """One file for all, on a disk that can be full."""

    apart = False

    def __init__(self, folder: Path, disk: Disk | None, excuses: Sequence[str]) -> None:
        self._folder = folder
        self._file = (disk.folder if disk else folder) / "ganga.sqlite"
        self._disk = disk
        self.environment: Mapping[str, str] = {}
        slow, why_not = slow_disks()
        self.kinds = slow | ({Kind.DISK} if disk else set())
        self.excuses: Sequence[str] = [*excuses, *why_not]

    def section(self, _client: str) -> str:
        """See `Shop.section`."""
        return f'file = "{self._file}"'

    def open(self) -> AbstractAsyncContextManager[Store]:
        """See `Shop.open`."""
        return open_sqlite(self._file, patience=30.0)

    def struck(self, fault: Fault) -> AbstractAsyncContextManager[None]:
        """See `Shop.struck`."""
        if fault.kind is Kind.DISK_SLOW:
            return slowed_down(lambda: users_of(self._file), fault, self._folder)
        return self._filled()

    @asynccontextmanager
    async def _filled(self) -> AsyncIterator[None]:
        assert self._disk is not None
        self._disk.fill()
        try:
            yield
        finally:
            self._disk.free()


def slow_disks() -> tuple[frozenset[Kind], Sequence[str]]:
    """The kind, where disks can be slowed down; where not, why."""
    try:
        check()
    except (NotInstalled, NotSlowed) as error:
        return frozenset(), (f"{Kind.DISK_SLOW}: {error}",)
    return frozenset({Kind.DISK_SLOW}), ()


@asynccontextmanager
async def slowed_down(writers: Callable[[], Collection[int]], fault: Fault, folder: Path) -> AsyncIterator[None]:
    """While the block lasts, the disk is slow for those who write the store now."""
    seconds, trace = SLOWEST * max(fault.degree, 0.1), folder / f"slow-{fault.at:g}.trace"
    with ExitStack() as stack:
        await asyncio.to_thread(lambda: stack.enter_context(slowed(writers(), seconds, trace)))
        try:
            yield
        finally:
            await asyncio.to_thread(stack.close)


@asynccontextmanager
async def sqlite_shop(folder: Path, _clients: Sequence[str]) -> AsyncIterator[Shop]:
    """A store in a file; where no disk can be mounted it cannot be full."""
    try:
        with mounted(folder / "disk", MEBIBYTES) as disk:
            yield SqliteShop(folder, disk, ())
    except NotMounted as error:
        yield SqliteShop(folder, None, (str(error),))
