"""Start a cluster and serve until interrupted: ``python -m tests.live.slurm_server``, which knows ``--help``."""

import argparse
from pathlib import Path

from tests.live.serving import serve
from tests.live.slurm_server.cluster import describe, running
from tests.live.slurm_server.configuration import Wishes
from tests.live.slurm_server.newer import NEWER
from tests.live.slurm_server.release import OF_THE_SYSTEM

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
serve(running(wishes), describe)
