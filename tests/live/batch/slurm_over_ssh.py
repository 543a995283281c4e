"""Slurm behind a login machine in the shared tests."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path

from ganga.backends.base import Surroundings
from ganga.backends.batch.backend import BatchBackend
from ganga.backends.slurm.opening import connect
from ganga.backends.slurm.settings import Settings
from ganga.model.ids import TargetName
from tests.backends.batch.ssh.server import Sshd
from tests.live.batch.login_machine import LoginMachine
from tests.live.batch.slurm import SlurmSystem
from tests.live.slurm_server.cluster import Cluster


class SlurmOverSsh(SlurmSystem):
    """A `System`."""

    def __init__(self, cluster: Cluster, server: Sshd) -> None:
        super().__init__(cluster)
        self._machine = LoginMachine(server, self.environment)
        self.settings = self._machine.settings

    def connect(self, folder: Path, *, timeout: float = 30.0) -> AbstractAsyncContextManager[BatchBackend]:
        """Programs that a test has put beside the folder go before the real ones."""
        self._machine.put_first(folder.parent / "bin")
        settings = Settings(
            host=self._machine.host,
            ssh_config=self._machine.ssh_config,
            work_folder=str(folder),
            commit_delay=2.0,
            usage=True,
            timeout=timeout,
        )
        return connect(settings, Surroundings(TargetName("slurm"), folder))
