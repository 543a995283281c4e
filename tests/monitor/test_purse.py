"""What a monitor draws from the store, how often it asks for it, and what it makes of complaints."""

import asyncio
import logging
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganga.core.budget import DECREASE
from ganga.errors import BackendUnavailable, Overloaded, StoreUnavailable
from ganga.model.ids import BudgetName, TargetName
from ganga.model.policy import Allowance
from ganga.monitor.instruments import Allowed
from ganga.monitor.purse import LASTING, OVERTAKING, SPREAD, Purse
from ganga.store.base import BudgetChange, ResultT
from ganga.store.memory import MemoryStore
from tests.monitor.doubles import clock, now, virtual
from tests.monitor.test_instruments import Record

SHARED = Allowance(budget=BudgetName("lxplus"), strict=True, ceiling=2.0, floor=0.5, burst=8.0)


class CountedStore(MemoryStore):
    """Counts how often budgets are changed, and fails as long as `away`."""

    def __init__(self) -> None:
        super().__init__()
        self.changes = 0
        self.away = False

    async def change_budget(self, name: BudgetName, change: BudgetChange[ResultT]) -> ResultT:
        if self.away:
            raise StoreUnavailable("the disk is full")
        self.changes += 1
        return await super().change_budget(name, change)


async def opened(store: MemoryStore, allowance: Allowance = SHARED, name: str = "site") -> Purse:
    purse = Purse(TargetName(name), allowance, store, clock, Random(0))
    await purse.open()
    return purse


async def takes(purse: Purse, calls: int, every: float = 0.0) -> float:
    """Seconds that it takes to take so many."""
    begun = now()
    for _ in range(calls):
        await purse.take(urgent=False)
        await asyncio.sleep(every)
    return now() - begun


@virtual
async def test_the_rate_is_kept_and_the_reserve_left() -> None:
    store = CountedStore()
    purse = await opened(store)
    assert await takes(purse, 4) == 0.0
    assert 46 / 2.0 <= await takes(purse, 46) <= 1.25 * 46 / 2.0
    begun = now()
    for _ in range(int(SHARED.reserve)):
        await purse.take(urgent=True)
    assert now() == begun
    assert (await store.budgets())[BudgetName("lxplus")].tokens < 1.0


@virtual
async def test_who_asks_often_writes_seldom() -> None:
    store = CountedStore()
    purse = await opened(store, Allowance(strict=True, ceiling=1000.0, burst=64.0))
    await takes(purse, 1000, every=0.01)
    assert store.changes < 50


@virtual
async def test_what_is_not_used_soon_is_lost() -> None:
    store = CountedStore()
    purse = await opened(store)
    await takes(purse, 2)
    drawn = store.changes
    await asyncio.sleep(LASTING)
    await purse.take(urgent=False)
    assert store.changes == drawn + 1


@virtual
async def test_people_do_not_stand_behind_polls() -> None:
    store = MemoryStore()
    purses = [await opened(store, name=name) for name in ("one", "two")]
    async with asyncio.TaskGroup() as tasks:
        polls = [tasks.create_task(takes(purse, 50)) for purse in purses for _ in range(3)]
        await asyncio.sleep(10.0)
        for purse in purses:
            begun = now()
            await purse.take(urgent=True)
            assert now() == begun
        for poll in polls:
            poll.cancel()


@given(st.integers(1, 5), st.integers(1, 4), st.floats(0.01, 0.5), st.integers(0, 2**32))
@settings(max_examples=30)
@virtual
async def test_no_poll_starves_however_much_people_ask_for(people: int, polls: int, floor: float, seed: int) -> None:
    """At the lowest rate, and with more urgent calls than it allows, three of them at most overtake each poll."""
    store, allowance = MemoryStore(), Allowance(floor=floor, rise=0.0)
    purse = Purse(TargetName("site"), allowance, store, clock, Random(seed))
    await purse.open()
    await purse.complain("429", took=0.0)
    urgent, overtaken = 0, list[int]()

    async def ask() -> None:
        nonlocal urgent
        while True:
            await purse.take(urgent=True)
            urgent += 1

    async def poll() -> None:
        await purse.take(urgent=False)
        overtaken.append(urgent)

    async with asyncio.TaskGroup() as tasks:
        askers = [tasks.create_task(ask()) for _ in range(people)]
        await asyncio.sleep(10.0 / floor)
        before = urgent
        assert before > allowance.reserve
        waiting = [tasks.create_task(poll()) for _ in range(polls)]
        _, starved = await asyncio.wait(waiting, timeout=polls * (OVERTAKING + 1) * (1.0 + SPREAD) / floor)
        for task in (*askers, *starved):
            task.cancel()
    assert not starved
    assert [later - earlier <= OVERTAKING for earlier, later in pairwise([before, *overtaken])] == [True] * polls
    assert urgent - before >= OVERTAKING * polls, "which is what they may do"


