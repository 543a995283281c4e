"""Monitoring over one of our roads, from the back end's question for what is new to its answer:
``python -m tests.bench.dirac.ours SETTINGS``, the settings of the target as JSON.
"""

import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TextIO

import msgspec

from ganga.backends.base import Feed, Surroundings
from ganga.backends.dirac import Settings, connect
from ganga.model.ids import Cursor, TargetName
from tests.bench.dirac.inside.turns import own_output, serve


class Following:
    """The cycles of one back end, each from where the last one ended."""

    def __init__(self, backend: Feed) -> None:
        self._backend = backend
        self._cursor: Cursor | None = None

    async def cycle(self) -> int:
        """How many jobs have news."""
        answer = await self._backend.changes(self._cursor)
        self._cursor = answer.cursor
        return len(answer.seen)


async def _main(settings: Settings, output: TextIO) -> None:
    with TemporaryDirectory() as folder:
        async with connect(settings, Surroundings(TargetName("bench"), Path(folder))) as backend:
            await serve(Following(backend).cycle, output)


if __name__ == "__main__":
    asyncio.run(_main(msgspec.json.decode(sys.argv[1], type=Settings), own_output()))
