"""Get an access token as DIRAC's own tools do: a racer like `tests.live.dirac.token_race`, with their code."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from diracx.client.patches.client import common  # type: ignore[import-not-found]  # the server's


def main(arguments: Sequence[str]) -> None:
    """Print one JSON object: the access token, and how often the server was asked for it."""
    url, file = arguments
    renew = common.refresh_token
    asked = []

    def counted(*words: object, **named: object) -> object:
        asked.append(words)
        return renew(*words, **named)

    common.refresh_token = counted
    print("ready", flush=True)
    sys.stdin.readline()
    token = common.get_token(Path(file), None, f"{url}/api/auth/token", "myDIRACClientID", True)
    print(json.dumps({"tokens": [token.token], "asked": len(asked)}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
