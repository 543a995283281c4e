"""One run: peace, faults, peace again, and then all that is known about it."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ganga.model.event import Event
from ganga.model.ids import Seq
from ganga.model.job import JobRecord
from ganga.store.base import Query, Store
from tests.chaos import truth
from tests.chaos.actors import Actor, manage
from tests.chaos.figures import Figures, measured
from tests.chaos.journal import read
from tests.chaos.laws import Evidence, breaches
from tests.chaos.monitor import NOTES
from tests.chaos.plan import Fault, Kind, schedule
from tests.chaos.reader import READ
from tests.chaos.stage import Stage, clients, set_stage
from tests.chaos.stores import Shop
from tests.chaos.strikes import carry_out
from tests.chaos.submitter import DEEDS

#: Seconds between two looks at whether all has settled.
LOOK = 0.5
PAGE = 1000

#: Makes a store in a folder, for clients of these names.
OpenShop = Callable[[Path, Sequence[str]], AbstractAsyncContextManager[Shop]]


@dataclass(frozen=True)
class Wish:
    """What a run is to be like."""

    seconds: float
    seed: int
    hosts: int = 3
    #: What may go wrong; all that can by default.
    kinds: Collection[Kind] | None = None
    #: Seconds that all may take to settle after the last fault.
    patience: float = 120.0
    #: A deliberate defect of the product.
    defect: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of a run."""

    wish: Wish
    faults: tuple[Fault, ...]
    #: What breaks each law.
    breaches: dict[str, list[str]]
    figures: Figures
    #: What could not go wrong here, and why.
    excuses: tuple[str, ...]
    folder: Path

    @property
    def lawful(self) -> bool:
        """Whether every law held."""
        return not any(self.breaches.values())


async def run(wish: Wish, open_shop: OpenShop, announce: Callable[[tuple[Fault, ...]], None]) -> Outcome:
    """Have a run, and judge it. Its folder is kept where a law was broken."""
    folder = Path(tempfile.mkdtemp(prefix="ganga-chaos-"))
    async with open_shop(folder, clients(wish.hosts)) as shop, _staged(folder, shop, wish) as stage:
        kinds = stage.kinds if wish.kinds is None else stage.kinds & set(wish.kinds)
        faults = schedule(wish.seed, wish.seconds, kinds, hosts=wish.hosts)
        announce(faults)
        for actor in stage.actors:
            actor.start()
        async with _managed(stage.actors):
            struck = await carry_out(stage, faults, wish.seconds)
            stage.submitter.kill()
            stage.path("trace").touch()
            settled_after = await _settle(stage, wish.patience)
        async with shop.open() as store:
            evidence = await gather(stage, store)
        outcome = Outcome(
            wish,
            faults,
            breaches(evidence),
            measured(evidence, struck, settled_after),
            tuple(shop.excuses),
            folder,
        )
    if outcome.lawful:
        shutil.rmtree(folder)
    else:
        (folder / "evidence.json").write_bytes(msgspec.json.encode(evidence))
    return outcome


@asynccontextmanager
async def _staged(folder: Path, shop: Shop, wish: Wish) -> AsyncIterator[Stage]:
    async with set_stage(folder, shop, seed=wish.seed, hosts=wish.hosts, defect=wish.defect) as stage:
        yield stage


@asynccontextmanager
async def _managed(actors: Collection[Actor]) -> AsyncIterator[None]:
    manager = asyncio.create_task(manage(actors))
    try:
        yield
    finally:
        manager.cancel()


async def _settle(stage: Stage, patience: float) -> float | None:
    """After how many seconds nothing more is expected; None if that takes too long, of which the laws tell more."""
    start = time.monotonic()
    async with stage.shop.open() as store:
        while time.monotonic() - start < patience:
            if await _is_settled(stage, store):
                return time.monotonic() - start
            await asyncio.sleep(LOOK)
    return None


async def _is_settled(stage: Stage, store: Store) -> bool:
    records = await _records(store)
    if not all(record.status.final and record.wanted_attempt <= record.attempt for record in records):
        return False
    last = max((seen.event.seq for seen in read(stage.path("read.jsonl"), READ)), default=0)
    return last == await store.last_seq()


async def gather(stage: Stage, store: Store) -> Evidence:
    """What all sides know."""
    records = await _records(store)
    attempts = [earlier for record in records if record.attempt > 1 for earlier in await store.attempts(record.id)]
    return Evidence(
        deeds=list(read(stage.path("deeds.jsonl"), DEEDS)),
        runs=[*truth.of_universe(stage.path("universe.jsonl")), *truth.of_traces(stage.path("trace"))],
        records=records,
        attempts=attempts,
        events=await _events(store),
        read=list(read(stage.path("read.jsonl"), READ)),
        notes=list(read(stage.path("notes.jsonl"), NOTES)),
    )


async def _events(store: Store) -> list[Event]:
    events: list[Event] = []
    while page := await store.events(events[-1].seq if events else Seq(0), limit=PAGE):
        events += page
    return events


async def _records(store: Store) -> list[JobRecord]:
    query = Query(subjobs=True)
    records = page = await store.select(query, limit=PAGE)
    while len(page) == PAGE:
        page = await store.select(query, after=page[-1].id, limit=PAGE)
        records = records + page
    return records
