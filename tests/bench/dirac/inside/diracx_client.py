"""A bare loop over DiracX's own client, which asks as our road does. Run in DiracX's environment, with the columns."""

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib import import_module
from typing import TextIO

from tests.bench.dirac.inside.comparing import Comparing, Row, question
from tests.bench.dirac.inside.turns import own_output, serve

PAGE = 10_000


async def _main(columns: Sequence[str], overlap: float, output: TextIO) -> None:
    async with import_module("diracx.client.aio").AsyncDiracClient() as client:

        async def ask(since: datetime) -> Mapping[str, Row]:
            rows = await client.jobs.search(**question(columns, since), page=1, per_page=PAGE)
            return {row["JobID"]: {**row, "LastUpdateTime": row["LastUpdateTime"].rstrip("Z")} for row in rows}

        await serve(Comparing(ask, overlap).cycle, output)


if __name__ == "__main__":
    asyncio.run(_main(json.loads(sys.argv[1]), float(sys.argv[2]), own_output()))
