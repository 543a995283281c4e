"""Many owners over few connections: each is served, and none sees, holds up or harms another."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from secrets import token_hex
from typing import Final

import psycopg
import pytest
from msgspec.structs import replace
from psycopg import errors
from psycopg.sql import SQL, Identifier

from ganga.errors import ConfigurationError, NotTrusted, StoreDamaged, StoreUnavailable, UnknownJob
from ganga.model.ids import JobId, NativeId, Seq
from ganga.model.status import JobStatus
from ganga.store.base import Query
from ganga.store.postgres.channels import _REST, Channels, news_channel, trust_channel
from ganga.store.postgres.deadline import Deadline
from ganga.store.postgres.rights import admit, distrust, trust
from ganga.store.postgres.sharing import SharedStores, open_shared
from ganga.store.postgres.store import PostgresStore, open_postgres
from ganga.store.postgres.text import Connection
from ganga.store.postgres.transaction import Transaction
from ganga.testing.check_store import CHECKS
from ganga.testing.store_checks.kit import AT, HERE, Check, become, ids, new_job, save, take
from tests.live.postgres_server.server import PostgresServer
from tests.store.conftest import waiting
from tests.store.postgres.line import line_to

#: All that a service has of the server, whatever the number of owners.
CONNECTIONS: Final = 5
NOBODY: Final[frozenset[str]] = frozenset()
#: Seconds within which something is heard of that nobody looks for, and how long one would wait for it.
WITHIN: Final = 60
LONG: Final = 1000.0


@dataclass(frozen=True)
class Place:
    """A database of the tests, and who may use it."""

    server: PostgresServer
    database: str
    robot: str
    owners: list[str]

    def url(self, role: str) -> str:
        return self.server.url(self.database, role)

    def run(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        return self.server.run(statement, *values, database=self.database)

    async def new_role(self, name: str) -> str:
        """Admitted, and taken away at the end."""
        self.server.new_role(name, token_hex())
        self.owners.append(name)
        await admit(self.url("postgres"), name)
        return name

    async def new_owner(self, name: str) -> str:
        """One who trusts the service."""
        await self.new_role(name)
        await trust(self.url(name), self.robot)
        return name

    def new_owners(self, names: Iterable[str]) -> None:
        """The same for many, who cannot log in, over one connection."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            for name in names:
                connection.execute(SQL("CREATE ROLE {}").format(Identifier(name)))
                self.owners.append(name)
                connection.execute("INSERT INTO ganga.grants (owner, service) VALUES (%s, %s)", (name, self.robot))

    def connections(self, role: str) -> int:
        [(many,)] = self.run("SELECT count(*) FROM pg_stat_activity WHERE usename = %s", role)
        assert isinstance(many, int)
        return many


@pytest.fixture
async def place(postgres_server: PostgresServer, database: str) -> AsyncIterator[Place]:
    place = Place(postgres_server, database, f"robot_{token_hex(4)}", [])
    await place.new_role(place.robot)
    yield place
    postgres_server.drop_database(database)
    for role in place.owners:
        postgres_server.drop_role(role)


@pytest.fixture
async def ada(place: Place) -> str:
    return await place.new_owner(f"ada_{place.database}")


@pytest.fixture
async def bob(place: Place) -> str:
    return await place.new_owner(f"bob_{place.database}")


@pytest.fixture
async def shared(place: Place) -> AsyncIterator[SharedStores]:
    async with open_shared(place.url(place.robot), patience=60) as shared:
        yield shared


@pytest.fixture
async def both(shared: SharedStores, ada: str, bob: str) -> AsyncIterator[tuple[PostgresStore, PostgresStore]]:
    """The stores of two owners."""
    async with shared.owned(ada) as of_ada, shared.owned(bob) as of_bob:
        yield of_ada, of_bob


async def test_a_service_has_five_connections_however_many_trust_it(place: Place, shared: SharedStores) -> None:
    some = token_hex(4)
    names = [f"owner{number}_{some}" for number in range(30)]
    place.new_owners(names)
    assert await shared.owners() == set(names)
    async with AsyncExitStack() as stack:
        stores = [await stack.enter_async_context(shared.owned(name)) for name in names]
        waits = [asyncio.create_task(store.wait(Seq(0), 60)) for store in stores]
        made = await asyncio.gather(*(store.create(new_job(), AT) for store in stores))
        assert all(await asyncio.gather(*waits))
        assert [await store.get([job.id]) for store, job in zip(stores, made, strict=True)] == [[job] for job in made]
        assert 3 <= place.connections(place.robot) <= CONNECTIONS
        assert len({store.id for store in stores}) == len(names)


