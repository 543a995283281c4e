"""The tables of the SQLite store, and how an older store becomes a newer one.

A migration that was released is never changed: what comes next is added behind it.
"""

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from secrets import token_hex

from ganga.errors import StoreDamaged, StoreTooNew, StoreUnavailable
from ganga.store.transaction import transaction

#: ``PRAGMA application_id`` of every store: "gang" in ASCII.
APPLICATION_ID = 0x67616E67

#: The statements of one step, carried out in one transaction.
Migration = tuple[str, ...]

_LIVE = """((status <> 'completed' AND status <> 'failed' AND status <> 'killed' AND status <> 'lost')
            OR wanted_attempt > attempt)"""

#: The first makes version 1 of an empty database, the next makes version 2 of that, and so on.
MIGRATIONS: tuple[Migration, ...] = (
    (
        "CREATE TABLE store (id TEXT NOT NULL)",
        # Gives jobs their numbers; AUTOINCREMENT gives none twice, whatever is removed.
        "CREATE TABLE specifications (job INTEGER PRIMARY KEY AUTOINCREMENT, specification BLOB NOT NULL)",
        # What subjobs have to themselves; those with nothing have no row.
        """CREATE TABLE shares (
            job INTEGER NOT NULL, subjob INTEGER NOT NULL, share BLOB NOT NULL, PRIMARY KEY (job, subjob)
        ) WITHOUT ROWID""",
        # A job has the subjob -1. The order of the key is that of every list: newest job first, its subjobs behind it.
        """CREATE TABLE jobs (
            job INTEGER NOT NULL, subjob INTEGER NOT NULL, name TEXT NOT NULL, target TEXT NOT NULL, status TEXT NOT
            NULL, created_at REAL NOT NULL, subjobs INTEGER, attempt INTEGER NOT NULL, native_id TEXT, native_status
            TEXT, exit_code INTEGER, signal INTEGER, reason TEXT, outcome TEXT, submitted_at REAL, started_at REAL,
            ended_at REAL, confirmed_at REAL, silent_since REAL, peak_memory INTEGER, cpu_time REAL, restart INTEGER NOT
            NULL DEFAULT 0, kill_requested_by TEXT, wanted_attempt INTEGER NOT NULL, postprocessed INTEGER NOT NULL
            DEFAULT 0, PRIMARY KEY (job DESC, subjob)
        ) WITHOUT ROWID""",
        # Lists of whole jobs pass by 100,000 subjobs without a look, and counts look at nothing else.
        "CREATE INDEX whole_jobs ON jobs (job DESC, status, target) WHERE subjob = -1",
        # What a monitor takes over: few of many. The conditions must stand in the queries word for word.
        """CREATE INDEX live_jobs ON jobs (target, job, subjob)
            WHERE (status NOT IN ('completed', 'failed', 'killed', 'lost') OR wanted_attempt > attempt)""",
        """CREATE INDEX live_parents ON jobs (target, job)
            WHERE subjobs IS NOT NULL
            AND (status NOT IN ('completed', 'failed', 'killed', 'lost') OR wanted_attempt > attempt)""",
        "CREATE INDEX wanted_subjobs ON jobs (target, job) WHERE subjob >= 0 AND wanted_attempt > attempt",
        # The record at the end of each attempt that was followed by another, as JSON.
        """CREATE TABLE attempts (
            job INTEGER NOT NULL, subjob INTEGER NOT NULL, attempt INTEGER NOT NULL, record BLOB NOT NULL,
            PRIMARY KEY (job, subjob, attempt)
        ) WITHOUT ROWID""",
        """CREATE TABLE events (
            seq INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, kind TEXT NOT NULL, target TEXT NOT NULL,
            job INTEGER, subjob INTEGER, old TEXT, new TEXT, attempt INTEGER, reason TEXT
        )""",
        "CREATE INDEX events_of_jobs ON events (job) WHERE job IS NOT NULL",
        """CREATE TABLE targets (
            name TEXT PRIMARY KEY, confirmed_at REAL, down_since REAL, error TEXT, cursor TEXT,
            stuck_threads INTEGER NOT NULL DEFAULT 0, paused INTEGER NOT NULL DEFAULT 0
        ) WITHOUT ROWID""",
        # The epoch outlives the holder: the owner is NULL after a release.
        """CREATE TABLE leases (
            target TEXT PRIMARY KEY, owner TEXT, epoch INTEGER NOT NULL, beat INTEGER NOT NULL
        ) WITHOUT ROWID""",
    ),
    ("ALTER TABLE jobs ADD COLUMN place TEXT",),
    # Whose a native id is that a back end runs again; live jobs are known to their monitor.
    (
        """CREATE INDEX ended_jobs ON jobs (target, native_id)
            WHERE status IN ('completed', 'failed', 'killed', 'lost')""",
    ),
    # Whom a target takes us for, as JSON, and whether the end of the credentials was told.
    (
        "ALTER TABLE targets ADD COLUMN identity BLOB",
        "ALTER TABLE targets ADD COLUMN expiry_told INTEGER NOT NULL DEFAULT 0",
    ),
    # The attempt that may have reached the back end; of what waits in an older store nobody knows.
    (
        "ALTER TABLE jobs ADD COLUMN handed_over INTEGER NOT NULL DEFAULT -1",
        "UPDATE jobs SET handed_over = attempt WHERE status = 'submitting'",
    ),
    # How often services may be asked, as JSON.
    ("CREATE TABLE budgets (name TEXT PRIMARY KEY, budget BLOB NOT NULL) WITHOUT ROWID",),
    # What was forgotten, what move the store takes part in (as JSON), and the jobs with subjobs still to be forgotten.
    (
        "ALTER TABLE store ADD COLUMN forgotten INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE store ADD COLUMN passage BLOB",
        "CREATE TABLE doomed (job INTEGER PRIMARY KEY)",
    ),
    # Lists of a few among a million. A row of a table without row ids is fetched before it is judged, so each index
    # holds all that a condition may be about.
    (
        "DROP INDEX whole_jobs",
        "CREATE INDEX whole_jobs ON jobs (job DESC, name) WHERE subjob = -1",
        "CREATE INDEX chosen_jobs ON jobs (target, status, job DESC, name) WHERE subjob = -1",
    ),
    # The same conditions as before in words that SQLite judges quickly: each row that is written is judged by each.
    (
        "DROP INDEX live_jobs",
        "DROP INDEX live_parents",
        "DROP INDEX ended_jobs",
        f"CREATE INDEX live_jobs ON jobs (target, job, subjob) WHERE {_LIVE}",
        f"CREATE INDEX live_parents ON jobs (target, job) WHERE subjobs IS NOT NULL AND {_LIVE}",
        """CREATE INDEX ended_jobs ON jobs (target, native_id)
            WHERE (status = 'completed' OR status = 'failed' OR status = 'killed' OR status = 'lost')""",
    ),
)


