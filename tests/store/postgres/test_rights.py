"""Whose rows are whose: each attack here is made by SQL, as somebody would who does not use ganga."""

# ruff: noqa: S608 - the attacks are written here, and joined from words of this file

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random
from secrets import token_hex

import psycopg
import pytest
from msgspec.structs import replace
from psycopg import errors
from psycopg.rows import TupleRow

from ganga.errors import ConfigurationError, NotTrusted, StoreUnavailable, UsageError
from ganga.model.budget import Budget, own_budget
from ganga.model.ids import BudgetName, JobId, Seq
from ganga.model.policy import Allowance
from ganga.monitor.clock import system_clock
from ganga.monitor.purse import Purse
from ganga.store.base import Query
from ganga.store.moving import move
from ganga.store.postgres.rights import admit, distrust, trust, trusted
from ganga.store.postgres.store import PostgresStore, open_postgres
from ganga.store.sqlite import open_sqlite
from ganga.testing.store_checks.kit import AT, HERE, ids, new_job, take
from tests.live.postgres_server.server import PostgresServer
from tests.store.postgres.conftest import HIDDEN, Users
from tests.store.stored import silent

TABLES = [
    "jobs",
    "specifications",
    "shares",
    "attempts",
    "events",
    "targets",
    "leases",
    "counters",
    "writers",
    "owners",
    "doomed",
    "budgets",
]


async def _untouched(alice: PostgresStore) -> None:
    holder = await alice.holder(HERE)
    assert holder is not None
    assert (holder.epoch, holder.beat) == (1, 0)
    assert [event.seq for event in await alice.events(Seq(0))] == [1, 2, 3]
    assert ids(await alice.select(Query(subjobs=True))) == ["1", "1.0", "1.1"]
    assert (await alice.create(new_job(), AT)).name == "fit"
    assert await alice.last_seq() == 4


async def test_each_sees_their_own_jobs_only(users: Users, alice: PostgresStore) -> None:
    async with open_postgres(users.url(users.bob)) as bob:
        assert await bob.select(Query(subjobs=True)) == []
        assert (await bob.last_seq(), await bob.target_states(), await bob.holder(HERE)) == (0, {}, None)
        assert await bob.specifications([JobId("1")]) == {}
        job = await bob.create(new_job(), AT)
        assert job.id == "2"
        assert await take(bob) is not None
        assert bob.owner == users.bob
    await _untouched(alice)


@pytest.mark.parametrize("table", TABLES)
async def test_rows_of_others_are_not_seen_changed_or_removed(
    table: str, alice: PostgresStore, attacker: psycopg.Connection[TupleRow]
) -> None:
    for statement in (
        f"SELECT * FROM ganga.{table} WHERE owner = %s",
        f"SELECT * FROM ganga.{table} WHERE owner = %s FOR UPDATE",
        f"UPDATE ganga.{table} SET owner = current_user WHERE owner = %s RETURNING *",
        f"DELETE FROM ganga.{table} WHERE owner = %s RETURNING *",
        f"COPY (SELECT * FROM ganga.{table}) TO STDOUT /* %s */",
    ):
        try:
            if statement.startswith("COPY"):
                with attacker.cursor().copy(statement.encode() % alice.owner.encode()) as copied:
                    found: list[object] = [row for row in copied if alice.owner.encode() in bytes(row)]
            else:
                found = [*attacker.execute(statement.encode(), (alice.owner,)).fetchall()]
        except errors.InsufficientPrivilege:
            continue
        assert found == []
    await _untouched(alice)


