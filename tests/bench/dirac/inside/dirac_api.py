"""Monitoring as DIRAC's own interface is used: ``Dirac.getJobStatus`` of all jobs. Run in DIRAC's environment, with the
number of jobs.
"""

import asyncio
import sys
from importlib import import_module
from typing import TextIO

from tests.bench.dirac.inside.turns import own_output, serve


class Asking:
    """Each cycle asks for everything, and compares."""

    def __init__(self, count: int) -> None:
        import_module("DIRAC").initialize()
        self._dirac = import_module("DIRAC.Interfaces.API.Dirac").Dirac()
        self._numbers = list(range(1, count + 1))
        self._known: dict[int, dict[str, str]] = {}

    async def cycle(self) -> int:
        """How many jobs have news; blocks, as the interface does."""
        answer = self._dirac.getJobStatus(self._numbers)
        if not answer["OK"]:
            raise RuntimeError(answer["Message"])
        known, self._known = self._known, answer["Value"]
        return sum(known.get(job) != words for job, words in self._known.items())


async def _main(count: int, output: TextIO) -> None:
    await serve(Asking(count).cycle, output)


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), own_output()))
