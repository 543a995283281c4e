"""Start a server and serve until interrupted: ``python -m tests.live.postgres_server``."""

from tests.live.postgres_server.server import describe, running
from tests.live.serving import serve

serve(running(), describe)