@virtual
async def test_a_poll_that_gives_up_holds_nobody_up() -> None:
    allowance = Allowance(rise=0.0)
    purse = await opened(MemoryStore(), allowance)
    await purse.complain("429", took=0.0)
    for _ in range(int(allowance.reserve)):
        await purse.take(urgent=True)
    poll = asyncio.create_task(purse.take(urgent=False))
    for _ in range(OVERTAKING):
        await asyncio.sleep(0.0)
        await purse.take(urgent=True)
    behind = asyncio.create_task(purse.take(urgent=True))
    await asyncio.sleep(0.5 / allowance.floor)
    assert not poll.done()
    assert not behind.done()
    poll.cancel()
    begun = now()
    await behind
    assert now() - begun <= (1.0 + SPREAD) / allowance.floor


@virtual
async def test_a_complaint_cuts_for_all_and_is_told(caplog: pytest.LogCaptureFixture) -> None:
    store = MemoryStore()
    one, two = [await opened(store, name=name) for name in ("one", "two")]
    await takes(one, 60)
    await takes(two, 60)
    before = (await store.budgets())[BudgetName("lxplus")]
    await one.complain("429", took=0.1)
    after = (await store.budgets())[BudgetName("lxplus")]
    assert after.rate == pytest.approx(DECREASE * min(before.use, before.rate))
    assert "one: the budget lxplus is cut from 120 to" in caplog.text
    assert after.cut_at == clock().utc
    told = len(caplog.records)
    await two.complain("429", took=0.1)
    assert len(caplog.records) == told, "of the same calls"
    assert await takes(two, 10) > 9 / SHARED.ceiling
    await two.complain("429", took=0.1)
    assert (await store.budgets())[BudgetName("lxplus")].rate < after.rate
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"], "only the first is news"


@virtual
async def test_a_budget_of_ones_own_costs_nothing_before_the_first_complaint() -> None:
    store = CountedStore()
    purse = await opened(store, Allowance())
    assert await takes(purse, 10_000) == 0.0
    assert store.changes == 0
    await purse.complain("503", took=0.1, retry_after=30.0)
    assert store.changes == 1
    assert await takes(purse, 1) >= 30.0
    assert "target site" in repr(purse)


@virtual
async def test_whoever_measures_is_told_how_often_the_target_may_be_asked() -> None:
    record, store = Record(), MemoryStore()
    purse = Purse(TargetName("site"), SHARED, store, clock, Random(0), record)
    await purse.open()
    await takes(purse, 2)
    await purse.complain("429", took=0.1)
    told = [fact for fact in record.facts if isinstance(fact, Allowed)]
    stored = (await store.budgets())[BudgetName("lxplus")]
    assert told[0].rate == SHARED.ceiling
    assert told[-1] == Allowed(TargetName("site"), stored.rate, stored.tokens)


@virtual
async def test_a_budget_that_was_cut_is_found_again_by_the_next_monitor() -> None:
    store = MemoryStore()
    await (await opened(store, Allowance())).complain("503", took=0.1, retry_after=30.0)
    assert await takes(await opened(store, Allowance()), 1) >= 30.0


@virtual
async def test_a_complaint_that_another_process_heard_is_heeded_within_a_minute() -> None:
    store = MemoryStore()
    monitor, person = await opened(store, Allowance()), await opened(store, Allowance())
    assert await takes(monitor, 60, every=1.0) == 60.0
    await person.complain("503", took=0.1, retry_after=600.0)
    begun = now()
    await takes(monitor, 62, every=1.0)
    assert now() - begun > 600.0


@virtual
async def test_a_store_that_is_away_is_told_and_forgets_no_use(caplog: pytest.LogCaptureFixture) -> None:
    store = CountedStore()
    purse = await opened(store)
    store.away = True
    for urgent in (False, True):
        with pytest.raises(StoreUnavailable):
            await purse.take(urgent=urgent)
    with pytest.raises(StoreUnavailable):
        await purse.complain("429", took=0.1)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    store.away = False
    assert await takes(purse, 1) == 0.0


@virtual
async def test_a_call_past_the_monitor_counts_and_is_heard() -> None:
    store = CountedStore()
    purse = await opened(store)
    async with purse.call(10.0, urgent=True):
        pass
    assert store.changes == 1
    with pytest.raises(Overloaded):
        async with purse.call(10.0, urgent=True):
            raise Overloaded("429", retry_after=60.0)
    with pytest.raises(BackendUnavailable, match="site is not to be asked now: the budget lxplus has no call left"):
        async with purse.call(10.0, urgent=True):
            raise AssertionError
