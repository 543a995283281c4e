"""What a cycle of a monitor, a list and a restart cost in a store that grows."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import NamedTuple

from ganga.core.orders import Answered, Order, Sweep
from ganga.core.tracker import Tracker
from ganga.model.clock import Moment, Monotonic, Utc
from ganga.model.ids import NativeId, TargetName
from ganga.model.observation import Answer, Observation
from ganga.model.policy import Pace, Policy
from ganga.model.status import JobStatus
from ganga.store.base import Query, Store
from tests.bench.scale.filling import fill
from tests.bench.scale.places import Place, opened
from tests.bench.scale.truth import Truth
from tests.bench.store import take_over

TARGET = TargetName("site")
#: Jobs on a page of a list.
PAGE = 50
#: One job in so many has news in a cycle. Their indices are odd: they run.
CHANGING, OF = 1, 100
#: Everything is measured so often, and the best of it counts: what else the machine does is no cost of ours.
_RUNS = 3
#: Rounds of questions: an even number, so that all is as it was before.
_ROUNDS = 4
_ROUND = 10.0
_POLICY = Policy(sweep=Pace(fastest=_ROUND, slowest=_ROUND))
_SUSPENDED = Observation(status=JobStatus.SUSPENDED, native_status="S")
_UNCHANGED = Truth(0, 0)


class What(StrEnum):
    """What is measured."""

    CYCLE = "a cycle of the monitor"
    RESTART = "a restart of the monitor"
    LIST = "a page, by the store"
    COMMAND = "the whole command"


class Measured(NamedTuple):
    """One point of a curve."""

    what: What
    #: Jobs in the store.
    jobs: int
    seconds: float


def growing(place: Place, folder: Path, sizes: tuple[int, ...], followed: int | None) -> Iterator[Measured]:
    """Fill the empty store to these sizes, one after the other; `followed` jobs of it live, or all of them (None)."""
    stored = 0
    for size in sizes:
        live = size - stored if followed is None else max(followed - stored, 0)
        asyncio.run(_fill(place.where, size - stored - live, live))
        place.settle()
        stored = size
        for what, seconds in asyncio.run(_measured(place.where)).items():
            yield Measured(what, size, seconds)
        yield Measured(What.COMMAND, size, _command(place.settings, folder))


async def _fill(where: str, ended: int, live: int) -> None:
    async with opened(where) as store:
        await fill(store, TARGET, ended=ended, live=live)


async def _measured(where: str) -> Mapping[What, float]:
    async with opened(where) as store:
        tracker = Tracker(TARGET, _POLICY, Random(1))
        return {
            What.RESTART: await _best(lambda: take_over(store, Tracker(TARGET, _POLICY, Random(1)))),
            What.CYCLE: await _cycle(store, tracker),
            What.LIST: await _best(lambda: _list(store)),
        }


async def _best(measure: Callable[[], Awaitable[float]]) -> float:
    return min([await measure() for _ in range(_RUNS)])


async def _list(store: Store) -> float:
    """Of jobs and subjobs, as ``ganga list --subjobs`` reads them."""
    begun = time.perf_counter()
    await store.target_states()
    assert await store.select(Query(subjobs=True), limit=PAGE)
    return time.perf_counter() - begun


async def _cycle(store: Store, tracker: Tracker) -> float:
    """All jobs are asked about and answered for, and what is new is stored."""
    lease = await store.acquire(TARGET, "growing")
    assert lease is not None
    await take_over(store, tracker)
    rounds = []
    for number in range(_ROUNDS):
        seconds, moment = 0.0, Moment(Monotonic(number * 2 * _ROUND), Utc(time.time()))
        while orders := tracker.due(moment):
            answers = [_answered(order, number) for order in orders]
            begun = time.perf_counter()
            await store.save(tracker.receive(answers, moment), lease)
            seconds += time.perf_counter() - begun
        rounds.append(seconds)
    await store.release(lease)
    return min(rounds)


def _answered(order: Order, number: int) -> Answered:
    assert isinstance(order, Sweep)
    return Answered(order, Answer({native_id: _seen(native_id, number) for native_id in order.ids}))


def _seen(native_id: NativeId, number: int) -> Observation:
    index = int(native_id.partition(".")[2])
    if index % OF == CHANGING and number % 2 == 0:
        return _SUSPENDED
    return _UNCHANGED.changed_or_not(index, changed=False)


def _command(settings: str, folder: Path) -> float:
    file = folder / "ganga.toml"
    file.write_text(settings)
    environment = {**os.environ, "GANGA_HOME": str(folder / "home"), "GANGA_CONFIG": str(file)}
    words = [sys.executable, "-m", "ganga", "list", "--subjobs", "--limit", str(PAGE)]
    seconds = []
    for _ in range(_RUNS):
        begun = time.perf_counter()
        subprocess.run(words, env=environment, capture_output=True, check=True)
        seconds.append(time.perf_counter() - begun)
    return min(seconds)
