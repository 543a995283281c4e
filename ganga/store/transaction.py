"""All or nothing."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    """What is done inside is committed at the end, or rolled back if anything is raised.

    ``BEGIN`` reads, of one state of the database throughout; ``BEGIN IMMEDIATE`` writes, alone from the start.
    """
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    finally:
        # After some errors SQLite has rolled back by itself.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
