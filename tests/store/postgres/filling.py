"""A store with so many jobs that a look at each of them would show in the plan of a statement."""

# ruff: noqa: S608 - what is joined here is our own text

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from ganga.store.postgres.store import open_postgres
from tests.live.postgres_server.server import PostgresServer

#: The whole jobs of each of two owners, who are numbered in turns.
JOBS: Final = 50_000
#: Few of a status, all of them far behind the newest jobs; at a target with few jobs besides.
FAILED: Final = 30
RARE_TARGET: Final = "rare"
#: This job has subjobs.
PARENT: Final = 100
SUBJOBS: Final = 5000

#: The tables with a row for each job, or more.
LARGE: Final = frozenset({"jobs", "events", "specifications", "shares", "attempts"})

#: Came when the server had counted its rows; whoever fills the store acts for them.
NEWCOMER: Final = "newcomer"
_KNOWN: Final = "(VALUES (current_database()::text, 0), ('somebody else', 1)) AS whose(owner, place)"
_NEW: Final = f"(VALUES ('{NEWCOMER}', 0)) AS whose(owner, place)"
_COUNTED_BY_HAND: Final = tuple(f"ALTER TABLE ganga.{table} SET (autovacuum_enabled = off)" for table in sorted(LARGE))


def _rows(owners: str) -> Sequence[str]:
    """What gives these owners their rows."""
    return (
        f"""
        INSERT INTO ganga.jobs
            (owner, job, subjob, name, target, status, created_at, attempt, native_id, wanted_attempt)
        SELECT owner, 2 * number + place, -1, 'fit-' || number, CASE WHEN number % 1000 = 7 THEN 'rare' ELSE 'here' END,
            CASE WHEN number < {FAILED} THEN 'failed' WHEN number > {JOBS} - 60 THEN 'running' ELSE 'completed' END,
            0, 1, 'native-' || number, 1
        FROM generate_series(0, {JOBS} - 1) AS number, {owners}
        """,
        f"""
        INSERT INTO ganga.jobs (owner, job, subjob, name, target, status, created_at, attempt, wanted_attempt)
        SELECT owner, {PARENT} + place, index, 'fit', 'here', CASE index % 9 WHEN 0 THEN 'failed' ELSE 'completed' END,
            0, 1, 1
        FROM generate_series(0, {SUBJOBS} - 1) AS index, {owners}
        """,
        f"""
        UPDATE ganga.jobs SET subjobs = {SUBJOBS} FROM {owners}
        WHERE jobs.owner = whose.owner AND job = {PARENT} + whose.place AND subjob = -1
        """,
        f"""
        INSERT INTO ganga.specifications (owner, job, specification)
        SELECT owner, job, '{{"command": ["true"]}}' FROM ganga.jobs JOIN {owners} USING (owner) WHERE subjob = -1
        """,
        f"""
        INSERT INTO ganga.shares (owner, job, subjob, share)
        SELECT owner, job, subjob, '{{}}' FROM ganga.jobs JOIN {owners} USING (owner) WHERE subjob >= 0
        """,
        f"""
        INSERT INTO ganga.attempts (owner, job, subjob, attempt, record)
        SELECT owner, job, -1, 0, '{{}}' FROM ganga.jobs JOIN {owners} USING (owner) WHERE subjob = -1
        """,
        f"""
        INSERT INTO ganga.events (owner, seq, at, kind, target, job, subjob)
        SELECT owner, number + 1, 0, 'status_changed', 'here', 2 * number + place, -1
        FROM generate_series(0, {JOBS} - 1) AS number, {owners}
        """,
        f"SELECT setval('ganga.job_numbers', 2 * {JOBS})",
        f"INSERT INTO ganga.counters (owner, seq) SELECT owner, {JOBS} FROM {owners}",
    )


@contextmanager
def filled(server: PostgresServer) -> Iterator[str]:
    """The URL of such a store, of an ordinary role, for whom the rights on rows hold; gone at the end."""
    name = server.new_database()
    server.new_role(name, "x")
    server.run(f"ALTER DATABASE {name} OWNER TO {name}")
    try:
        asyncio.run(_make(server.url(name, name)))
        for statement in (*_COUNTED_BY_HAND, *_rows(_KNOWN), "VACUUM (ANALYZE)", *_rows(_NEW)):
            server.run(statement, database=name)
        server.run("INSERT INTO ganga.grants (owner, service) VALUES (%s, %s)", NEWCOMER, name, database=name)
        yield server.url(name, name)
    finally:
        server.drop_database(name)
        server.drop_role(name)


async def _make(url: str) -> None:
    async with open_postgres(url):
        pass