@pytest.mark.parametrize(
    "statement",
    [
        (
            "INSERT INTO ganga.jobs (owner, job, subjob, name, target, status, created_at, attempt, wanted_attempt) "
            "VALUES (%s, 5, -1, 'x', 'here', 'new', 0, 0, 0)"
        ),
        (
            "INSERT INTO ganga.specifications (owner, job, specification) VALUES (%s, 1, 'x') "
            "ON CONFLICT (owner, job) DO UPDATE SET specification = 'x'"
        ),
        "INSERT INTO ganga.events (owner, seq, at, kind, target) VALUES (%s, 4, 0, 'job_removed', 'here')",
        (
            "INSERT INTO ganga.leases (owner, target, holder, epoch, beat) VALUES (%s, 'here', 'bob', 9, 0) "
            "ON CONFLICT (owner, target) DO UPDATE SET epoch = 9"
        ),
        "INSERT INTO ganga.counters (owner, seq) VALUES (%s, 1) ON CONFLICT (owner) DO UPDATE SET seq = 1000000",
        "INSERT INTO ganga.grants (owner, service) VALUES (%s, current_user)",
        "UPDATE ganga.leases SET owner = %s",
        "UPDATE ganga.counters SET owner = %s",
    ],
)
async def test_nothing_is_written_in_the_name_of_another(
    statement: str, alice: PostgresStore, attacker: psycopg.Connection[TupleRow]
) -> None:
    with pytest.raises(errors.InsufficientPrivilege) as refused:
        attacker.execute(statement.encode(), (alice.owner,))
    assert HIDDEN not in str(refused.value)
    await _untouched(alice)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ganga.counters SET seq = 1",
        "DELETE FROM ganga.counters",
        "UPDATE ganga.events SET reason = 'x'",
        "INSERT INTO ganga.doomed (owner, job) SELECT owner, 1 FROM ganga.grants UNION SELECT 'x', 1",
        "DELETE FROM ganga.owners",
        "DELETE FROM ganga.budgets",
        "UPDATE ganga.store SET version = 99",
        "DELETE FROM ganga.store",
        "SELECT setval('ganga.job_numbers', 1)",
        "ALTER TABLE ganga.jobs DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE ganga.jobs NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY own ON ganga.jobs",
        "CREATE POLICY mine ON ganga.jobs USING (true)",
        "CREATE FUNCTION ganga.acts_for(x int) RETURNS text[] LANGUAGE sql AS 'SELECT NULL::text[]'",
        "CREATE OR REPLACE FUNCTION ganga.acts_for() RETURNS text[] LANGUAGE sql AS 'SELECT NULL::text[]'",
        "CREATE TABLE ganga.mine (x int)",
        "TRUNCATE ganga.jobs",
        "ALTER TABLE ganga.counters DISABLE TRIGGER ALL",
        "SET session_replication_role = replica",
        "CREATE TRIGGER mine BEFORE INSERT ON ganga.jobs FOR EACH ROW EXECUTE FUNCTION ganga.only_forward()",
    ],
)
async def test_nobody_changes_the_past_or_the_rules(
    statement: str, alice: PostgresStore, attacker: psycopg.Connection[TupleRow]
) -> None:
    with pytest.raises((errors.InsufficientPrivilege, errors.WrongObjectType)):
        attacker.execute(statement.encode())
    await _untouched(alice)


async def test_an_event_goes_only_after_it_was_said_that_it_is_forgotten(users: Users, alice: PostgresStore) -> None:
    with users.connected(users.alice) as connection:
        assert connection.execute("DELETE FROM ganga.events").rowcount == 0
        assert await alice.forget_events(Seq(1)) is False
        assert connection.execute("DELETE FROM ganga.events").rowcount == 0
    assert [event.seq for event in await alice.events(Seq(0))] == [2, 3]
    assert (await alice.head()).forgotten == 1


async def test_a_budget_of_a_target_is_its_owners_and_others_are_shared(users: Users, alice: PostgresStore) -> None:
    own, shared = own_budget(HERE), BudgetName("lxplus")
    budget = Budget(at=1.0, rate=1.0, tokens=1.0)
    for name in (own, shared):
        await alice.change_budget(name, lambda _, __: (budget, None))
    async with open_postgres(users.url(users.bob)) as bob:
        assert await bob.budgets() == {shared: budget}
        await bob.change_budget(shared, lambda old, _: (replace(old or budget, tokens=0.5), None))
        await bob.change_budget(own, lambda old, _: (budget if old is None else replace(budget, rate=9.0), None))
        assert await bob.budgets() == {shared: replace(budget, tokens=0.5), own: budget}
    assert await alice.budgets() == {shared: replace(budget, tokens=0.5), own: budget}


