"""Opening the database file: who may read it, how it is journalled, and that it is one of ours."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from time import monotonic, sleep
from typing import TypeVar

from ganga.errors import StoreDamaged, StoreUnavailable
from ganga.store.schema import create_private, current_version, migrate, require_newest
from ganga.store.sqlite_errors import is_busy

_Result = TypeVar("_Result")

#: Seconds between two tries of what SQLite itself does not wait for.
_PAUSE = 0.01

#: Bytes of the smallest database. What is smaller SQLite takes for an empty one, and writes over it.
_SMALLEST = 512


@dataclass(frozen=True, slots=True)
class Database:
    """A database file and how to open it."""

    path: Path
    #: Seconds to wait for a lock that another process holds.
    patience: float = 5.0
    read_only: bool = False
    #: The type of the network file system that the file lies on, or None for a local disk.
    network: str | None = None

    def make(self) -> None:
        """Make the file, private to the user, and its folder unless they exist. Raises `StoreUnavailable`."""
        try:
            if not self.read_only:
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                create_private(self.path)
            size = self.path.stat().st_size
        except FileNotFoundError as error:
            raise StoreUnavailable(f"there is no store at {self.path}; submit a job, or name another file") from error
        except OSError as error:
            raise StoreUnavailable(
                f"the store {self.path} cannot be opened ({error.strerror}); "
                "make its folder writable, or name another file"
            ) from error
        if 0 < size < _SMALLEST:
            raise StoreDamaged(f"{self.path} is not a store, it has {size} bytes only; name another file")

    def writer(self) -> sqlite3.Connection:
        """A connection for writing, to a store of the newest version."""
        self.make()
        with _closed_on_error(self._connect()) as connection:
            self._settle(connection)
            if self.read_only:
                require_newest(connection, self.path)
            else:
                # Nothing is changed in a database that is not ours to change.
                current_version(connection, self.path)
                self._patiently(lambda: self._journal(connection))
                migrate(connection, self.path)
            return connection

    def reader(self) -> sqlite3.Connection:
        """A connection for reading, while there is one for writing."""
        with _closed_on_error(self._connect()) as connection:
            self._settle(connection)
            connection.create_function("fits", 2, fnmatchcase, deterministic=True)
            connection.execute("PRAGMA query_only = ON")
            return connection

    def _connect(self) -> sqlite3.Connection:
        uri = f"{self.path.absolute().as_uri()}?mode={'ro' if self.read_only else 'rw'}"
        return sqlite3.connect(uri, timeout=self.patience, isolation_level=None, uri=True)

    def _settle(self, connection: sqlite3.Connection) -> None:
        connection.execute(f"PRAGMA synchronous = {'FULL' if self.network else 'NORMAL'}")

    def _journal(self, connection: sqlite3.Connection) -> None:
        connection.execute(f"PRAGMA journal_mode = {'TRUNCATE' if self.network else 'WAL'}")

    def _patiently(self, work: Callable[[], _Result]) -> _Result:
        """Several processes that open a new store at once get in each other's way where SQLite does not wait."""
        deadline = monotonic() + self.patience
        while True:
            try:
                return work()
            except sqlite3.OperationalError as error:
                if not is_busy(error) or monotonic() > deadline:
                    raise
                sleep(_PAUSE)


@contextmanager
def _closed_on_error(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    try:
        yield connection
    except BaseException:
        connection.close()
        raise
