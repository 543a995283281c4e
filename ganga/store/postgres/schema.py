"""The tables of the PostgreSQL store, who may touch which rows, and how an older store becomes a newer one.

A migration that was released is never changed: what comes next is added behind it.

Every row has an owner, which leads each key: one owner's rows can never stand in the way of another's. No function runs
with more rights than whoever calls it.
"""

from collections.abc import Sequence
from secrets import token_hex
from typing import Final, LiteralString

from psycopg.sql import SQL, Identifier

from ganga.errors import StoreDamaged, StoreTooNew, StoreUnavailable
from ganga.store.postgres import keeping_tables
from ganga.store.postgres.text import Connection

#: The statements of one step, carried out in one transaction.
Migration = tuple[LiteralString, ...]

_FINAL: Final = "('completed', 'failed', 'killed', 'lost')"
_LIVE: Final = f"(status NOT IN {_FINAL} OR wanted_attempt > attempt)"
_OWNER: Final = 'owner text COLLATE "C" NOT NULL DEFAULT current_user'

#: The tables of which a role is given rows: those with its own name, and with that of whoever trusts it.
_OWNED: Final[tuple[LiteralString, ...]] = (
    "counters",
    "writers",
    "specifications",
    "shares",
    "jobs",
    "attempts",
    "events",
    "targets",
    "leases",
)

#: What a role that is admitted may do at all; which rows, the policies say. Nobody changes an event, and none goes
#: that was not said to be forgotten.
RIGHTS: Final[tuple[LiteralString, ...]] = (
    "USAGE ON SCHEMA ganga",
    "SELECT ON ganga.store",
    "SELECT, INSERT, DELETE ON ganga.grants",
    "SELECT, INSERT, UPDATE ON ganga.counters, ganga.owners, ganga.budgets",
    "SELECT, INSERT, DELETE ON ganga.events, ganga.doomed",
    "SELECT, INSERT, UPDATE, DELETE ON ganga.writers, ganga.specifications, ganga.shares, ganga.jobs, ganga.attempts",
    "SELECT, INSERT, UPDATE ON ganga.targets, ganga.leases",
    "USAGE ON SEQUENCE ganga.job_numbers",
    "EXECUTE ON FUNCTION ganga.acts_for(), ganga.hold(text, text, bigint), ganga.not_moving(text)",
)

