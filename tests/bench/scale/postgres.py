"""A store in PostgreSQL, on a private server with the settings of a real one; and how its rows are written without our
care.
"""

# ruff: noqa: S608 - what is joined here is our own text

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TypeVar

import psutil
import psycopg

from tests.bench.scale.places import Bare, Spent
from tests.bench.store import Batch, rows
from tests.live.postgres_server.server import PostgresServer, running

_Answer = TypeVar("_Answer", int, float)

#: An ordinary role, which the rights on rows hold for, and which owns the database.
_ROLE = "ganga"
#: What an administrator would set before all else.
_SHARED_BUFFERS = "512MB"

_CHANGED = (
    "status text, attempt bigint, native_id text, native_status text, exit_code bigint, signal bigint, reason text, "
    "outcome text, submitted_at float8, started_at float8, ended_at float8, confirmed_at float8, silent_since float8, "
    "place text, peak_memory bigint, cpu_time float8, restart bigint, wanted_attempt bigint, begun bigint, job bigint, "
    "subjob bigint"
)
_TOLD = (
    "seq bigint, at float8, kind text, target text, job bigint, subjob bigint, old text, new text, attempt bigint, "
    "reason text"
)


def _names(columns: str) -> list[str]:
    return [column.split()[0] for column in columns.split(", ")]


_SET = [name for name in _names(_CHANGED) if name not in {"begun", "job", "subjob"}]
_EVENT = f"owner, {', '.join(_names(_TOLD))}"
_UPDATE_ONE = f"""
    UPDATE ganga.jobs SET {", ".join(f"{name} = %s" for name in _SET)}
    WHERE owner = current_user AND attempt <= %s AND job = %s AND subjob = %s
"""
_INSERT_ONE = f"INSERT INTO ganga.events ({_EVENT}) VALUES (current_user{', %s' * len(_names(_TOLD))})"
_UPDATE_ALL = f"""
    UPDATE ganga.jobs SET {", ".join(f"{name} = changed.{name}" for name in _SET)} FROM changed
    WHERE jobs.owner = current_user AND jobs.job = changed.job AND jobs.subjob = changed.subjob
"""
# COPY does not write straight into a table with rights on rows.
_INSERT_ALL = f"INSERT INTO ganga.events ({_EVENT}) SELECT current_user, * FROM told"
_COUNT = "UPDATE ganga.counters SET seq = %s WHERE owner = current_user"


class Postgres:
    """A database of a server."""

    name = "PostgreSQL"

    def __init__(self, server: PostgresServer) -> None:
        database = server.new_database()
        server.run(f"ALTER DATABASE {database} OWNER TO {_ROLE}")
        self.where = server.url(database, _ROLE)
        self.settings = f"[store]\nurl = {json.dumps(self.where)}\n"
        self.bare: Mapping[str, Bare] = {
            "executemany": partial(_executemany, self.where),
            "COPY": partial(_copy, self.where),
        }
        self._server = server
        self._database = database

    def settle(self) -> None:
        """Clear away old versions of rows, and count those that there are: its server plans as if there were none."""
        self._server.run("VACUUM (ANALYZE)", database=self._database)

    def spent(self) -> Spent:
        """Of the whole server, whose only database this is."""
        assert self._server.pid is not None
        postmaster = psutil.Process(self._server.pid)
        transactions = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = %s"
        ((done,),) = self._server.run(transactions, self._database)
        ((written,),) = self._server.run("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint")
        assert isinstance(done, int)
        assert isinstance(written, int)
        return Spent(_work(postmaster), _memory(postmaster), done, written)


@contextmanager
def postgres(folder: Path) -> Iterator[Postgres]:  # noqa: ARG001 - the server has a folder of its own, as it wants it
    """A new server, which is gone at the end. Raises `NotInstalled`."""
    with running() as server:
        server.run(f"ALTER SYSTEM SET shared_buffers = '{_SHARED_BUFFERS}'")
        server.restart()
        server.run(f"CREATE ROLE {_ROLE} LOGIN")
        yield Postgres(server)


def _work(postmaster: psutil.Process) -> float:
    """Of its processes, with those that have ended."""
    own = postmaster.cpu_times()
    return own.children_user + own.children_system + sum(_asked(postmaster, _work_of_one))


def _work_of_one(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _memory(postmaster: psutil.Process) -> int:
    """Shared pages count once, since each process has its share of them."""
    return sum(_asked(postmaster, lambda process: int(process.memory_full_info().pss)))


def _asked(postmaster: psutil.Process, question: Callable[[psutil.Process], _Answer]) -> Iterator[_Answer]:
    """The answers of all its processes that live long enough."""
    for process in [postmaster, *postmaster.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            yield question(process)


def _executemany(where: str, batches: Sequence[Batch], seq: int) -> float:
    numbered = rows(batches, seq)
    with psycopg.connect(where) as connection, connection.cursor() as cursor:
        start = perf_counter()
        for records, events in numbered:
            cursor.executemany(_UPDATE_ONE, records)
            cursor.executemany(_INSERT_ONE, events)
            cursor.execute(_COUNT, [events[-1][0]])
            connection.commit()
        return perf_counter() - start


def _copy(where: str, batches: Sequence[Batch], seq: int) -> float:
    numbered = rows(batches, seq)
    with psycopg.connect(where) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE changed ({_CHANGED}) ON COMMIT DELETE ROWS")
        cursor.execute(f"CREATE TEMPORARY TABLE told ({_TOLD}) ON COMMIT DELETE ROWS")
        connection.commit()
        start = perf_counter()
        for records, events in numbered:
            for table, given in (("changed", records), ("told", events)):
                with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                    for row in given:
                        copy.write_row(row)
            cursor.execute(_UPDATE_ALL)
            cursor.execute(_INSERT_ALL)
            cursor.execute(_COUNT, [events[-1][0]])
            connection.commit()
        return perf_counter() - start
