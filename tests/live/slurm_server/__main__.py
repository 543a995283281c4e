"""Start a cluster and serve until interrupted: ``python -m tests.live.slurm_server``, which knows ``--help``."""

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

from tests.live.slurm_server.cluster import describe, running
from tests.live.slurm_server.configuration import Wishes
from tests.live.slurm_server.newer import NEWER
from tests.live.slurm_server.release import OF_THE_SYSTEM


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--no-accounting", action="store_true")
parser.add_argument("--rest", action="store_true", help="run slurmrestd too")
parser.add_argument("--release", choices=NEWER, help="another Slurm than that of the system")
parser.add_argument("--folder", type=Path, help="where that is installed; by default where the tests look for it")
options = parser.parse_args()
newer = NEWER.get(options.release)
installed = newer and (newer.release(options.folder) if options.folder else newer.here())
wishes = Wishes(
    accounting=not options.no_accounting, rest=options.rest, min_job_age=300, release=installed or OF_THE_SYSTEM
)
signal.signal(signal.SIGTERM, _end)
signal.signal(signal.SIGINT, _end)
with running(wishes) as cluster:
    print(describe(cluster), flush=True)
    while True:
        signal.pause()
