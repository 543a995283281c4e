"""``python -m tests.live.dirac.token_race URL FILE``: a process that wants an access token, and says how it got it.

It waits for a line on standard input first, so that several start at the same moment.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from ganga.backends.dirac.diracx import renewal
from ganga.backends.dirac.token_file import TokenFile
from ganga.backends.dirac.tokens import Grant, TokenKeeper
from ganga.backends.web.http import Http


async def access(url: str, file: Path) -> dict[str, object]:
    """The access token and how often the server was asked for it."""
    asked = 0
    async with Http("DiracX", timeout=60.0) as http:
        renew = renewal(url, http)

        async def counted(refresh_token: str) -> Grant:
            nonlocal asked
            asked += 1
            return await renew(refresh_token)

        keeper = TokenKeeper(TokenFile(file), counted)
        sys.stdin.readline()
        # All that ask at once in one process share one renewal.
        tokens = set(await asyncio.gather(*(keeper.access() for _ in range(5))))
        await keeper.close()
    return {"tokens": sorted(tokens), "asked": asked}


def main(arguments: Sequence[str]) -> None:
    """Print one JSON object."""
    print("ready", flush=True)
    print(json.dumps(asyncio.run(access(arguments[0], Path(arguments[1])))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
