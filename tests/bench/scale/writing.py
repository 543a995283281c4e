"""How fast changes are saved, and how fast the same rows are written by what the database itself offers."""

import asyncio
from collections.abc import Mapping
from statistics import median

from tests.bench.scale.places import Place, opened
from tests.bench.scale.size import Size
from tests.bench.store import Batch, changes, save_all

#: Records in one transaction.
BATCHES = (100, 1000)
OURS = "ganga"


def writing(place: Place, size: Size) -> Mapping[int, Mapping[str, float]]:
    """For each size of a batch and each way the records a second, with one event each."""
    return {batch: _rates(place, size, batch) for batch in BATCHES}


def _rates(place: Place, size: Size, batch: int) -> Mapping[str, float]:
    seconds: dict[str, list[float]] = {OURS: [], **{way: [] for way in place.bare}}
    for _ in range(size.runs):
        # One after the other, so that what else the machine does is shared.
        seconds[OURS].append(asyncio.run(_save(place, size, batch)))
        for way, write in place.bare.items():
            seconds[way].append(write(*asyncio.run(_changes(place, size, batch))))
    return {way: size.saved / median(times) for way, times in seconds.items()}


async def _save(place: Place, size: Size, batch: int) -> float:
    async with opened(place.where) as store:
        return await save_all(store, await changes(store, size.saved, batch))


async def _changes(place: Place, size: Size, batch: int) -> tuple[list[Batch], int]:
    async with opened(place.where) as store:
        return await changes(store, size.saved, batch), await store.last_seq()