async def test_nothing_is_left_when_it_is_closed(place: Place, ada: str) -> None:
    async with open_shared(place.url(place.robot), patience=60) as shared:
        async with shared.owned(ada) as store:
            await store.create(new_job(), AT)
        with pytest.raises(StoreUnavailable, match="is closed"):
            await store.last_seq()
        assert await shared.owners() == {ada}
        assert place.run("SELECT * FROM ganga.writers") == []
    with pytest.raises(StoreUnavailable, match="is closed"):
        await shared.owners()
    while place.connections(place.robot):  # noqa: ASYNC110 - the server says good-bye in its own time
        await asyncio.sleep(0.01)


async def test_the_store_of_one_owner_never_gives_or_changes_what_is_anothers(
    both: tuple[PostgresStore, PostgresStore],
) -> None:
    ada, bob = both
    of_ada, of_bob = await ada.create(new_job(2), AT), await bob.create(new_job(2), AT)
    leases = [await take(store) for store in both]
    for store, lease, record in zip(both, leases, (of_ada, of_bob), strict=True):
        ended = replace(record, status=JobStatus.COMPLETED, native_id=NativeId("17"), ended_at=AT)
        await save(store, lease, ended, attempts=[ended])
    assert [ids(await store.select(Query())) for store in both] == [[of_ada.id], [of_bob.id]]
    assert [list(await store.ended(HERE, [NativeId("17")])) for store in both] == [[NativeId("17")]] * 2
    assert [(await store.ended(HERE, [NativeId("17")]))[NativeId("17")].id for store in both] == [of_ada.id, of_bob.id]
    assert [{event.job for event in await store.events(Seq(0))} for store in both] == [{of_ada.id}, {of_bob.id}]
    for store, other in ((ada, of_bob.id), (bob, of_ada.id)):
        subjob = JobId(f"{other}.1")
        assert await store.specifications([other, subjob]) == {}
        assert await store.attempts(other) == []
        assert await store.concerned(other) == []
        for ask in (store.request_kill([other], "robot", AT), store.request_submit([subjob], AT), store.get([other])):
            with pytest.raises(UnknownJob):
                await ask
        with pytest.raises(UnknownJob):
            await store.remove([other], AT)
        assert await store.prune([other], Seq(99)) is False
    await ada.release(leases[0])
    assert await ada.holder(HERE) is None
    holder = await bob.holder(HERE)
    assert holder is not None
    assert holder.epoch == leases[1].epoch
    await save(ada, await take(ada), replace(of_bob, status=JobStatus.FAILED, native_id=NativeId("99")))
    assert [record.status for record in await bob.get([of_bob.id])] == [JobStatus.COMPLETED]
    assert [await store.last_seq() for store in both] == [3, 2]


async def test_who_waits_for_one_owner_is_not_woken_by_another(both: tuple[PostgresStore, PostgresStore]) -> None:
    ada, bob = both
    wait = asyncio.create_task(ada.wait(Seq(0), 60))
    await waiting(ada, 1)
    await bob.create(new_job(), AT)
    assert await bob.wait(Seq(0), 60)
    assert not wait.done()
    await ada.create(new_job(), AT)
    assert await wait


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_the_store_of_one_owner_keeps_each_promise(check: Check, shared: SharedStores, ada: str) -> None:
    async with shared.owned(ada) as store:
        await check(store)


