"""No list, count or sheet that a user asks for looks at all of a million jobs or events: an index leads to them."""

from collections.abc import Awaitable, Callable, Iterator

import pytest

from ganga.model.ids import JobId, Seq, TargetName
from ganga.model.status import FINAL, JobStatus
from ganga.store.base import Query, Store
from ganga.store.sqlite import SqliteStore
from ganga.testing.store_checks.kit import AT, HERE, become, ids, new_job, take

FAILED = frozenset({JobStatus.FAILED})
ONE, SUBJOB = JobId("1"), JobId("1.1")

Question = Callable[[Store], Awaitable[object]]

QUESTIONS: dict[str, Question] = {
    "list": lambda store: store.select(Query()),
    "list --after": lambda store: store.select(Query(), after=JobId("2"), limit=2),
    "list --subjobs": lambda store: store.select(Query(subjobs=True), after=SUBJOB),
    "list --status": lambda store: store.select(Query(statuses=FAILED | {JobStatus.LOST}), after=JobId("3")),
    "list --target": lambda store: store.select(Query(targets=frozenset({HERE}))),
    "list --target --status": lambda store: store.select(Query(statuses=FAILED, targets=frozenset({HERE}))),
    "list --name": lambda store: store.select(Query(name="fit-*"), after=JobId("3")),
    "list --name --status": lambda store: store.select(Query(name="fit-*", statuses=FAILED)),
    "list --parent": lambda store: store.select(Query(parent=ONE, subjobs=True), after=SUBJOB),
    "list, in all": lambda store: store.count(Query()),
    "list --status, in all": lambda store: store.count(Query(statuses=FAILED)),
    "list --target, in all": lambda store: store.count(Query(targets=frozenset({HERE}))),
    "list --parent --status, in all": lambda store: store.count(Query(parent=ONE, statuses=FAILED, subjobs=True)),
    "list, the column of subjobs": lambda store: store.families(HERE, [ONE]),
    "targets": lambda store: store.count(
        Query(statuses=frozenset(JobStatus) - FINAL, targets=frozenset({HERE}), subjobs=True)
    ),
    "show": lambda store: store.get([ONE, SUBJOB]),
    "show, what to run": lambda store: store.specifications([ONE, SUBJOB]),
    "show, attempts": lambda store: store.attempts(SUBJOB),
    "show, events": lambda store: store.events(Seq(0), job=ONE),
    "show, events of a subjob": lambda store: store.events(Seq(0), job=SUBJOB),
    "events": lambda store: store.events(Seq(2)),
    "store check": lambda store: store.dump(after=SUBJOB),
    "store archive": lambda store: store.prune([ONE], Seq(9)),
    "store archive, events": lambda store: store.forget_events(Seq(1)),
}


@pytest.mark.parametrize("name", QUESTIONS)
async def test_the_plan_of_each_question_is_by_index(name: str, sqlite: SqliteStore) -> None:
    await sqlite.create(new_job(2), AT)
    await sqlite.create(new_job(name="fit-2"), AT)
    await become(sqlite, await take(sqlite), JobStatus.FAILED, ONE, JobId("1.0"), SUBJOB)
    statements = await asked(sqlite, QUESTIONS[name])
    assert statements
    for statement in statements:
        # The first page of a list is where its index begins.
        allowed = ("SCAN jobs USING INDEX",) if "LIMIT" in statement else ()
        steps = [step for step in await plan(sqlite, statement) if not step.startswith(allowed)]
        assert not [step for step in steps if step.startswith(("SCAN jobs", "SCAN events")) or "ORDER BY" in step]


async def asked(store: SqliteStore, question: Question) -> list[str]:
    """The statements that it takes to answer, with their values."""
    found: list[str] = []
    workers = (store._reader, store._writer)
    for worker in workers:
        await worker.run(lambda connection: connection.set_trace_callback(found.append))
    await question(store)
    for worker in workers:
        await worker.run(lambda connection: connection.set_trace_callback(None))
    return [statement for statement in found if statement.lstrip().startswith(("SELECT", "WITH", "DELETE"))]


async def plan(store: SqliteStore, statement: str) -> list[str]:
    """The steps in which SQLite carries it out."""
    rows = await store._reader.run(lambda connection: connection.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall())
    return [row[-1] for row in rows]


def pages(store: Store, query: Query, limit: int) -> Callable[[], Awaitable[list[JobId]]]:
    """All jobs of a query, so many at a time."""

    async def read() -> list[JobId]:
        found: list[JobId] = []
        while page := await store.select(query, after=found[-1] if found else None, limit=limit):
            found += ids(page)
        return found

    return read


def queries() -> Iterator[Query]:
    """With each combination of conditions."""
    for statuses in (frozenset[JobStatus](), FAILED, FAILED | {JobStatus.SUBMITTING}):
        for targets in (frozenset[TargetName](), frozenset({HERE}), frozenset({HERE, TargetName("there")})):
            for name in (None, "fit-*", "*-1", "fit-1"):
                yield Query(statuses=statuses, targets=targets, name=name)


@pytest.mark.parametrize("limit", [1, 3])
async def test_streams_of_several_targets_and_statuses_are_merged(store: Store, limit: int) -> None:
    for number in range(12):
        target = HERE if number % 3 else TargetName("there")
        await store.create(new_job(name=f"fit-{number % 2}", target=target), AT)
    for target in (HERE, TargetName("there")):
        mine = [record.id for record in await store.select(Query(targets=frozenset({target})))]
        await become(store, await take(store, target), JobStatus.FAILED, *mine[::2])
    every = await store.select(Query())
    for query in queries():
        expected = [
            record.id
            for record in every
            if (not query.statuses or record.status in query.statuses)
            and (not query.targets or record.target in query.targets)
            and (query.name in {None, "fit-*"} or record.name == "fit-1")
        ]
        assert await pages(store, query, limit)() == expected
        assert sum((await store.count(query)).values()) == len(expected)
