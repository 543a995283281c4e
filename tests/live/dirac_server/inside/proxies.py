"""Make the proxies that a JSON list on standard input describes, with DIRAC's own code, since no other makes one with a
DIRAC group in it.
"""

import json
import sys

from DIRAC.Core.Security.X509Chain import X509Chain  # type: ignore[import-not-found] # - it is where this runs

if __name__ == "__main__":
    for wish in json.load(sys.stdin):
        chain = X509Chain()
        for outcome in (
            chain.loadChainFromFile(wish["certificate"]),
            chain.loadKeyFromFile(wish["key"]),
            chain.generateProxyToFile(wish["file"], wish["seconds"], diracGroup=wish["group"]),
        ):
            if not outcome["OK"]:
                sys.exit(f"no proxy {wish['file']}: {outcome['Message']}")
