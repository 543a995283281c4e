"""Somebody who reads all events along, survives what happens to the store, and goes on after the last one when killed.

``python -m tests.chaos.reader JOURNAL``
"""

import asyncio
import sys
import time
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

import ganga
from ganga.errors import StoreUnavailable
from ganga.model.event import Event
from tests.chaos.journal import Journal, read

#: Seconds before the store is tried again.
PAUSE = 0.2


class Read(Struct, frozen=True):
    """An event has reached a reader. The time is monotonic seconds."""

    event: Event
    at: float


READ: Final = msgspec.json.Decoder(Read)


async def follow(journal: Journal, after: int) -> None:
    """Read on behind this event, for ever."""
    while True:
        try:
            async with ganga.open(monitor=False) as client:
                async for event in client.events(after):
                    journal.note(Read(event, time.monotonic()))
                    after = event.seq
        except StoreUnavailable:
            await asyncio.sleep(PAUSE)


if __name__ == "__main__":
    path = Path(sys.argv[1])
    asyncio.run(follow(Journal(path), max((seen.event.seq for seen in read(path, READ)), default=0)))
