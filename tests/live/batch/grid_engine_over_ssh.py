"""Grid Engine behind a login machine in the shared tests."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path

from ganga.backends.base import Surroundings
from ganga.backends.batch.backend import BatchBackend
from ganga.backends.grid_engine.opening import connect
from ganga.backends.grid_engine.settings import Settings
from ganga.model.ids import TargetName
from tests.backends.batch.ssh.server import ALIAS, Sshd
from tests.live.batch.grid_engine import GridEngineSystem
from tests.live.grid_engine_server.cluster import Cluster
from tests.live.grid_engine_server.configuration import PROGRAMS


class GridEngineOverSsh(GridEngineSystem):
    """A `System`. The login machine has an environment of its own, in which the cluster is found."""

    def __init__(self, cluster: Cluster, server: Sshd) -> None:
        super().__init__(cluster)
        self._server = server
        path = f"{self._programs}:{PROGRAMS}:/usr/local/bin:/usr/bin:/bin"
        server.start(environment={**self.environment, "PATH": path})
        self.settings = f'host = "{ALIAS}"\nssh_config = "{server.host.config}"\n'

    def connect(self, folder: Path, *, timeout: float = 30.0) -> AbstractAsyncContextManager[BatchBackend]:
        """Programs that a test has put beside the folder go before those of the machine."""
        self._programs.unlink(missing_ok=True)
        self._programs.symlink_to(folder.parent / "bin")
        settings = Settings(
            host=ALIAS,
            ssh_config=self._server.host.config,
            work_folder=str(folder),
            commit_delay=2.0,
            timeout=timeout,
        )
        return connect(settings, Surroundings(TargetName("grid_engine"), folder))

    @property
    def _programs(self) -> Path:
        return self._server.folder / "bin"
