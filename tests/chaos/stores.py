"""The stores that a run can have, and what can go wrong with each of them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Final, Protocol

from ganga.store.base import Store
from ganga.store.sqlite import open_sqlite
from tests.chaos.plan import Fault, Kind
from tests.faults.disk import Disk, NotMounted, mounted

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
        self._file = (disk.folder if disk else folder) / "ganga.sqlite"
        self._disk = disk
        self.environment: Mapping[str, str] = {}
        self.kinds = frozenset({Kind.DISK} if disk else ())
        self.excuses = excuses

    def section(self, _client: str) -> str:
        """See `Shop.section`."""
        return f'file = "{self._file}"'

    def open(self) -> AbstractAsyncContextManager[Store]:
        """See `Shop.open`."""
        return open_sqlite(self._file, patience=30.0)

    @asynccontextmanager
    async def struck(self, _fault: Fault) -> AsyncIterator[None]:
        """See `Shop.struck`."""
        assert self._disk is not None
        self._disk.fill()
        try:
            yield
        finally:
            self._disk.free()


@asynccontextmanager
async def sqlite_shop(folder: Path, _clients: Sequence[str]) -> AsyncIterator[Shop]:
    """A store in a file; where no disk can be mounted it cannot be full."""
    try:
        with mounted(folder / "disk", MEBIBYTES) as disk:
            yield SqliteShop(folder, disk, ())
    except NotMounted as error:
        yield SqliteShop(folder, None, (str(error),))
