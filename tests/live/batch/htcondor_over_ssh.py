"""HTCondor behind a login machine in the shared tests."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path

from ganga.backends.base import Surroundings
from ganga.backends.batch.backend import BatchBackend
from ganga.backends.htcondor.opening import connect
from ganga.backends.htcondor.settings import Settings
from ganga.model.ids import TargetName
from tests.backends.batch.ssh.server import ALIAS, Sshd
from tests.live.batch.htcondor import HTCondorSystem
from tests.live.condor_server.pool import Pool


class HTCondorOverSsh(HTCondorSystem):
    """A `System`. The login machine has an environment of its own, in which the pool is found."""

    def __init__(self, pool: Pool, server: Sshd) -> None:
        super().__init__(pool)
        self._server = server
        path = f"{self._programs}:{pool.programs}:/usr/local/bin:/usr/bin:/bin"
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
        return connect(settings, Surroundings(TargetName("htcondor"), folder))

    @property
    def _programs(self) -> Path:
        return self._server.folder / "bin"
