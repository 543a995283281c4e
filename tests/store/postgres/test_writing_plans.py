"""Nothing that is written looks at all of a million jobs or events: an index leads to what is changed."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Final

import psycopg
import pytest
from psycopg.rows import TupleRow

from ganga.model.budget import Budget
from ganga.model.ids import BudgetName, JobId, Seq, TargetName
from ganga.model.status import JobStatus
from ganga.store.postgres import transaction
from ganga.store.postgres.store import PostgresStore, open_postgres
from ganga.store.postgres.transaction import Transaction
from ganga.testing.store_checks.kit import AT, become, new_job, take
from tests.store.postgres.filling import JOBS, LARGE, NEWCOMER
from tests.store.postgres.plans import EXPLAIN, Node, plan_of

HERE: Final = TargetName("here")


def numbered(*numbers: int) -> list[JobId]:
    """The jobs in this order; those of even numbers are ours."""
    return [JobId(str(2 * number)) for number in numbers]


RUNNING: Final = numbered(*range(JOBS - 50, JOBS - 30))
OVER: Final = numbered(*range(30_001, 30_021))
BATCH: Final = numbered(*range(20_001, 20_101))

Question = Callable[[PostgresStore], Awaitable[object]]


async def saved(store: PostgresStore) -> None:
    lease = await take(store, HERE)
    await become(store, lease, JobStatus.RUNNING, *BATCH)
    await become(store, lease, JobStatus.COMPLETED, *BATCH)
    await store.hand_over(BATCH, lease)
    await store.renew(lease)
    await store.release(lease)


async def killed(store: PostgresStore) -> None:
    await store.request_kill(RUNNING, "me", AT)
    await store.withdraw_kill(RUNNING, AT)


async def made(store: PostgresStore) -> None:
    job = (await store.create(new_job(20, target=HERE), AT)).id
    subjobs = [JobId(f"{job}.{index}") for index in range(3)]
    await store.request_kill([job], "me", AT)
    await store.withdraw_kill([job], AT)
    await store.request_kill(subjobs, "me", AT)
    await store.request_submit(subjobs, AT)


#: With how many rows of tables each statement may look at.
CHANGES: Final[dict[str, tuple[int, Question]]] = {
    "submit": (80, made),
    "save": (200, saved),
    "kill": (100, killed),
    "resubmit": (100, lambda store: store.request_submit(OVER, AT)),
    "refresh": (100, lambda store: store.request_refresh(OVER, AT)),
    "remove": (20, lambda store: store.remove(numbered(40_001, 40_002), AT)),
    "pause": (10, lambda store: store.pause(HERE, paused=True, by="me", at=AT)),
    "budget": (
        10,
        lambda store: store.change_budget(BudgetName("x"), lambda _, now: (Budget(at=now, rate=1, tokens=1), 0)),
    ),
    "archive": (150, lambda store: store.prune(numbered(*range(45_001, 45_021)), Seq(JOBS + 1000))),
    "archive events": (1600, lambda store: store.forget_events(Seq(500))),
}


class Explained(Transaction):
    """Has each statement explained before it is carried out, and undoes what that did."""

    plans: Final[list[Node]] = []

    async def execute(
        self, statement: str, values: Sequence[object] | Mapping[str, object] = ()
    ) -> psycopg.AsyncCursor[TupleRow]:
        if statement != "COMMIT" and "pg_notify" not in statement:
            await super().execute("SAVEPOINT explained")
            cursor = await super().execute(f"{EXPLAIN} {statement}", values)
            assert self._sent is not None
            await self._sent.sync()
            self.plans.append(plan_of(await cursor.fetchall()))
            await super().execute("ROLLBACK TO explained")
        return await super().execute(statement, values)


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Node]]:
    Explained.plans.clear()
    monkeypatch.setattr(transaction, "Transaction", Explained)
    yield Explained.plans
    Explained.plans.clear()


@pytest.fixture(params=[None, NEWCOMER])
async def store(large: str, request: pytest.FixtureRequest) -> AsyncIterator[PostgresStore]:
    async with open_postgres(large, owner=request.param, patience=60) as store:
        yield store


@pytest.mark.parametrize("name", CHANGES)
async def test_each_change_looks_at_few_rows(name: str, store: PostgresStore, plans: list[Node]) -> None:
    most, change = CHANGES[name]
    await change(store)
    assert plans
    for plan in plans:
        assert plan.looked_at <= most
        assert not plan.scanned & LARGE
