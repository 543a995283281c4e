"""Torque in the shared tests."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager
from pathlib import Path

from ganga.backends.base import Surroundings
from ganga.backends.batch.backend import BatchBackend
from ganga.backends.torque.opening import connect
from ganga.backends.torque.settings import Settings
from ganga.model.ids import NativeId, TargetName
from ganga.model.resources import Resources
from ganga.model.status import JobStatus
from tests.live.torque_server.cluster import NODE, SERVER, Cluster


class TorqueSystem:
    """A `System`."""

    backend = "torque"
    question = "qstat"
    settings = 'commands = "torque-2.4"\n'
    unknown = NativeId("99999999.nowhere.test")
    daemons = (SERVER, NODE)
    shortest_limit = Resources(time=5)
    waiting = Resources(native=("-h",))
    #: It holds each process to it, and not all of them together.
    scarce_memory = None
    over_memory = JobStatus.FAILED
    keeps_history = False
    forgets_use = True
    makes_arrays_later = True
    history = None

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    @property
    def environment(self) -> Mapping[str, str]:
        return self.cluster.environment

    def has_forgotten(self, native_id: NativeId) -> bool:
        return not self.cluster.succeeds("qstat", "-f", native_id)

    def connect(self, folder: Path, *, timeout: float = 30.0) -> AbstractAsyncContextManager[BatchBackend]:
        settings = Settings(work_folder=str(folder), commit_delay=2.0, timeout=timeout, commands="torque-2.4")
        return connect(settings, Surroundings(TargetName("torque"), folder))

    def submit_as_somebody(self, name: str, script: str) -> NativeId:
        words = ("qsub", "-S", "/bin/sh", "-N", name, "-o", "/dev/null", "-j", "oe")
        return NativeId(self.cluster.run(*words, stdin=script))

    def cancel_as_somebody(self, native_id: NativeId) -> None:
        self.cluster.run("qdel", native_id)

    def requeue(self, native_id: NativeId) -> None:
        self.cluster.run("qrerun", native_id)

    @contextmanager
    def crowd(self, size: int) -> Iterator[None]:
        job = self.cluster.run("qsub", "-h", "-t", f"1-{size}", "-N", "crowd", stdin="true")
        try:
            yield
        finally:
            self.cluster.run("qdel", job)

    def restart(self, daemon: str) -> None:
        self.cluster.stop_daemon(daemon)
        self.cluster.start_daemon(daemon)
        self.cluster.until_ready()

    @contextmanager
    def stopped(self, daemon: str) -> Iterator[None]:
        self.cluster.stop_daemon(daemon)
        try:
            yield
        finally:
            self.cluster.start_daemon(daemon)

    def frozen(self, daemon: str) -> AbstractContextManager[None]:
        return self.cluster.frozen(daemon)
