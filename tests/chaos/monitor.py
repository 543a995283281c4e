"""``ganga monitor``, which takes down each lease that it takes and each save that was carried out.

``python -m tests.chaos.monitor JOURNAL NUMBER [HOST]``. With the name of a host of its own it is one that cannot see
the processes of others. With the variable ``CHAOS_DEFECT`` a part of the product is broken, for the judgement to find.
"""

import os
import socket
import sys
import time
from pathlib import Path
from typing import Final, Protocol, TypeAlias

import msgspec
from msgspec import Struct

from ganga.cli.main import main
from ganga.model.event import Event
from ganga.model.ids import Seq, TargetName
from ganga.model.update import Update
from ganga.monitor.process import this_process
from ganga.store.base import Holder, Lease
from ganga.store.postgres.store import PostgresStore
from ganga.store.sqlite import SqliteStore
from tests.chaos.defects import DEFECTS
from tests.chaos.journal import Journal


class Took(Struct, frozen=True, tag="took"):
    """A monitor took a lease. Times are monotonic seconds."""

    monitor: int
    target: TargetName
    epoch: int
    at: float


class Saved(Struct, frozen=True, tag="saved"):
    """A monitor saved an update, and knows that it did."""

    monitor: int
    target: TargetName
    epoch: int
    first: Seq
    last: Seq
    at: float


#: Names the defect.
DEFECT: Final = "CHAOS_DEFECT"

Note: TypeAlias = Took | Saved
NOTES: Final[msgspec.json.Decoder[Note]] = msgspec.json.Decoder(Note)


class _Saving(Protocol):
    """A store as far as monitors write to it."""

    async def save(self, update: Update, lease: Lease) -> tuple[Event, ...]:
        """See `Store.save`."""
        ...

    async def acquire(self, target: TargetName, owner: str, instead_of: Holder | None = None) -> Lease | None:
        """See `Store.acquire`."""
        ...


def observe(store: type[_Saving], journal: Journal, monitor: int) -> None:
    """Have all stores of this class take down what they do."""
    save, acquire = store.save, store.acquire

    async def saved(self: _Saving, update: Update, lease: Lease) -> tuple[Event, ...]:
        events = await save(self, update, lease)
        if events:
            seqs = events[0].seq, events[-1].seq
            journal.note(Saved(monitor, lease.target, lease.epoch, *seqs, time.monotonic()))
        return events

    async def acquired(self: _Saving, target: TargetName, owner: str, instead_of: Holder | None = None) -> Lease | None:
        lease = await acquire(self, target, owner, instead_of)
        if lease is not None:
            journal.note(Took(monitor, target, lease.epoch, time.monotonic()))
        return lease

    setattr(store, "save", saved)  # noqa: B010 - mypy forbids what is done here on purpose
    setattr(store, "acquire", acquired)  # noqa: B010 - mypy forbids what is done here on purpose


def be(host: str) -> None:
    """Take this process for one on another host."""
    here = socket.gethostname
    try:
        setattr(socket, "gethostname", lambda: host)  # noqa: B010 - mypy forbids what is done here on purpose
        this_process()
    finally:
        socket.gethostname = here


if __name__ == "__main__":
    path, number, *host = sys.argv[1:]
    defect = os.environ.get(DEFECT)
    if defect:
        DEFECTS[defect]()
    if host:
        be(host[0])
    for store in (SqliteStore, PostgresStore):
        observe(store, Journal(Path(path)), int(number))
    sys.exit(main(["monitor", "--json"]))
