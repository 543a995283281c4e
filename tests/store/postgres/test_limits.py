"""What no row may hold, whoever writes it; and nothing that ganga writes is refused."""

import asyncio
from collections.abc import Iterator
from secrets import token_hex

import psycopg
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace
from psycopg import errors
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Identifier

from ganga.errors import StoreUnavailable, UsageError
from ganga.model.clock import Utc
from ganga.model.event import Event, EventKind
from ganga.model.identity import Identity
from ganga.model.ids import Cursor, JobId, NativeId, Seq
from ganga.model.job import JobRecord, JobSpec, Share, TargetState
from ganga.model.status import JobStatus
from ganga.model.update import Update
from ganga.monitor.border import LONGEST_ID
from ganga.store.base import NewJob
from ganga.store.postgres import statements
from ganga.store.postgres.limits import FARTHEST, LARGEST_COUNT, LONGEST_TEXT, fitting
from ganga.store.postgres.schema import MIGRATIONS, migrate
from ganga.store.postgres.store import open_postgres
from ganga.store.postgres.writing import json_of
from ganga.store.rows import JOB_COLUMNS, new_row
from ganga.store.storable import storable_struct
from ganga.testing.store_checks.kit import AT, HERE, new_job, take
from tests.conftest import database_of
from tests.live.postgres_server.server import PostgresServer

LONG = "repeat('x', 70000)"
UPDATE = "UPDATE ganga.{} SET {} = {}"
INSERT = "INSERT INTO ganga.{} ({}) VALUES ({})"
VERSION = MIGRATIONS.index(next(step for step in MIGRATIONS if any("CONSTRAINT limits" in line for line in step)))


@pytest.fixture(scope="module")
def sql(postgres_server: PostgresServer) -> Iterator[psycopg.Connection[TupleRow]]:
    """A store with job 1, a state and a lease."""
    with database_of(postgres_server) as database:
        url = postgres_server.url(database)
        asyncio.run(_begin(url))
        with psycopg.connect(url, autocommit=True) as connection:
            yield connection


async def _begin(url: str) -> None:
    async with open_postgres(url) as store:
        await store.create(new_job(2), AT)
        await store.pause(HERE, paused=True, by="ada", at=AT)
        await take(store)


@pytest.mark.parametrize(
    "statement",
    [
        *(
            UPDATE.format("jobs", column, LONG)
            for column in ("name", "native_id", "native_status", "reason", "place", "kill_requested_by", "target")
        ),
        *(
            UPDATE.format("jobs", column, f"'{time}'")
            for column in ("created_at", "submitted_at", "ended_at", "silent_since", "cpu_time")
            for time in ("NaN", "Infinity", "-Infinity", "1e300")
        ),
        *(
            UPDATE.format("jobs", column, word)
            for column in ("status", "outcome")
            for word in ("repeat('x', 10000000)", "''", "'Running'", "E'new\\n'", "E'\\x1b[2J'")
        ),
        *(UPDATE.format("jobs", column, -5) for column in ("job", "subjob", "attempt", "wanted_attempt")),
        UPDATE.format("jobs", "subjobs", 2**63 - 1),
        UPDATE.format("specifications", "specification", "repeat('x', 17000000)::bytea"),
        UPDATE.format("specifications", "job", -1),
        UPDATE.format("shares", "share", "repeat('x', 1100000)::bytea"),
        INSERT.format("attempts", "job, subjob, attempt, record", "1, -1, -1, '1'"),
        INSERT.format("attempts", "job, subjob, attempt, record", "1, 0, 1, to_json(repeat('x', 5000000))"),
        INSERT.format("events", "seq, at, kind, target", "-1, 0, 'job_removed', 'here'"),
        INSERT.format("events", "seq, at, kind, target", "9, 'NaN', 'job_removed', 'here'"),
        INSERT.format("events", "seq, at, kind, target", "9, 0, E'\\x1b[2J', 'here'"),
        INSERT.format("events", "seq, at, kind, target", f"9, 0, 'job_removed', {LONG}"),
        INSERT.format("events", "seq, at, kind, target, reason", f"9, 0, 'job_removed', 'here', {LONG}"),
        *(UPDATE.format("targets", column, LONG) for column in ("name", "error", "cursor")),
        UPDATE.format("targets", "identity", "repeat('x', 1100000)::bytea"),
        UPDATE.format("targets", "confirmed_at", "'NaN'"),
        UPDATE.format("targets", "stuck_threads", -1),
        UPDATE.format("leases", "holder", LONG),
        UPDATE.format("leases", "beat", 2**63 - 1),
        UPDATE.format("counters", "seq", 2**63 - 1),
        UPDATE.format("owners", "passage", LONG),
        UPDATE.format("owners", "id", LONG),
        INSERT.format("writers", "writer, written", f"{LONG}, 1"),
        INSERT.format("doomed", "job", -1),
        INSERT.format("grants", "service", LONG),
        INSERT.format("budgets", "owner, name, budget", f"'', 'lxplus', {LONG}::bytea"),
        INSERT.format("budgets", "owner, name", f"'', {LONG}"),
    ],
)
def test_no_row_holds_what_harms_its_readers(statement: str, sql: psycopg.Connection[TupleRow]) -> None:
    with pytest.raises(errors.CheckViolation, match="limits"):
        sql.execute(statement.encode())