def current_version(connection: sqlite3.Connection, path: Path, newest: int = len(MIGRATIONS)) -> int:
    """The schema version of the database; 0 for an empty one.

    Raises `StoreDamaged` for the database of another program, and `StoreTooNew`.
    """
    with transaction(connection, "BEGIN"):
        return _version(connection, path, newest)


def migrate(connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Bring the database to the newest version, in one transaction, after copying an older store to
    ``<name>.v<old>.bak``.
    """
    newest = len(migrations)
    if current_version(connection, path, newest) == newest:
        return
    with transaction(connection, "BEGIN IMMEDIATE"):
        # Another process may have been faster.
        version = _version(connection, path, newest)
        if 0 < version < newest:
            _copy(path, path.with_name(f"{path.name}.v{version}.bak"))
        for migration in migrations[version:]:
            for statement in migration:
                connection.execute(statement)
        if version == 0:
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute("INSERT INTO store (id) VALUES (?)", (token_hex(4),))
        connection.execute(f"PRAGMA user_version = {newest}")


def require_newest(connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Raise `StoreUnavailable` for a store that would have to be migrated first."""
    version = current_version(connection, path, len(migrations))
    if version < len(migrations):
        raise StoreUnavailable(
            f"{path} has schema version {version}, and this ganga reads version {len(migrations)}; open it for writing "
            "once, which brings it up to date"
        )


def _copy(path: Path, copy: Path) -> None:
    try:
        copy.unlink(missing_ok=True)
        create_private(copy)
    except OSError as error:
        raise StoreUnavailable(
            f"the store {path} has an older schema, and cannot be copied to {copy} first ({error.strerror}); "
            "make its folder writable"
        ) from error
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def create_private(path: Path) -> None:
    """Make an empty file that only its owner can read, unless there is one."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def _version(connection: sqlite3.Connection, path: Path, newest: int) -> int:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        if application or version or connection.execute("SELECT 1 FROM sqlite_master").fetchone():
            raise StoreDamaged(f"{path} is the database of another program; name another file")
        return 0
    if version > newest:
        raise StoreTooNew(
            f"{path} was written by a newer ganga: it has schema version {version}, and this ganga knows versions up "
            f"to {newest}; upgrade ganga to one that knows version {version}"
        )
    return int(version)
