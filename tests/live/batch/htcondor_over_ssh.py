"""HTCondor behind a login machine in the shared tests."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path

from ganga.backends.base import Surroundings
from ganga.backends.batch.backend import BatchBackend
from ganga.backends.htcondor.opening import connect
from ganga.backends.htcondor.settings import Settings
from ganga.model.ids import TargetName
from tests.backends.batch.ssh.server import Sshd
from tests.live.batch.htcondor import HTCondorSystem
from tests.live.batch.login_machine import LoginMachine
from tests.live.condor_server.pool import Pool


class HTCondorOverSsh(HTCondorSystem):
    """A `System`."""

    def __init__(self, pool: Pool, server: Sshd) -> None:
        super().__init__(pool)
        self._machine = LoginMachine(server, self.environment, pool.programs)
        self.settings = self._machine.settings

    def connect(self, folder: Path, *, timeout: float = 30.0) -> AbstractAsyncContextManager[BatchBackend]:
        """Programs that a test has put beside the folder go before the real ones."""
        self._machine.put_first(folder.parent / "bin")
        settings = Settings(
            host=self._machine.host,
            ssh_config=self._machine.ssh_config,
            work_folder=str(folder),
            commit_delay=2.0,
            timeout=timeout,
        )
        return connect(settings, Surroundings(TargetName("htcondor"), folder))
