"""Start the services and serve until interrupted: ``python -m tests.live.dirac_server FOLDER``."""

import signal
import sys
from pathlib import Path

from tests.live.dirac_server.servers import describe, running

with running(Path(sys.argv[1])) as site:
    print(describe(site), flush=True)
    signal.sigwait({signal.SIGINT, signal.SIGTERM})
