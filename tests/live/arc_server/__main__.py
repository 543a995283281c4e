"""Start an element and serve until interrupted: ``python -m tests.live.arc_server [--folder FOLDER]``."""

import argparse
from pathlib import Path

from tests.live.arc_server import newer
from tests.live.arc_server.element import describe, running
from tests.live.arc_server.release import OF_THE_SYSTEM
from tests.live.serving import serve

parser = argparse.ArgumentParser(prog="python -m tests.live.arc_server")
parser.add_argument("--folder", type=Path, help="where another ARC than the system's was laid into")
folder = parser.parse_args().folder
serve(running(OF_THE_SYSTEM if folder is None else newer.release(folder)), describe)
