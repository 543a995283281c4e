"""Of many who want a lease one has it; the dead are followed at once, the silent soon, and the frozen are refused."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from msgspec.structs import replace

from ganga.errors import LeaseLost, StoreUnavailable
from ganga.model.clock import Moment, Monotonic, Utc
from ganga.model.ids import TargetName
from ganga.monitor.leases import Leases
from ganga.monitor.process import Process, describe, this_process
from ganga.store.base import Lease
from ganga.store.memory import MemoryStore

TARGET = TargetName("site")
ELSEWHERE = describe(Process(host="elsewhere.example", boot="b", pid=1, started="1"))


class Hand:
    """A clock that is set by hand, and a sleep that sets it."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept = 0.0

    def clock(self) -> Moment:
        return Moment(Monotonic(self.now), Utc(self.now + 1e9))

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += seconds
        await _yield()


_yield: Callable[[], Awaitable[None]] = lambda: asyncio.tasks.sleep(0)  # noqa: E731 - the real one, kept


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> Hand:
    hand = Hand()
    monkeypatch.setattr("ganga.monitor.leases.asyncio.sleep", hand.sleep)
    return hand


async def test_a_free_lease_is_taken_at_once(hand: Hand) -> None:
    lease = await Leases(MemoryStore(), hand.clock).take(TARGET)
    assert lease == Lease(TARGET, 1)
    assert hand.slept == 0.0


async def test_a_dead_holder_on_this_machine_is_followed_at_once(hand: Hand) -> None:
    store = MemoryStore()
    await store.acquire(TARGET, describe(replace(this_process(), started="0")))
    lease = await Leases(store, hand.clock).take(TARGET)
    assert lease.epoch == 2
    assert hand.slept == 0.0


async def test_a_silent_holder_is_followed_when_its_lease_has_run_out(hand: Hand) -> None:
    store = MemoryStore()
    await store.acquire(TARGET, ELSEWHERE)
    await Leases(store, hand.clock, seconds=5.0).take(TARGET)
    assert 5.0 <= hand.slept <= 6.0


async def test_a_living_holder_keeps_its_lease(hand: Hand) -> None:
    store = MemoryStore()
    theirs = await store.acquire(TARGET, ELSEWHERE)
    assert theirs is not None
    taking = asyncio.create_task(Leases(store, hand.clock, seconds=5.0).take(TARGET))
    for _ in range(100):
        await store.renew(theirs)
        await _yield()
    assert hand.slept > 10.0
    assert not taking.done()
    await store.release(theirs)
    assert (await taking).epoch == 2


async def test_a_held_lease_is_renewed_and_given_back(hand: Hand) -> None:
    store = MemoryStore()
    async with Leases(store, hand.clock).held(TARGET):
        first = await store.holder(TARGET)
        for _ in range(5):
            await _yield()
        second = await store.holder(TARGET)
        assert first is not None
        assert second is not None
        assert second.beat > first.beat
    assert await store.holder(TARGET) is None


async def test_whoever_was_frozen_is_stopped(hand: Hand) -> None:
    store = MemoryStore()
    with pytest.raises(ExceptionGroup) as caught:  # noqa: PT012 - what happens within the block is what raises
        async with Leases(store, hand.clock).held(TARGET):
            holder = await store.holder(TARGET)
            await store.acquire(TARGET, ELSEWHERE, holder)
            await asyncio.Event().wait()
    assert caught.group_contains(LeaseLost)
    holder = await store.holder(TARGET)
    assert holder is not None
    assert holder.owner == ELSEWHERE, "the lease of another must not be given back"


async def test_whoever_cannot_renew_stops_when_its_lease_has_run_out(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MemoryStore()

    async def refuse(lease: Lease) -> None:
        raise StoreUnavailable(f"no disk for {lease.target}")

    monkeypatch.setattr(store, "renew", refuse)
    with pytest.raises(ExceptionGroup) as caught:
        async with Leases(store, hand.clock, seconds=5.0).held(TARGET):
            await asyncio.Event().wait()
    assert caught.group_contains(LeaseLost)
    assert 5.0 <= hand.slept <= 10.0
