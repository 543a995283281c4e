"""Which store it is: a file, or a database on a server."""

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ganga.errors import ConfigurationError
from ganga.store.sqlite import SqliteStore, open_sqlite

if TYPE_CHECKING:
    from ganga.store.postgres.sharing import SharedStores
    from ganga.store.postgres.store import PostgresStore


def open_configured(
    file: Path, url: str | None = None, owner: str | None = None, *, read_only: bool = False, passing: bool = False
) -> AbstractAsyncContextManager["SqliteStore | PostgresStore"]:
    """The store at the URL, with the jobs of this owner, or without a URL the one in the file.

    With `read_only`, nothing can be written, and neither a file nor a table is made; with `passing` it may take part in
    a move. Raises `ConfigurationError`.
    """
    if url is None:
        return open_sqlite(file, read_only=read_only, passing=passing)
    with explained():
        # Loaded where it is needed: it comes with an extra.
        from ganga.store.postgres.store import open_postgres  # noqa: PLC0415 - as said above
    return open_postgres(url, owner=owner, read_only=read_only, passing=passing)


def open_all(url: str) -> AbstractAsyncContextManager["SharedStores"]:
    """The stores of all who trust the role that connects to the server. Raises `ConfigurationError`."""
    with explained():
        # Loaded where it is needed: it comes with an extra.
        from ganga.store.postgres.sharing import open_shared  # noqa: PLC0415 - as said above
    return open_shared(url)


@contextmanager
def explained() -> Iterator[None]:
    """Raises `ConfigurationError` where what comes with the extra is imported and is not there."""
    try:
        yield
    except ImportError as error:
        raise ConfigurationError(
            f"store.url needs the Python module {error.name}; install it: pip install 'ganga[postgres]'"
        ) from error
