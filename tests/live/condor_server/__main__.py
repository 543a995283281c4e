"""Start a pool and serve until interrupted: ``python -m tests.live.condor_server [--folder WHERE_IT_IS_INSTALLED]``."""

import argparse
from pathlib import Path

from tests.live.condor_server import install
from tests.live.condor_server.pool import describe, running
from tests.live.serving import serve

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--folder", type=Path, default=install.here(), help="where HTCondor is installed")
options = parser.parse_args()
serve(running(release=install.release(options.folder)), describe)