async def test_trust_and_distrust_are_heard_at_once(
    place: Place, shared: SharedStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganga.store.postgres.sharing.POLL", LONG)
    ada = await place.new_role(f"ada_{place.database}")
    wait = asyncio.create_task(shared.wait(NOBODY, LONG))
    await _listens(place)
    await trust(place.url(ada), place.robot)
    assert await asyncio.wait_for(wait, WITHIN) == {ada}
    assert await shared.wait(NOBODY, 60) == {ada}
    wait = asyncio.create_task(shared.wait(frozenset({ada}), LONG))
    await _listens(place)
    await distrust(place.url(ada), place.robot)
    assert await asyncio.wait_for(wait, WITHIN) == NOBODY


async def test_trust_is_heard_over_the_next_connection_when_one_is_killed(
    place: Place, shared: SharedStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganga.store.postgres.sharing.POLL", LONG)
    ada = await place.new_role(f"ada_{place.database}")
    wait = asyncio.create_task(shared.wait(NOBODY, LONG))
    await _listens(place)
    listening = "FROM pg_stat_activity WHERE application_name = 'ganga listens' AND usename = %s"
    [(killed, _)] = place.run(f"SELECT pid, pg_terminate_backend(pid) {listening}", place.robot)
    await trust(place.url(ada), place.robot)
    assert await asyncio.wait_for(wait, WITHIN) == {ada}
    assert place.run(f"SELECT pid {listening}", place.robot) != [(killed,)]


async def test_trust_is_found_though_nobody_tells_of_it(
    place: Place, shared: SharedStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganga.store.postgres.sharing.POLL", 0.05)
    place.run("ALTER TABLE ganga.grants DISABLE TRIGGER tell_service")
    wait = asyncio.create_task(shared.wait(NOBODY, LONG))
    await _listens(place)
    ada = await place.new_owner(f"ada_{place.database}")
    assert await asyncio.wait_for(wait, WITHIN) == {ada}


async def test_what_is_granted_between_a_look_and_the_beginning_is_found(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganga.store.postgres.sharing.POLL", LONG)
    ada = await place.new_role(f"ada_{place.database}")
    looked = asyncio.Event()
    begun, owners = Channels._begun, SharedStores.owners

    async def late(listening: Channels, connection: Connection, deadline: Deadline) -> None:
        await looked.wait()
        await trust(place.url(ada), place.robot)
        await begun(listening, connection, deadline)

    async def look(shared: SharedStores) -> frozenset[str]:
        found = await owners(shared)
        looked.set()
        return found

    monkeypatch.setattr(Channels, "_begun", late)
    monkeypatch.setattr(SharedStores, "owners", look)
    async with open_shared(place.url(place.robot), patience=60) as shared:
        assert await asyncio.wait_for(shared.wait(NOBODY, LONG), WITHIN) == {ada}


async def test_a_wait_for_others_ends_in_time(shared: SharedStores) -> None:
    assert await shared.wait(NOBODY, 0) == NOBODY
    assert await shared.wait(NOBODY, 0.05) == NOBODY
    assert await shared.wait(frozenset({"ada"}), 60) == NOBODY


async def _listens(place: Place) -> None:
    """Return when the service waits for what it is told."""
    statement = (
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ganga listens' AND usename = %s "
        "AND query LIKE '%%LISTEN%%' AND state = 'idle'"
    )
    while place.run(statement, place.robot) == [(0,)]:  # noqa: ASYNC110 - nobody tells when it listens
        await asyncio.sleep(0.01)


async def test_who_is_no_longer_trusted_is_told_so_and_reads_nothing_wrong(
    place: Place, both: tuple[PostgresStore, PostgresStore]
) -> None:
    ada, bob = both
    job = await ada.create(new_job(), AT)
    lease = await take(ada)
    wait = asyncio.create_task(ada.wait(Seq(9), 60))
    await waiting(ada, 1)
    await distrust(place.url(ada.owner), place.robot)
    refused = f"{ada.owner} no longer trusts {place.robot}; .*`ganga rights trust {place.robot}`"
    for ask in (
        ada.last_seq(),
        ada.live(HERE),
        ada.get([job.id]),
        ada.head(),
        ada.create(new_job(), AT),
        ada.renew(lease),
        ada.release(lease),
        ada.request_kill([job.id], "robot", AT),
        save(ada, lease, job),
        wait,
    ):
        with pytest.raises(NotTrusted, match=refused):
            await ask
    assert (await bob.create(new_job(), AT)).name == "fit"
    await trust(place.url(ada.owner), place.robot)
    await ada.renew(lease)
    async with open_postgres(place.url(ada.owner)) as own:
        assert [event.seq for event in await own.events(Seq(0))] == [1]


async def test_trust_that_ends_in_the_middle_of_a_write_leaves_nothing_of_it(
    place: Place, both: tuple[PostgresStore, PostgresStore]
) -> None:
    ada, _ = both
    job = await ada.create(new_job(), AT)

    async def work(transaction: Transaction) -> None:
        await transaction.rows("UPDATE ganga.jobs SET reason = 'half' WHERE owner = %s RETURNING 1", (ada.owner,))
        await distrust(place.url(ada.owner), place.robot)
        await transaction.commit()

    with pytest.raises(NotTrusted):
        await ada._write(work)
    async with open_postgres(place.url(ada.owner)) as own:
        assert await own.get([job.id]) == [job]


@pytest.mark.parametrize("heard", [True, False])
async def test_what_two_owners_write_is_written_once_though_the_connection_is_cut(
    place: Place, ada: str, bob: str, *, heard: bool
) -> None:
    async with line_to(place.server) as line:
        url = line.url(place.database).replace("postgres@", f"{place.robot}@")
        async with (
            open_shared(url, patience=60) as shared,
            shared.owned(ada) as of_ada,
            shared.owned(bob) as of_bob,
        ):
            first = [await store.create(new_job(), AT) for store in (of_ada, of_bob)]
            line.cut_at(b"COMMIT", heard=heard)
            made = first + await asyncio.gather(*(store.create(new_job(), AT) for store in (of_ada, of_bob) * 5))
            assert line.cuts == 1
            for store, jobs in ((of_ada, made[::2]), (of_bob, made[1::2])):
                assert set(ids(await store.select(Query()))) == {job.id for job in jobs}
                assert [event.seq for event in await store.events(Seq(0))] == [1, 2, 3, 4, 5, 6]


async def test_backends_that_are_killed_among_writes_of_two_owners_lose_and_double_nothing(
    place: Place, both: tuple[PostgresStore, PostgresStore]
) -> None:
    told: dict[str, list[str]] = {store.owner: [] for store in both}

    async def create(store: PostgresStore) -> None:
        while len(told[store.owner]) < 40:
            record = await store.create(new_job(), AT)
            told[store.owner].append(record.id)

    creating = [asyncio.create_task(create(store)) for store in both]
    for many in (5, 15, 25):
        while min(map(len, told.values())) < many:  # noqa: ASYNC110 - nobody tells how many there are
            await asyncio.sleep(0.001)
        place.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", place.robot)
    await asyncio.gather(*creating)
    for store in both:
        assert ids(await store.select(Query())) == told[store.owner][::-1]
        assert [event.job for event in await store.events(Seq(0))] == told[store.owner]


async def test_the_connections_of_others_are_not_held_by_one_who_asks_for_much(
    both: tuple[PostgresStore, PostgresStore],
) -> None:
    ada, bob = both
    over = asyncio.Event()
    begun = 0

    async def slowly(transaction: Transaction) -> None:
        nonlocal begun
        begun += 1
        await over.wait()
        await transaction.rows("SELECT 1")
        await transaction.commit()

    many = [asyncio.create_task(ada._write(slowly)) for _ in range(20)]
    try:
        async with asyncio.timeout(WITHIN):
            for _ in range(5):
                await bob.create(new_job(), AT)
        assert begun == 1
    finally:
        over.set()
        await asyncio.gather(*many)


async def test_an_owner_whose_statement_fails_breaks_nothing_for_those_who_stand_behind(
    place: Place, ada: str, bob: str
) -> None:
    async with (
        # The server lets go of what was given up within a second; a lock is waited for for less than the patience.
        open_shared(place.url(place.robot), patience=2.0) as shared,
        shared.owned(ada) as of_ada,
        shared.owned(bob) as of_bob,
    ):

        async def too_slow(transaction: Transaction) -> None:
            await transaction.rows("SELECT pg_sleep(30)")

        async def wrong(transaction: Transaction) -> None:
            await transaction.rows("SELECT 1/0")

        async with shared.owned(ada) as again:
            failing = [asyncio.create_task(store._write(too_slow)) for store in (of_ada, again)]
            behind = asyncio.create_task(of_ada.create(new_job(), AT))
            made = [asyncio.create_task(of_bob.create(new_job(), AT)) for _ in range(5)]
            for task in (*failing, behind):
                with pytest.raises(StoreUnavailable):
                    await task
            assert len({job.id for job in await asyncio.gather(*made)}) == 5
        with pytest.raises(StoreDamaged, match="division by zero"):
            await of_ada._write(wrong)
        assert await of_bob.last_seq() == 5


async def test_all_who_stand_in_line_are_told_when_the_server_does_not_answer(place: Place, ada: str) -> None:
    many, patience = 60, 0.5
    async with line_to(place.server) as line, AsyncExitStack() as stack:
        url = line.url(place.database).replace("postgres@", f"{place.robot}@")
        shared = await stack.enter_async_context(open_shared(url, patience=patience))
        stores = [await stack.enter_async_context(shared.owned(ada)) for _ in range(many)]
        line.silent = True
        began = asyncio.get_running_loop().time()
        told = await asyncio.gather(*(store.last_seq() for store in stores), return_exceptions=True)
        assert {type(error) for error in told} == {StoreUnavailable}
        assert asyncio.get_running_loop().time() - began < many / CONNECTIONS * patience
        line.silent = False


async def test_somebody_who_does_not_trust_the_role_is_refused(place: Place, shared: SharedStores, ada: str) -> None:
    eve = await place.new_role(f"eve_{place.database}")
    with pytest.raises(ConfigurationError, match=f"may not act for {eve}; {eve} allows it"):
        async with shared.owned(eve):
            pass
    async with shared.owned(ada) as store:
        assert store.owner == ada


async def test_nobody_gets_itself_into_anothers_trust(place: Place, shared: SharedStores, ada: str) -> None:
    eve = await place.new_role(f"eve_{place.database}")
    with closing(psycopg.connect(place.url(eve), autocommit=True)) as attacker:
        for statement in (
            "INSERT INTO ganga.grants (owner, service) VALUES (%(ada)s, current_user)",
            "INSERT INTO ganga.grants (owner, service) VALUES (%(ada)s, %(robot)s) ON CONFLICT DO NOTHING",
            "UPDATE ganga.grants SET service = current_user WHERE owner = %(ada)s",
            "ALTER TABLE ganga.grants DISABLE TRIGGER tell_service",
            "CREATE OR REPLACE FUNCTION ganga.tell_service() RETURNS trigger LANGUAGE sql AS ''",
            "TRUNCATE ganga.grants",
        ):
            with pytest.raises((errors.InsufficientPrivilege, errors.InvalidFunctionDefinition)):
                attacker.execute(statement.encode(), {"ada": ada, "robot": place.robot})
        assert attacker.execute("DELETE FROM ganga.grants RETURNING *").fetchall() == []
        assert attacker.execute("SELECT * FROM ganga.grants").fetchall() == []
        attacker.execute("INSERT INTO ganga.grants (service) VALUES (%s)", (place.robot,))
    assert await shared.owners() == {ada, eve}
    async with shared.owned(eve) as store:
        assert await store.select(Query()) == []


ODD: Final = (
    "../x",
    "a b",
    "o'hara",
    'say "x"; DROP SCHEMA ganga',
    "%s",
    "{}",
    " ",
    "äöü-λ",
    "-- ",
    "\\",
    "Ada",
    "a\nb",
)


@pytest.fixture
def odd(place: Place) -> list[str]:
    """Names of owners as an administrator may give them."""
    names = [f"{name}{token_hex(3) if name.strip() else ''}" for name in ODD]
    place.new_owners(names)
    return names


async def test_names_of_any_kind_are_but_names(shared: SharedStores, odd: list[str]) -> None:
    assert await shared.owners() == set(odd)
    for name in odd:
        async with shared.owned(name) as store:
            wait = asyncio.create_task(store.wait(Seq(0), 60))
            job = await store.create(new_job(), AT)
            await become(store, await take(store), JobStatus.RUNNING, job.id)
            assert await wait
            assert store.owner == name
            assert ids(await store.select(Query())) == [job.id]
    for name in ("", "\0", "nobody", "' OR true --"):
        with pytest.raises(ConfigurationError, match="may not act for"):
            async with shared.owned(name):
                pass
    assert await shared.owners() == set(odd)


async def test_a_flood_of_notifications_costs_a_look_now_and_then(
    place: Place, shared: SharedStores, ada: str, bob: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    eve = await place.new_role(f"eve_{place.database}")
    looks = 0
    owners = shared.owners

    async def counted() -> frozenset[str]:
        nonlocal looks
        looks += 1
        return await owners()

    monkeypatch.setattr(shared, "owners", counted)
    known = frozenset({ada, bob})
    async with shared.owned(ada) as of_ada, shared.owned(bob) as of_bob:
        loop = asyncio.get_running_loop()
        began = loop.time()
        wait = asyncio.create_task(shared.wait(known, 600))
        news = [asyncio.create_task(store.wait(Seq(0), 600)) for store in (of_ada, of_bob)]
        await _listens(place)
        await asyncio.to_thread(_flood, place.url(eve), [trust_channel(place.robot), news_channel(ada)])
        await of_bob.create(new_job(), AT)
        assert await news[1]
        assert not news[0].done()
        assert not wait.done()
        assert looks <= 2 + (loop.time() - began) / _REST
        await distrust(place.url(ada), place.robot)
        assert await wait == {bob}
        with pytest.raises(NotTrusted):
            await news[0]


def _flood(url: str, names: list[str]) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for _ in range(20):
            for name in names:
                connection.execute("SELECT count(pg_notify(%s, n::text)) FROM generate_series(1, 500) AS n", (name,))
