"""Slurm by the words of Torque in the shared tests."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from ganga.backends.base import Surroundings
from ganga.backends.batch.backend import BatchBackend
from ganga.backends.torque.opening import connect
from ganga.backends.torque.settings import Settings
from ganga.model.ids import TargetName
from ganga.model.resources import Resources
from tests.live.batch.slurm import SlurmSystem
from tests.live.torque_words import install


class TorqueOverSlurm(SlurmSystem):
    """A `System`. What others do there they do by Slurm's own words."""

    backend = "torque"
    question = "qstat"
    settings = 'commands = "slurm"\n'
    waiting = Resources(native=("-h",))

    @property
    def environment(self) -> Mapping[str, str]:
        return {**super().environment, **install.environment()}

    def connect(self, folder: Path, *, timeout: float = 30.0) -> AbstractAsyncContextManager[BatchBackend]:
        settings = Settings(work_folder=str(folder), commit_delay=2.0, timeout=timeout, commands="slurm")
        return connect(settings, Surroundings(TargetName("torque"), folder))
