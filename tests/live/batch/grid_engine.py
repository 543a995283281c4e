"""Grid Engine in the shared tests."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager
from pathlib import Path

from ganga.backends.base import Surroundings
from ganga.backends.batch.backend import BatchBackend
from ganga.backends.grid_engine.opening import connect
from ganga.backends.grid_engine.settings import Settings
from ganga.model.ids import NativeId, TargetName
from ganga.model.resources import Resources
from ganga.model.status import JobStatus
from tests.live.grid_engine_server.cluster import MASTER, NODE, Cluster


class GridEngineSystem:
    """A `System`."""

    backend = "grid_engine"
    question = "qstat"
    settings = ""
    unknown = NativeId("99999999")
    daemons = (MASTER, NODE)
    shortest_limit = Resources(time=5)
    waiting = Resources(native=("-h",))
    scarce_memory = Resources(memory=200 << 20)
    over_memory = JobStatus.FAILED
    keeps_history = True
    forgets_use = False
    makes_arrays_later = False
    #: It is in a file, which every command reads by itself.
    history = None

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    @property
    def environment(self) -> Mapping[str, str]:
        return self.cluster.environment

    def has_forgotten(self, native_id: NativeId) -> bool:
        return not self.cluster.succeeds("qstat", "-j", native_id.partition(".")[0])

    def connect(self, folder: Path, *, timeout: float = 30.0) -> AbstractAsyncContextManager[BatchBackend]:
        settings = Settings(work_folder=str(folder), commit_delay=2.0, timeout=timeout)
        return connect(settings, Surroundings(TargetName("grid_engine"), folder))

    def submit_as_somebody(self, name: str, script: str) -> NativeId:
        words = ("qsub", "-terse", "-S", "/bin/sh", "-N", name, "-o", "/dev/null", "-j", "y")
        return NativeId(self.cluster.run(*words, stdin=script))

    def cancel_as_somebody(self, native_id: NativeId) -> None:
        self.cluster.run("qdel", native_id)

    def requeue(self, native_id: NativeId) -> None:
        self.cluster.run("qmod", "-rj", native_id)

    @contextmanager
    def crowd(self, size: int) -> Iterator[None]:
        """Of the same user, so that the queue master leaves none of them out."""
        job = self.cluster.run("qsub", "-terse", "-h", "-t", f"1-{size}", "-N", "crowd", stdin="true").partition(".")[0]
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
