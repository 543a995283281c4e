import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ganga.errors import StoreDamaged, StoreTooNew, StoreUnavailable
from ganga.model.job import JobSpec
from ganga.store.base import NewJob, Query
from ganga.store.schema import APPLICATION_ID, MIGRATIONS, Migration, current_version, migrate, require_newest
from ganga.store.sqlite import open_sqlite
from ganga.store.storable import encode_spec
from ganga.testing.store_checks.kit import AT, HERE, new_job

NEXT: Migration = (
    "ALTER TABLE jobs ADD COLUMN queue TEXT",
    "UPDATE jobs SET queue = 'long'",
)
NEWER = (*MIGRATIONS, NEXT)
HERE_NOW = len(MIGRATIONS)


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


async def _make(path: Path) -> None:
    async with open_sqlite(path) as store:
        job: NewJob = new_job(2)
        await store.create(job, AT)


def test_an_empty_database_becomes_a_store(connection: sqlite3.Connection, path: Path) -> None:
    assert current_version(connection, path) == 0
    migrate(connection, path)
    migrate(connection, path)
    assert current_version(connection, path) == len(MIGRATIONS)
    assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    assert [len(store_id) for (store_id,) in connection.execute("SELECT id FROM store")] == [8]
    assert list(path.parent.glob("*.bak")) == []


async def test_an_older_store_is_copied_and_migrated(path: Path) -> None:
    await _make(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrate(connection, path, NEWER)
        assert connection.execute("SELECT DISTINCT queue FROM jobs").fetchall() == [("long",)]
        assert current_version(connection, path, len(NEWER)) == len(NEWER)
    copy = path.with_name(f"store.sqlite.v{HERE_NOW}.bak")
    assert copy.stat().st_mode & 0o777 == 0o600
    async with open_sqlite(copy) as store:
        assert len(await store.select(Query(subjobs=True))) == 3
    with pytest.raises(StoreTooNew, match=f"has schema version {len(NEWER)}, and .* up to {HERE_NOW}; upgrade"):
        async with open_sqlite(path):
            pass


async def test_a_store_of_the_first_version_is_read_after_its_migration(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrate(connection, path, MIGRATIONS[:1])
        connection.execute(
            "INSERT INTO specifications (specification) VALUES (?)", (encode_spec(JobSpec(command=("x",))),)
        )
        connection.execute(
            "INSERT INTO jobs (job, subjob, name, target, status, created_at, attempt, wanted_attempt)"
            " VALUES (1, -1, 'fit', 'here', 'completed', 5.0, 1, 1), (2, -1, 'fit', 'here', 'submitting', 5.0, 3, 3)"
        )
    async with open_sqlite(path) as store:
        waiting, record = await store.select(Query())
        assert (record.name, record.place) == ("fit", None)
        # Nobody knows whether it was handed over.
        assert await store.handed_over(waiting.target) == {waiting.id}
    assert path.with_name("store.sqlite.v1.bak").exists()


async def test_a_migration_that_fails_changes_nothing(path: Path) -> None:
    await _make(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        with pytest.raises(sqlite3.OperationalError):
            migrate(connection, path, (*MIGRATIONS, (*NEXT, "UPDATE nothing")))
        assert current_version(connection, path) == HERE_NOW
    async with open_sqlite(path) as store:
        assert len(await store.live(HERE)) == 3


async def test_a_copy_that_cannot_be_made_is_told(path: Path) -> None:
    await _make(path)
    path.with_name(f"store.sqlite.v{HERE_NOW}.bak").mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        with pytest.raises(StoreUnavailable, match="cannot be copied"):
            migrate(connection, path, NEWER)
        assert current_version(connection, path) == HERE_NOW


async def test_two_that_migrate_at_once_do_it_once(path: Path) -> None:
    await _make(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrate(connection, path, NEWER)
        before = path.with_name(f"store.sqlite.v{HERE_NOW}.bak").stat()
        migrate(connection, path, NEWER)
        assert path.with_name(f"store.sqlite.v{HERE_NOW}.bak").stat() == before


async def test_a_store_to_be_read_only_is_not_migrated(path: Path) -> None:
    await _make(path)
    with closing(sqlite3.connect(path)) as connection:
        require_newest(connection, path)
        with pytest.raises(StoreUnavailable, match=f"has schema version {HERE_NOW}, and .* reads version {len(NEWER)}"):
            require_newest(connection, path, NEWER)


@pytest.mark.parametrize(
    "statement", ["CREATE TABLE recipes (name)", "PRAGMA application_id = 7", "PRAGMA user_version = 3"]
)
def test_the_database_of_another_program_is_left_alone(
    connection: sqlite3.Connection, path: Path, statement: str
) -> None:
    connection.execute(statement)
    before = path.read_bytes()
    with pytest.raises(StoreDamaged, match="another program"):
        migrate(connection, path)
    assert path.read_bytes() == before