sizes = st.sampled_from([0, 1, 16_383, 16_384, 16_385, 32_768, 65_535, 65_536, 65_537])
texts = st.builds(
    lambda letter, size, more: letter * size + more, st.sampled_from("x\0\x01é€😀"), sizes, st.text(max_size=2)
)
edges = st.sampled_from([-1.0, 1.0]).flatmap(
    lambda sign: st.sampled_from([FARTHEST, FARTHEST + 1, FARTHEST - 1, 1e300]).map(lambda time: sign * time)
)
times = (st.floats(allow_nan=False, allow_infinity=False) | edges).map(Utc)
counts = st.integers(-(2**63) + 1, 2**63 - 1) | st.integers(-1, 3) | st.sampled_from([LARGEST_COUNT, LARGEST_COUNT + 1])
records = st.builds(
    JobRecord,
    id=st.just(JobId("7")),
    name=texts,
    target=st.just(HERE),
    status=st.sampled_from(JobStatus),
    created_at=times,
    attempt=counts,
    native_id=st.none() | st.text(max_size=LONGEST_ID).map(NativeId),
    reason=st.none() | texts,
    outcome=st.none() | st.sampled_from(JobStatus),
    ended_at=st.none() | times,
    exit_code=st.none() | st.integers(),
    cpu_time=st.none() | times,
    wanted_attempt=counts,
)


def test_the_server_refuses_what_would_be_cut_and_nothing_else(sql: psycopg.Connection[TupleRow]) -> None:
    @given(records)
    @example(JobRecord(id=JobId("7"), name="\0" * 32_769, target=HERE, status=JobStatus.NEW, created_at=AT))
    @example(JobRecord(id=JobId("7"), name="\0" * 32_768, target=HERE, status=JobStatus.NEW, created_at=AT))
    def compare(record: JobRecord) -> None:
        record = storable_struct(record)
        assert _is_kept(record, sql) == (fitting(record) == record)
        assert _is_kept(fitting(record), sql)

    compare()


def _is_kept(record: JobRecord, sql: psycopg.Connection[TupleRow]) -> bool:
    row = {"owner": sql.info.user, "rows": json_of(JOB_COLUMNS, [new_row(record)])}
    try:
        with sql.transaction(force_rollback=True):
            sql.execute(statements.NEW_JOB.encode(), row)
    except errors.CheckViolation:
        return False
    return True


