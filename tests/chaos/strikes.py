"""How each fault is made, and how it ends."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

import psutil

from ganga.backends.local.address import look_up
from tests.chaos.actors import Actor
from tests.chaos.backend import set_weather
from tests.chaos.journal import read
from tests.chaos.link import Condition
from tests.chaos.monitor import NOTES, Took
from tests.chaos.plan import DAY, Fault, Kind
from tests.chaos.stage import Stage
from tests.chaos.universe import Weather

#: From this degree on a fault looks for whoever leads.
_AIMED: Final = 0.5
_LINKS: Final = {
    Kind.TARGET_SILENT: Condition.SILENT,
    Kind.TARGET_RESET: Condition.RESET,
    Kind.TARGET_DEAF: Condition.DEAF,
}
_WEATHERS: Final = {
    Kind.LATE: Weather(late=4.0),
    Kind.EMPTY: Weather(empty=True),
    Kind.CUT: Weather(cut=True),
    Kind.DUPLICATED: Weather(duplicated=True, stale=1.0),
    Kind.STALE: Weather(stale=3.0),
    Kind.BUSY: Weather(busy=True),
}


@dataclass(frozen=True, slots=True)
class Struck:
    """A fault that has been, by monotonic seconds."""

    fault: Fault
    began: float
    ended: float
    #: The monitor that was struck, where it was one.
    monitor: int | None = None


async def carry_out(stage: Stage, faults: Sequence[Fault], seconds: float) -> list[Struck]:
    """Let all of this happen, and return when so many seconds are over."""
    start = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        struck = [tasks.create_task(_strike(stage, fault, start)) for fault in faults]
    await asyncio.sleep(max(0.0, start + seconds - time.monotonic()))
    return [task.result() for task in struck]


async def _strike(stage: Stage, fault: Fault, start: float) -> Struck:
    await asyncio.sleep(max(0.0, start + fault.at - time.monotonic()))
    began = time.monotonic()
    async with _struck(stage, fault) as monitor:
        await asyncio.sleep(max(0.0, start + fault.until - time.monotonic()))
    return Struck(fault, began, time.monotonic(), monitor)


def _struck(stage: Stage, fault: Fault) -> AbstractAsyncContextManager[int | None]:
    return _STRIKES[fault.kind](stage, fault) if fault.kind in _STRIKES else stage.shop.struck(fault)


@asynccontextmanager
async def _deposed(stage: Stage, fault: Fault) -> AsyncIterator[int]:
    """Strike a monitor: every second time whoever leads, since to strike one in reserve changes little."""
    meant = [*leaders(stage), fault.host] if fault.degree >= _AIMED else [fault.host]
    host = next(host for host in (*meant, *range(len(stage.monitors))) if host not in stage.down)
    stage.down.add(host)
    how = _killed if fault.kind is Kind.KILL else _frozen
    try:
        async with how(stage.monitors[host]):
            yield host
    finally:
        stage.down.discard(host)


def leaders(stage: Stage) -> list[int]:
    """Who took the lease of each target last."""
    took = {note.target: note.monitor for note in read(stage.path("notes.jsonl"), NOTES) if isinstance(note, Took)}
    return list(took.values())


@asynccontextmanager
async def _killed(actor: Actor) -> AsyncIterator[None]:
    actor.kill()
    try:
        yield
    finally:
        actor.start()


@asynccontextmanager
async def _frozen(actor: Actor) -> AsyncIterator[None]:
    actor.freeze()
    try:
        yield
    finally:
        actor.wake()


@asynccontextmanager
async def _set_wrong(stage: Stage, fault: Fault) -> AsyncIterator[None]:
    stage.set_clock(fault.host, (2.0 * fault.degree - 1.0) * DAY)
    try:
        yield
    finally:
        stage.set_clock(fault.host, 0.0)


def _submitter_killed(stage: Stage, _fault: Fault) -> AbstractAsyncContextManager[None]:
    return _killed(stage.submitter)


def _reader_killed(stage: Stage, _fault: Fault) -> AbstractAsyncContextManager[None]:
    return _killed(stage.reader)


@asynccontextmanager
async def _spooler_killed(stage: Stage, _fault: Fault) -> AsyncIterator[None]:
    """If there is one just now."""
    address = look_up(str(stage.home / "targets" / "local"))
    if address is not None:
        with suppress(psutil.NoSuchProcess):
            psutil.Process(address.pid).kill()
    yield


@asynccontextmanager
async def _link(stage: Stage, fault: Fault) -> AsyncIterator[None]:
    link = stage.links[fault.host]
    await link.become(_LINKS[fault.kind])
    try:
        yield
    finally:
        await link.become(Condition.WHOLE)


@asynccontextmanager
async def _weather(stage: Stage, fault: Fault) -> AsyncIterator[None]:
    await set_weather(stage.port, _WEATHERS[fault.kind])
    try:
        yield
    finally:
        await set_weather(stage.port, Weather())


_STRIKES: Final[Mapping[Kind, Callable[[Stage, Fault], AbstractAsyncContextManager[int | None]]]] = {
    Kind.KILL: _deposed,
    Kind.FREEZE: _deposed,
    Kind.CLOCK: _set_wrong,
    Kind.SUBMITTER: _submitter_killed,
    Kind.READER: _reader_killed,
    Kind.SPOOLER: _spooler_killed,
    **dict.fromkeys(_LINKS, _link),
    **dict.fromkeys(_WEATHERS, _weather),
}