@pytest.mark.parametrize(
    "written",
    [
        b"\xff not JSON",
        b'{"at":1e999,"rate":1,"tokens":1}',
        b'{"at":32503680000,"rate":1,"tokens":0}',
        b'{"at":0,"rate":0,"tokens":-1e300}',
        b'{"at":0,"rate":-1,"tokens":-5}',
        b'{"at":0,"rate":1,"tokens":0,"rest":1e12}',
        b'{"at":0,"rate":1,"tokens":0,"rest":1e10}',
    ],
)
async def test_a_shared_budget_that_somebody_has_spoilt_is_begun_anew(
    written: bytes, alice: PostgresStore, attacker: psycopg.Connection[TupleRow]
) -> None:
    shared = BudgetName("lxplus")
    allowance = Allowance(budget=shared, strict=True, ceiling=1.0, floor=0.1, burst=4.0)
    attacker.execute("INSERT INTO ganga.budgets (owner, name, budget) VALUES ('', 'lxplus', %s)", (written,))
    purse = Purse(HERE, allowance, alice, system_clock, Random(1))
    async with asyncio.timeout(5):
        await purse.open()
        await purse.take(urgent=False)
    found = (await alice.budgets([shared]))[shared]
    assert 2.5 <= found.tokens <= 3.0
    assert found.rate == 1.0


async def test_a_spoilt_budget_is_no_news_to_anybody(
    alice: PostgresStore, attacker: psycopg.Connection[TupleRow]
) -> None:
    for name, written in (("x", b"nothing"), ("y", b'{"at":0,"rate":1,"tokens":1,"cut_at":1e300,"reason":"x"}')):
        attacker.execute("INSERT INTO ganga.budgets (owner, name, budget) VALUES ('', %s, %s)", (name, written))
    assert await alice.budgets() == {}


async def test_jobs_of_others_are_not_in_the_way_of_a_store_that_moves(
    users: Users, alice: PostgresStore, path: Path
) -> None:
    async with open_sqlite(path) as source, open_postgres(users.url(users.bob)) as bob:
        for _ in range(3):
            await source.create(new_job(), AT)
        await move(source, bob, silent)
        assert ids(await bob.select(Query())) == ["3", "2", "1"]
        assert bob.id == source.id != alice.id
        assert (await bob.create(new_job(), AT)).id == "4"
        assert await bob.last_seq() == 4
    await _untouched(alice)


async def test_a_poisoned_search_path_changes_nothing(
    alice: PostgresStore, attacker: psycopg.Connection[TupleRow]
) -> None:
    attacker.execute("CREATE TEMP TABLE grants (owner text, service text)")
    attacker.execute("INSERT INTO grants VALUES (%s, current_user)", (alice.owner,))
    attacker.execute(
        "CREATE FUNCTION pg_temp.\"current_user\"() RETURNS text LANGUAGE sql AS 'SELECT session_user::text'"
    )
    attacker.execute("SET search_path = pg_temp, ganga, pg_catalog")
    assert attacker.execute("SELECT acts_for()").fetchone() == ([attacker.info.user],)
    assert attacker.execute("SELECT 1 FROM ganga.jobs").fetchall() == []
    await _untouched(alice)


async def test_no_function_lends_rights_and_each_has_a_fixed_search_path(
    attacker: psycopg.Connection[TupleRow],
) -> None:
    found = attacker.execute(
        "SELECT proname, prosecdef, proconfig FROM pg_proc WHERE pronamespace = 'ganga'::regnamespace"
    ).fetchall()
    assert {name for name, _, _ in found} == {"acts_for", "hold", "not_moving", "only_forward", "tell_service"}
    assert {(lends, tuple(config)) for _, lends, config in found} == {(False, ("search_path=pg_catalog, pg_temp",))}


