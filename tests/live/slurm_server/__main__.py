"""Start a cluster and serve until interrupted: ``python -m tests.live.slurm_server``."""

import signal
import sys
from types import FrameType
from typing import NoReturn

from tests.live.slurm_server.cluster import describe, running
from tests.live.slurm_server.configuration import Wishes


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)


signal.signal(signal.SIGTERM, _end)
signal.signal(signal.SIGINT, _end)
with running(Wishes(accounting="--no-accounting" not in sys.argv[1:], min_job_age=300)) as cluster:
    print(describe(cluster), flush=True)
    while True:
        signal.pause()
