"""Start a cluster and serve until interrupted: ``python -m tests.live.grid_engine_server``."""

from tests.live.grid_engine_server.cluster import describe, running
from tests.live.serving import serve

serve(running(), describe)