async def test_what_a_service_says_at_length_is_cut_and_not_lost(url: str) -> None:
    async with open_postgres(url) as store:
        record = await store.create(new_job(), AT)
        lease = await take(store)
        long = replace(
            record,
            status=JobStatus.FAILED,
            reason="no " * LONGEST_TEXT,
            native_status="€" * LONGEST_TEXT,
            ended_at=Utc(1e300),
            attempt=-1,
        )
        event = Event(at=AT, kind=EventKind.STATUS_CHANGED, target=HERE, job=record.id, reason=long.reason)
        state = TargetState(
            name=HERE,
            error="x" * (LONGEST_TEXT + 1),
            cursor=Cursor("12"),
            confirmed_at=Utc(-1e300),
            identity=Identity(name="\0" * 10**6),
        )
        await store.save(Update(HERE, (long,), (long,), (event,), state), lease)
        [found] = await store.get([record.id])
        assert found.reason == ("no " * LONGEST_TEXT)[: LONGEST_TEXT // 4]
        assert found.native_status == "€" * (LONGEST_TEXT // 4)
        assert (found.status, found.ended_at, found.attempt) == (JobStatus.FAILED, FARTHEST, 0)
        assert (await store.attempts(record.id))[0].reason == found.reason
        assert (await store.events(Seq(1)))[0].reason == found.reason
        kept = (await store.target_states())[HERE]
        assert (kept.error, kept.cursor, kept.confirmed_at) == ("x" * (LONGEST_TEXT // 4), "12", -FARTHEST)
        assert await store.request_kill([(await store.create(new_job(), AT)).id], "b" * 10**6, AT)


@pytest.mark.parametrize(
    ("spec", "share", "what"),
    [
        (JobSpec(command=("true",), name="n" * 65_537), Share(), "the name of the job takes 65,537 bytes"),
        (JobSpec(command=("true",), name="\0" * 40_000), Share(), "the name of the job takes 80,000 bytes"),
        (JobSpec(command=("x" * 17_000_000,)), Share(), "the specification of the job .* at most 16,777,216"),
        (JobSpec(command=("true",)), Share(arguments=("x" * 1_048_576,)), "what one subjob has .* at most 1,048,576"),
    ],
)
async def test_who_asks_for_too_much_is_told_what_is_too_long(url: str, spec: JobSpec, share: Share, what: str) -> None:
    async with open_postgres(url) as store:
        with pytest.raises(UsageError, match=what):
            await store.create(NewJob(spec, HERE, shares=[share]), AT)


async def test_a_name_for_which_an_index_has_no_room_is_to_be_shorter(url: str) -> None:
    """What can be compressed is not that long there."""
    async with open_postgres(url) as store:
        with pytest.raises(StoreUnavailable, match="shorten a name"):
            await store.create(new_job(name=token_hex(10_000)), AT)
        assert (await store.create(new_job(name="x" * 20_000), AT)).name == "x" * 20_000


async def test_rows_of_an_older_store_are_cut_and_can_be_changed(
    postgres_server: PostgresServer, database: str
) -> None:
    owner, ada = f"owner_{database}", f"ada_{database}"
    for role in (owner, ada):
        postgres_server.new_role(role, "x")
    postgres_server.run(f'GRANT CREATE ON DATABASE "{database}" TO "{owner}"')
    try:
        async with await psycopg.AsyncConnection.connect(
            postgres_server.url(database, owner), autocommit=True
        ) as connection:
            await migrate(connection, "here", MIGRATIONS[:VERSION])
            await connection.execute(SQL("GRANT USAGE ON SCHEMA ganga TO {}").format(Identifier(ada)))
            await _write_as_before(postgres_server.url(database), ada)
            await migrate(connection, "here")
            forced = "SELECT relname FROM pg_class WHERE relrowsecurity AND NOT relforcerowsecurity"
            assert await (await connection.execute(forced)).fetchall() == []
            assert await (await connection.execute("SELECT FROM ganga.jobs")).fetchall() == []
        async with open_postgres(postgres_server.url(database, ada)) as store:
            assert await store.request_kill([JobId("1")], "ada", AT) == ["1"]
            [record] = await store.get([JobId("1")])
            assert (record.name, record.reason) == ("€" * 16_384, None)
            await store.pause(HERE, paused=True, by="ada", at=AT)
            assert (await store.target_states())[HERE].error == "x" * 16_384
    finally:
        postgres_server.drop_database(database)
        for role in (ada, owner):
            postgres_server.drop_role(role)


async def _write_as_before(url: str, owner: str) -> None:
    """Rows as an older ganga might have written."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as other:
        await other.execute(
            "INSERT INTO ganga.jobs (owner, job, subjob, name, target, status, created_at, attempt, wanted_attempt) "
            "VALUES (%s, 1, -1, %s, 'here', 'new', 0, 0, 0)",
            (owner, "€" * 70_000),
        )
        await other.execute(
            "INSERT INTO ganga.targets (owner, name, error) VALUES (%s, 'here', %s)", (owner, "x" * 70_000)
        )
