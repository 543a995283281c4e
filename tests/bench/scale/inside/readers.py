"""Readers in a process of their own: ``python -m tests.bench.scale.inside.readers ERRAND``.

They read all events to come until the end of the standard input, and then leave in a file what each has read, and when.
"""

import asyncio
import sys
import time
from contextlib import suppress
from pathlib import Path

import msgspec

from ganga.client import Client
from ganga.model.ids import Seq, TargetName
from ganga.monitor.service import Service
from ganga.workspace import Workspace
from tests.bench.scale.errands import Read, Reading
from tests.bench.scale.inside.lines import next_line, say
from tests.bench.scale.places import opened

#: Seconds for what is stored to be read, and between two looks at whether it is.
_PATIENCE, _LOOK = 30.0, 0.1


async def main(errand: Reading) -> Read:
    read = Read([[] for _ in range(errand.readers)], [[] for _ in range(errand.readers)])
    async with opened(errand.where) as store:
        workspace = Workspace(Path(errand.home))
        async with Service(store, workspace, {}, monitoring=False) as service:
            client = Client(store, workspace, service, default_target=TargetName("none"))
            seq = await store.last_seq()
            readers = [
                asyncio.create_task(_read(client, seq, *lists)) for lists in zip(read.seqs, read.at, strict=True)
            ]
            say("ready")
            await next_line()
            await _caught_up(read, seq, await store.last_seq())
            for reader in readers:
                reader.cancel()
            for reader in readers:
                with suppress(asyncio.CancelledError):
                    await reader
    return read


async def _read(client: Client, after: Seq, seqs: list[Seq], at: list[float]) -> None:
    async for event in client.events(after):
        seqs.append(event.seq)
        at.append(time.time())


async def _caught_up(read: Read, first: Seq, last: Seq) -> None:
    """Wait until all have read the last event, or for some time."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE):
            while any((own[-1] if own else first) < last for own in read.seqs):  # noqa: ASYNC110 - no reader tells
                await asyncio.sleep(_LOOK)


if __name__ == "__main__":
    asked = msgspec.json.decode(sys.argv[1], type=Reading)
    Path(asked.result).write_bytes(msgspec.json.encode(asyncio.run(main(asked))))
