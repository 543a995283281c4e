"""Slurm over its REST interface in the shared tests."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path

from ganga.backends.base import Surroundings
from ganga.backends.batch.backend import BatchBackend
from ganga.backends.slurm.opening import connect
from ganga.backends.slurm.settings import Settings
from ganga.model.ids import TargetName
from tests.live.batch.slurm import SlurmSystem
from tests.live.slurm_server.cluster import Cluster


class SlurmOverRest(SlurmSystem):
    """A `System`."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self.token_file = cluster.folder / "token"
        self.write_token(cluster.token())
        self.settings = f'rest_url = "{cluster.rest_url}"\ntoken_file = "{self.token_file}"\n'

    def write_token(self, token: str) -> None:
        self.token_file.touch(0o600)
        self.token_file.write_text(token)

    def connect(self, folder: Path, *, timeout: float = 30.0) -> AbstractAsyncContextManager[BatchBackend]:
        return self.connect_by(self.cluster.rest_url, folder, timeout=timeout)

    def connect_by(
        self, url: str, folder: Path, *, timeout: float = 30.0, authorities: str = ""
    ) -> AbstractAsyncContextManager[BatchBackend]:
        settings = Settings(
            work_folder=str(folder),
            commit_delay=2.0,
            usage=True,
            timeout=timeout,
            rest_url=url,
            authorities=authorities,
            token_file=str(self.token_file),
        )
        return connect(settings, Surroundings(TargetName("slurm"), folder))
