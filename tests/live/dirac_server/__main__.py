"""Start the services and serve until interrupted: ``python -m tests.live.dirac_server --folder FOLDER``."""

import argparse
from pathlib import Path

from tests.live.dirac_server.servers import describe, running
from tests.live.serving import serve

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--folder", type=Path, required=True, help="where they are installed")
parser.add_argument("--data", type=Path, help="for databases, keys and logs, which go with the services")
options = parser.parse_args()
serve(running(options.folder, options.data), describe)