#: The first makes version 1 of an empty schema, the next makes version 2 of that, and so on.
MIGRATIONS: Final[tuple[Migration, ...]] = (
    (
        "CREATE TABLE ganga.store (id text NOT NULL, version bigint NOT NULL)",
        # Jobs of all owners are numbered together: numbers are part of tags and of the names of folders.
        "CREATE SEQUENCE ganga.job_numbers AS bigint",
        # Who lets whom act for them. Each role writes its own, and sees those that name it.
        """CREATE TABLE ganga.grants (
            owner text COLLATE "C" NOT NULL DEFAULT current_user, service text COLLATE "C" NOT NULL,
            granted_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (owner, service)
        )""",
        # The number of each owner's newest event.
        f"CREATE TABLE ganga.counters ({_OWNER}, seq bigint NOT NULL, PRIMARY KEY (owner))",
        # The last transaction that each writer has committed, and what came of it.
        f"""CREATE TABLE ganga.writers (
            {_OWNER}, writer text COLLATE "C" NOT NULL, written bigint NOT NULL, outcome bigint,
            at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (owner, writer)
        )""",
        f"""CREATE TABLE ganga.specifications (
            {_OWNER}, job bigint NOT NULL, specification bytea NOT NULL, PRIMARY KEY (owner, job)
        )""",
        # What subjobs have to themselves; those with nothing have no row.
        f"""CREATE TABLE ganga.shares (
            {_OWNER}, job bigint NOT NULL, subjob bigint NOT NULL, share bytea NOT NULL,
            PRIMARY KEY (owner, job, subjob)
        )""",
        # A job has the subjob -1. Pages have room for rows that change.
        f"""CREATE TABLE ganga.jobs (
            {_OWNER}, job bigint NOT NULL, subjob bigint NOT NULL, name text COLLATE "C" NOT NULL,
            target text COLLATE "C" NOT NULL, status text COLLATE "C" NOT NULL, created_at float8 NOT NULL,
            subjobs bigint, attempt bigint NOT NULL, native_id text COLLATE "C", native_status text, exit_code bigint,
            signal bigint, reason text, outcome text, submitted_at float8, started_at float8, ended_at float8,
            confirmed_at float8, silent_since float8, place text, peak_memory bigint, cpu_time float8,
            restart bigint NOT NULL DEFAULT 0, kill_requested_by text, wanted_attempt bigint NOT NULL,
            postprocessed boolean NOT NULL DEFAULT false, handed_over bigint NOT NULL DEFAULT -1
        ) WITH (fillfactor = 85)""",
        # The order of every list: newest job first, its subjobs behind it.
        "CREATE UNIQUE INDEX places_of_jobs ON ganga.jobs (owner, job DESC, subjob)",
        # Lists of whole jobs pass by 100,000 subjobs without a look, and counts look at nothing else.
        """CREATE INDEX whole_jobs ON ganga.jobs (owner, job DESC) INCLUDE (status, target) WHERE subjob = -1""",
        # What a monitor takes over: few of many. The conditions stand in the queries word for word.
        f"CREATE INDEX live_jobs ON ganga.jobs (owner, target, job, subjob) WHERE {_LIVE}",
        f"CREATE INDEX live_parents ON ganga.jobs (owner, target, job) WHERE subjobs IS NOT NULL AND {_LIVE}",
        """CREATE INDEX wanted_subjobs ON ganga.jobs (owner, target, job)
            WHERE subjob >= 0 AND wanted_attempt > attempt""",
        # Whose a native id is that a back end runs again; live jobs are known to their monitor.
        f"CREATE INDEX ended_jobs ON ganga.jobs (owner, target, native_id) WHERE status IN {_FINAL}",
        # The record at the end of each attempt that was followed by another.
        f"""CREATE TABLE ganga.attempts (
            {_OWNER}, job bigint NOT NULL, subjob bigint NOT NULL, attempt bigint NOT NULL, record json NOT NULL,
            PRIMARY KEY (owner, job, subjob, attempt)
        )""",
        f"""CREATE TABLE ganga.events (
            {_OWNER}, seq bigint NOT NULL, at float8 NOT NULL, kind text NOT NULL, target text NOT NULL, job bigint,
            subjob bigint, old text, new text, attempt bigint, reason text, PRIMARY KEY (owner, seq)
        )""",
        "CREATE INDEX events_of_jobs ON ganga.events (owner, job, seq) WHERE job IS NOT NULL",
        f"""CREATE TABLE ganga.targets (
            {_OWNER}, name text COLLATE "C" NOT NULL, confirmed_at float8, down_since float8, error text, cursor text,
            stuck_threads bigint NOT NULL DEFAULT 0, paused boolean NOT NULL DEFAULT false, identity bytea,
            expiry_told boolean NOT NULL DEFAULT false, PRIMARY KEY (owner, name)
        )""",
        # The epoch outlives the holder, which is NULL after a release.
        f"""CREATE TABLE ganga.leases (
            {_OWNER}, target text COLLATE "C" NOT NULL, holder text, epoch bigint NOT NULL, beat bigint NOT NULL,
            PRIMARY KEY (owner, target)
        )""",
        # For whom the role may act that asks; the policies ask once for each statement.
        """CREATE FUNCTION ganga.acts_for() RETURNS text[] LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
            AS $$ SELECT ARRAY(SELECT owner FROM ganga.grants WHERE service = current_user::text) || current_user::text
            $$""",
        # Keeps a lease from changing hands until the transaction ends.
        """CREATE FUNCTION ganga.hold(of_owner text, of_target text, of_epoch bigint) RETURNS void LANGUAGE plpgsql
            SET search_path = pg_catalog, pg_temp AS $$
            BEGIN
                PERFORM FROM ganga.leases
                WHERE owner = of_owner AND target = of_target AND epoch = of_epoch AND holder IS NOT NULL FOR SHARE;
                IF NOT FOUND THEN
                    RAISE EXCEPTION 'the lease is no longer the newest' USING ERRCODE = 'GL001';
                END IF;
            END $$""",
        """CREATE FUNCTION ganga.only_forward() RETURNS trigger LANGUAGE plpgsql
            SET search_path = pg_catalog, pg_temp AS $$
            BEGIN
                IF NEW.owner <> OLD.owner OR NEW.seq < OLD.seq THEN
                    RAISE EXCEPTION 'events are numbered forward only' USING ERRCODE = 'insufficient_privilege';
                END IF;
                RETURN NEW;
            END $$""",
        """CREATE TRIGGER only_forward BEFORE UPDATE ON ganga.counters
            FOR EACH ROW EXECUTE FUNCTION ganga.only_forward()""",
        "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ganga FROM PUBLIC",
        *(
            statement
            for table in _OWNED
            for statement in (
                f"ALTER TABLE ganga.{table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
                f"CREATE POLICY own ON ganga.{table} USING (owner = ANY ((SELECT ganga.acts_for())::text[]))",
            )
        ),
        "ALTER TABLE ganga.grants ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        """CREATE POLICY seen ON ganga.grants FOR SELECT
            USING (owner = current_user::text OR service = current_user::text)""",
        "CREATE POLICY granted ON ganga.grants FOR INSERT WITH CHECK (owner = current_user::text)",
        "CREATE POLICY withdrawn ON ganga.grants FOR DELETE USING (owner = current_user::text)",
    ),
    keeping_tables.TABLES,
    # Whoever is trusted, or no longer, is told at once. What is said there is a hint, which anybody may give.
    (
        """CREATE FUNCTION ganga.tell_service() RETURNS trigger LANGUAGE plpgsql
            SET search_path = pg_catalog, pg_temp AS $$
            BEGIN
                PERFORM pg_notify('ganga_trust_' || md5(coalesce(NEW.service, OLD.service)), '');
                RETURN NULL;
            END $$""",
        "REVOKE ALL ON FUNCTION ganga.tell_service() FROM PUBLIC",
        """CREATE TRIGGER tell_service AFTER INSERT OR DELETE ON ganga.grants
            FOR EACH ROW EXECUTE FUNCTION ganga.tell_service()""",
    ),
)

#: Whoever migrates holds this; many processes may open a store at once.
_LOCK: Final = 0x67616E67
_SEEN: Final = """
    SELECT has_schema_privilege(oid, 'USAGE'),
        EXISTS (SELECT FROM pg_class WHERE relnamespace = pg_namespace.oid AND relname = 'store' AND relkind = 'r'),
        EXISTS (SELECT FROM pg_class WHERE relnamespace = pg_namespace.oid)
    FROM pg_namespace WHERE nspname = 'ganga'
"""
_ADMITTED: Final = """
    SELECT DISTINCT pg_get_userbyid(grantee) FROM pg_namespace, aclexplode(nspacl)
    WHERE nspname = 'ganga' AND privilege_type = 'USAGE' AND grantee NOT IN (0, nspowner)
"""


async def current_version(connection: Connection, location: str, newest: int = len(MIGRATIONS)) -> int:
    """The schema version of the database; 0 where there is no store yet.

    Raises `StoreDamaged` for the schema of another program, `StoreUnavailable` for a role that is not admitted, and
    `StoreTooNew`.
    """
    seen = await (await connection.execute(_SEEN)).fetchone()
    if seen is None:
        return 0
    usable, is_store, is_used = seen
    if not usable:
        raise _not_admitted(location)
    if not is_store and is_used:
        raise _of_another(location)
    return await _version(connection, location, newest) if is_store else 0


async def migrate(connection: Connection, location: str, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Bring the store to the newest version, in one transaction; whoever was admitted stays so."""
    newest = len(migrations)
    if await current_version(connection, location, newest) == newest:
        return
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        # Another process may have been faster.
        version = await current_version(connection, location, newest)
        if version == newest:
            return
        if await (await connection.execute(_SEEN)).fetchone() is None:
            await connection.execute("CREATE SCHEMA ganga")
        for migration in migrations[version:]:
            for statement in migration:
                await connection.execute(statement)
        if version == 0:
            await connection.execute("INSERT INTO ganga.store (id, version) VALUES (%s, 0)", [token_hex(4)])
        await connection.execute("UPDATE ganga.store SET version = %s", [newest])
        for (role,) in await (await connection.execute(_ADMITTED)).fetchall():
            await grant_rights(connection, role)


async def grant_rights(connection: Connection, role: str) -> None:
    """Let the role use the store."""
    for right in RIGHTS:
        await connection.execute(SQL("GRANT {} TO {}").format(SQL(right), Identifier(role)))


async def _version(connection: Connection, location: str, newest: int) -> int:
    columns = "SELECT FROM pg_attribute WHERE attrelid = 'ganga.store'::regclass AND attname IN ('id', 'version')"
    if (await connection.execute(columns)).rowcount != 2:  # noqa: PLR2004 - the columns just named
        raise _of_another(location)
    row = await (await connection.execute("SELECT version FROM ganga.store")).fetchone()
    if row is None:
        raise _of_another(location)
    if row[0] > newest:
        raise StoreTooNew(
            f"{location} was written by a newer ganga: it has schema version {row[0]}, and this ganga knows versions "
            f"up to {newest}; upgrade ganga to one that knows version {row[0]}"
        )
    return int(row[0])


def _not_admitted(location: str) -> StoreUnavailable:
    return StoreUnavailable(
        f"the store {location} does not admit this role; whoever made the store does, by `ganga rights admit ROLE`"
    )


def _of_another(location: str) -> StoreDamaged:
    return StoreDamaged(
        f"the schema ganga of {location} belongs to another program, or is damaged; name another database"
    )
