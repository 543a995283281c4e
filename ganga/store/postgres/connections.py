"""The connections of a process to one database, shared by the stores of any number of owners."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from secrets import token_hex

from ganga.store.postgres.address import Address
from ganga.store.postgres.channels import Channels
from ganga.store.postgres.link import Link
from ganga.store.postgres.queueing import Links


@dataclass(frozen=True, slots=True)
class Connections:
    """Made when they are needed."""

    address: Address
    reading: Links
    writing: Links
    channels: Channels


@asynccontextmanager
async def connections(address: Address, patience: float, many: int) -> AsyncIterator[Connections]:
    """So many that read and that write at the most, and one that listens; gone at the end. `patience` bounds every
    errand, in seconds.
    """
    reading = Links([Link(address, "ganga reads", patience) for _ in range(many)])
    # By its name a connection that was lost is known from all others.
    writing = Links([Link(address, f"ganga {token_hex(8)}", patience) for _ in range(many)])
    channels = Channels(Links([Link(address, "ganga listens", patience)]))
    try:
        yield Connections(address, reading, writing, channels)
    finally:
        await channels.close()
        await reading.close()
        await writing.close()