async def test_every_table_with_owners_is_guarded(users: Users, alice: PostgresStore) -> None:
    del alice
    with users.connected("postgres") as connection:
        open_tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'ganga'::regnamespace AND relkind IN ('r', 'v', 'm') "
            "AND NOT (relrowsecurity AND relforcerowsecurity)"
        ).fetchall()
    assert open_tables == [("store",)]


async def test_a_condition_with_side_effects_does_not_see_rows_of_others(
    alice: PostgresStore, attacker: psycopg.Connection[TupleRow]
) -> None:
    told: list[str] = []
    attacker.add_notice_handler(lambda notice: told.append(notice.message_primary or ""))
    attacker.execute(
        (
            "CREATE FUNCTION pg_temp.peek(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS "
            "$$ BEGIN RAISE NOTICE '%', $1; RETURN true; END $$"
        ),
    )
    attacker.execute("CREATE TEMP VIEW mine AS SELECT * FROM ganga.jobs WHERE pg_temp.peek(name)")
    assert attacker.execute("SELECT * FROM mine").fetchall() == []
    assert told == []
    await _untouched(alice)


async def test_notifications_carry_nothing(users: Users, alice: PostgresStore) -> None:
    with users.connected(users.bob) as listening:
        listening.execute(f"LISTEN {_channel(listening, alice.owner)}".encode())
        await alice.create(new_job(name=HIDDEN), AT)
        [told] = listening.notifies(timeout=60, stop_after=1)
    assert told.payload == ""
    assert alice.owner not in told.channel


def _channel(connection: psycopg.Connection[TupleRow], owner: str) -> str:
    [(channel,)] = connection.execute("SELECT 'ganga_' || md5(%s::text)", (owner,)).fetchall()
    return str(channel)


async def test_a_service_acts_for_those_who_trust_it_as_long_as_they_do(users: Users, alice: PostgresStore) -> None:
    with pytest.raises(ConfigurationError, match=f"`ganga rights trust {users.robot}`"):
        async with open_postgres(users.url(users.robot), owner=users.alice):
            pass
    await trust(users.url(users.alice), users.robot)
    await trust(users.url(users.alice), users.robot)
    assert await trusted(users.url(users.alice)) == [users.robot]
    async with AsyncExitStack() as stack:
        robot = await stack.enter_async_context(open_postgres(users.url(users.robot), owner=users.alice))
        own = await stack.enter_async_context(open_postgres(users.url(users.robot)))
        assert robot.id == alice.id != own.id
        assert await own.select(Query()) == []
        assert await robot.request_kill([JobId("1")], "robot", AT) == ["1"]
        assert (await alice.events(Seq(3)))[0].reason == "robot"
        with users.connected(users.robot) as connection, pytest.raises(errors.InsufficientPrivilege):
            connection.execute("INSERT INTO ganga.grants (owner, service) VALUES (%s, %s)", (users.alice, users.bob))
        await distrust(users.url(users.alice), users.robot)
        for ask in (lambda: robot.select(Query()), lambda: robot.create(new_job(), AT)):
            with pytest.raises(NotTrusted, match=f"{users.alice} no longer trusts {users.robot}"):
                await ask()
    assert await alice.last_seq() == 4


async def test_who_was_not_admitted_is_told_who_can_do_that(users: Users, postgres_server: PostgresServer) -> None:
    stranger = f"stranger_{token_hex(4)}"
    postgres_server.new_role(stranger, token_hex())
    try:
        with pytest.raises(StoreUnavailable, match="`ganga rights admit ROLE`"):
            async with open_postgres(users.url(stranger)):
                pass
    finally:
        postgres_server.drop_role(stranger)


async def test_roles_that_are_not_there_are_named(users: Users) -> None:
    for attempt in (admit(users.url("postgres"), "nobody-here"), trust(users.url(users.alice), "nobody-here")):
        with pytest.raises(UsageError, match="no role 'nobody-here'"):
            await attempt
