"""What one user can keep others from, and learn of them, past the rows: by locks, floods, names and estimates."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_hex

import psycopg
import pytest
from psycopg import errors
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Identifier

from ganga.errors import StoreUnavailable, UsageError
from ganga.model.ids import Seq
from ganga.store.base import Query
from ganga.store.postgres.rights import admit, trust
from ganga.store.postgres.schema import MIGRATIONS, migrate
from ganga.store.postgres.store import PostgresStore, open_postgres
from ganga.testing.store_checks.kit import AT, ids, new_job
from tests.live.postgres_server.server import PostgresServer
from tests.store.postgres.conftest import HIDDEN, Users

MIGRATING = 0x67616E67


@contextmanager
def standing_in(connection: psycopg.Connection[TupleRow], statement: str) -> Iterator[None]:
    """In a transaction that has done this, and stays open."""
    with connection.transaction(force_rollback=True):
        connection.execute(statement.encode())
        yield


async def test_whoever_locks_a_table_keeps_others_waiting_until_somebody_ends_that(
    users: Users, alice: PostgresStore
) -> None:
    eve = users.connected(users.bob)
    eve.execute("BEGIN")
    eve.execute("LOCK TABLE ganga.jobs IN ACCESS EXCLUSIVE MODE")
    async with asyncio.timeout(30):
        with pytest.raises(StoreUnavailable, match="is locked by another process"):
            await alice.select(Query())
        with pytest.raises(StoreUnavailable) as refused:
            await alice.create(new_job(), AT)
    with users.connected("postgres") as administrator:
        administrator.execute("SELECT pg_terminate_backend(%s)", (eve.info.backend_pid,))
    eve.close()
    assert (await alice.create(new_job(), AT)).id == "3"
    found = ids(await alice.select(Query()))
    assert found == ["3", "1"] or (found == ["3", "2", "1"] and "is not known" in str(refused.value))


@pytest.mark.parametrize("table", ["store"])
@pytest.mark.parametrize("mode", ["ROW EXCLUSIVE", "SHARE", "EXCLUSIVE", "ACCESS EXCLUSIVE"])
def test_what_nobody_writes_nobody_locks(table: str, mode: str, attacker: psycopg.Connection[TupleRow]) -> None:
    with pytest.raises(errors.InsufficientPrivilege), standing_in(attacker, f"LOCK TABLE ganga.{table} IN {mode} MODE"):
        pass


async def test_the_lock_of_migrations_is_in_the_way_of_these_only(
    users: Users, alice: PostgresStore, attacker: psycopg.Connection[TupleRow]
) -> None:
    attacker.execute("SELECT pg_advisory_lock(%s)", (MIGRATING,))
    async with open_postgres(users.url(users.alice)) as store:
        assert (await store.create(new_job(), AT)).id == "2"
    await trust(users.url(users.alice), users.robot)
    await admit(users.url("postgres"), users.robot)
    newer = (*MIGRATIONS, ("CREATE TABLE ganga.more (x bigint)",))
    async with await psycopg.AsyncConnection.connect(users.url("postgres"), autocommit=True) as connection:
        await connection.execute("SET lock_timeout = '200ms'")
        with pytest.raises(errors.LockNotAvailable):
            await migrate(connection, "here", newer)
        attacker.execute("SELECT pg_advisory_unlock_all()")
        await migrate(connection, "here", newer)
    assert await alice.last_seq() == 4


async def test_a_flood_of_notifications_is_no_news(
    alice: PostgresStore, attacker: psycopg.Connection[TupleRow]
) -> None:
    waiting = asyncio.create_task(alice.wait(Seq(3), 3.0))
    flood = "SELECT pg_notify('ganga_' || md5(%s::text), repeat('x', 7999)) FROM generate_series(1, 500)"
    for _ in range(10):
        await asyncio.to_thread(attacker.execute, flood, (alice.owner,))
    await alice.create(new_job(), AT)
    assert await waiting is True


async def test_the_trust_of_many_others_is_not_in_the_way(
    users: Users, alice: PostgresStore, attacker: psycopg.Connection[TupleRow]
) -> None:
    attacker.execute("INSERT INTO ganga.grants (service) SELECT 'nobody-' || x FROM generate_series(1, 20000) AS x")
    await trust(users.url(users.alice), users.robot)
    with users.connected("postgres") as administrator:
        administrator.execute("ANALYZE ganga.grants")
    with users.connected(users.robot) as connection:
        plan = connection.execute("EXPLAIN SELECT owner FROM ganga.grants WHERE service = current_user::text")
        assert "grants_of_services" in str(plan.fetchall())
        assert connection.execute("SELECT ganga.acts_for()").fetchone() == ([alice.owner, users.robot],)


async def test_estimates_tell_nothing_of_what_others_write(
    users: Users, alice: PostgresStore, attacker: psycopg.Connection[TupleRow]
) -> None:
    for _ in range(3):
        await alice.create(new_job(300, name=HIDDEN), AT)
    with users.connected("postgres") as administrator:
        administrator.execute("UPDATE ganga.jobs SET reason = name, native_status = name, place = name")
        administrator.execute("UPDATE ganga.events SET reason = 'hidden-name'")
        administrator.execute("ANALYZE")
    for table, column in [
        *(("jobs", column) for column in ("name", "reason", "native_status", "place")),
        ("events", "reason"),
    ]:
        guesses = [
            _estimated(
                attacker, SQL("SELECT FROM ganga.{} WHERE {} = {}").format(Identifier(table), Identifier(column), guess)
            )
            for guess in (HIDDEN, "another-name")
        ]
        assert guesses[0] == guesses[1], f"{table}.{column}"
    assert attacker.execute("SELECT FROM pg_stats WHERE schemaname = 'ganga' AND tablename <> 'store'").rowcount == 0
    for catalog in ("pg_statistic", "pg_statistic_ext_data"):
        with pytest.raises(errors.InsufficientPrivilege):
            attacker.execute(SQL("SELECT * FROM {}").format(Identifier(catalog)))


def _estimated(connection: psycopg.Connection[TupleRow], query: psycopg.sql.Composed) -> int:
    [(plan,)] = connection.execute(SQL("EXPLAIN (FORMAT JSON) ") + query).fetchall()
    return int(plan[0]["Plan"]["Plan Rows"])


async def test_what_others_run_is_not_shown(users: Users, alice: PostgresStore) -> None:
    await alice.select(Query(name=HIDDEN))
    with users.connected(users.bob) as connection:
        shown = connection.execute(
            "SELECT query, application_name FROM pg_stat_activity WHERE usename = %s", (alice.owner,)
        ).fetchall()
    assert {query for query, _ in shown} == {"<insufficient privilege>"}
    assert all(name.startswith("ganga ") for _, name in shown)


@pytest.mark.parametrize(
    "statement",
    [
        "SET ROLE {alice}",
        "SET SESSION AUTHORIZATION {alice}",
        "GRANT {alice} TO {bob}",
        "ALTER ROLE {alice} SET search_path = public",
        "ALTER ROLE {alice} PASSWORD 'x'",
        "ALTER ROLE {bob} BYPASSRLS",
        "REASSIGN OWNED BY {alice} TO {bob}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {alice} GRANT ALL ON TABLES TO {bob}",
        "SECURITY LABEL ON TABLE ganga.jobs IS 'x'",
        "SET row_security = off; SELECT * FROM ganga.jobs",
        "COPY ganga.jobs TO PROGRAM 'cat'",
        "SELECT pg_read_file('postgresql.conf')",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{alice}'",
        "CREATE EVENT TRIGGER mine ON ddl_command_end EXECUTE FUNCTION ganga.only_forward()",
        "CREATE STATISTICS mine ON owner, name FROM ganga.jobs",
        "SELECT * FROM ganga.job_numbers",
        "COMMENT ON TABLE ganga.jobs IS 'x'",
    ],
)
async def test_nobody_becomes_another_or_goes_round_the_server(
    statement: str, users: Users, attacker: psycopg.Connection[TupleRow]
) -> None:
    with pytest.raises((errors.InsufficientPrivilege, errors.InvalidParameterValue)):
        attacker.execute(statement.format(alice=users.alice, bob=users.bob).encode())


@pytest.mark.usefixtures("alice")
async def test_what_stands_in_other_schemas_is_not_taken_for_ours(
    users: Users, attacker: psycopg.Connection[TupleRow]
) -> None:
    with users.connected("postgres") as administrator:
        administrator.execute(SQL("GRANT CREATE ON SCHEMA public TO {}").format(Identifier(users.bob)))
    for statement in (
        "CREATE FUNCTION public.stolen(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
        "CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = public.stolen)",
        "CREATE FUNCTION public.md5(text) RETURNS text LANGUAGE sql AS 'SELECT NULL::text'",
        "CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT NULL::timestamptz'",
        "CREATE FUNCTION public.unnest(bigint[]) RETURNS SETOF bigint LANGUAGE sql AS 'SELECT 0::bigint'",
        "CREATE VIEW public.jobs AS SELECT 1 AS job",
        "CREATE FUNCTION public.acts_for() RETURNS text[] LANGUAGE sql AS 'SELECT NULL::text[]'",
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC",
    ):
        attacker.execute(statement.encode())
    async with open_postgres(users.url(users.alice)) as store:
        job = await store.create(new_job(), AT)
        assert await store.request_kill([job.id], "alice", AT) == [job.id]
        assert ids(await store.select(Query())) == ["2", "1"]
        assert await store.last_seq() == 5


async def test_roles_may_be_called_as_they_like(postgres_server: PostgresServer, users: Users) -> None:
    strange = f"\"; DROP SCHEMA ganga; --'{token_hex(4)}"
    postgres_server.new_role(strange, token_hex())
    try:
        await admit(users.url("postgres"), strange)
        await trust(users.url(users.alice), strange)
        async with open_postgres(users.url(strange), owner=users.alice) as store:
            assert (await store.create(new_job(), AT)).id
            assert store.owner == users.alice
        with pytest.raises(UsageError, match="no role 'public'"):
            await admit(users.url("postgres"), "public")
    finally:
        postgres_server.drop_database(users.database)
        postgres_server.drop_role(strange)


async def test_whoever_belongs_to_an_admitted_group_is_still_themselves(users: Users, alice: PostgresStore) -> None:
    with users.connected("postgres") as administrator:
        administrator.execute(SQL("GRANT {} TO {}").format(Identifier(users.robot), Identifier(users.bob)))
    await trust(users.url(users.alice), users.robot)
    with users.connected(users.bob) as connection:
        assert connection.execute("SELECT name FROM ganga.jobs").fetchall() == []
        connection.execute(SQL("SET ROLE {}").format(Identifier(users.robot)))
        assert len(connection.execute("SELECT name FROM ganga.jobs").fetchall()) == 3
    del alice
