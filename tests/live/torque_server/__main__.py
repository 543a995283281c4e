"""Start a cluster and serve until interrupted: ``python -m tests.live.torque_server [--folder WHERE_IT_IS]``."""

import argparse
from pathlib import Path

from tests.live.serving import serve
from tests.live.torque_server import install
from tests.live.torque_server.cluster import describe, running

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--folder", type=Path, default=install.here(), help="where Torque is installed")
options = parser.parse_args()
serve(running(release=install.release(options.folder)), describe)
