"""The stores that are measured side by side."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

from ganga.store.base import Store
from ganga.store.configured import open_configured
from tests.bench.store import Batch, executemany
from tests.live.postgres_server.install import check
from tests.live.system_packages import NotInstalled

#: Writes these changes behind the event of this number, and returns the seconds that it took.
Bare = Callable[[Sequence[Batch], int], float]


class Spent(NamedTuple):
    """By the server of a database, so far."""

    #: Seconds of the processors.
    work: float
    #: Bytes that its processes have now, what they share counted once.
    memory: int
    transactions: int
    #: Bytes of its log.
    written: int


class Place(Protocol):
    """An empty store, of one kind."""

    name: str
    #: By which other processes find it; see `opened`.
    where: str
    #: The same as a section of ``ganga.toml``.
    settings: str

    @property
    def bare(self) -> Mapping[str, Bare]:
        """The ways to write changes without our care, by name."""
        ...

    def settle(self) -> None:
        """Have done what the database does by itself within a minute after many changes."""
        ...

    def spent(self) -> Spent | None:
        """None where no server is needed."""
        ...


class SQLite:
    """A file."""

    name = "SQLite"

    def __init__(self, path: Path) -> None:
        self.where = str(path)
        self.settings = f"[store]\nfile = {json.dumps(self.where)}\n"
        self.bare: Mapping[str, Bare] = {"executemany": partial(executemany, path)}

    def settle(self) -> None:
        """Nothing."""

    def spent(self) -> None:
        """The monitors do all themselves."""


@contextmanager
def sqlite(folder: Path) -> Iterator[SQLite]:
    """A file in this folder, which goes with it."""
    yield SQLite(folder / "ganga.sqlite")


def opened(where: str) -> AbstractAsyncContextManager[Store]:
    """The store in this file, or at this URL."""
    return open_configured(Path(where), where if "://" in where else None)


def kinds() -> Sequence[Callable[[Path], AbstractContextManager[Place]]]:
    """All that can be had here; what is made is gone at the end."""
    if not _is_there():
        return (sqlite,)
    from tests.bench.scale.postgres import postgres  # noqa: PLC0415 - it needs what is not everywhere

    return (sqlite, postgres)


def _is_there() -> bool:
    try:
        check()
    except NotInstalled as error:
        sys.stderr.write(f"Not measured: {error}\n")
        return False
    return True
