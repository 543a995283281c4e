"""Slurm in the shared tests."""

import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager
from pathlib import Path

from ganga.backends.base import Surroundings
from ganga.backends.batch.backend import BatchBackend
from ganga.backends.slurm.opening import connect
from ganga.backends.slurm.settings import Settings
from ganga.model.ids import NativeId, TargetName
from ganga.model.resources import Resources
from ganga.model.status import JobStatus
from tests.live.slurm_server.cluster import ACCOUNTING, CONTROLLER, NODE, Cluster


class SlurmSystem:
    """A `System`."""

    backend = "slurm"
    question = "squeue"
    settings = ""
    unknown = NativeId("99999999")
    daemons = (CONTROLLER, NODE)
    shortest_limit = Resources(time=60)
    waiting = Resources(native=("--hold",))
    #: That takes control groups, which these clusters do without.
    scarce_memory = None
    forgets_use = False
    makes_arrays_later = False
    over_memory = JobStatus.FAILED

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    @property
    def environment(self) -> Mapping[str, str]:
        return self.cluster.environment

    @property
    def keeps_history(self) -> bool:
        return self.cluster.wishes.accounting

    @property
    def history(self) -> str | None:
        return ACCOUNTING if self.keeps_history else None

    def has_forgotten(self, native_id: NativeId) -> bool:
        return not self.cluster.run("squeue", "--noheader", "--states=all", f"--jobs={native_id}", check=False)

    def connect(self, folder: Path, *, timeout: float = 30.0) -> AbstractAsyncContextManager[BatchBackend]:
        settings = Settings(work_folder=str(folder), commit_delay=2.0, timeout=timeout, usage=True)
        return connect(settings, Surroundings(TargetName("slurm"), folder))

    def submit_as_somebody(self, name: str, script: str) -> NativeId:
        words = ("sbatch", "--parsable", "--output=/dev/null", f"--job-name={name}", f"--wrap={script}")
        return NativeId(self.cluster.run(*words))

    def cancel_as_somebody(self, native_id: NativeId) -> None:
        self.cluster.run("scancel", native_id)

    def requeue(self, native_id: NativeId) -> None:
        """By itself Slurm waits for two minutes before it runs such a job again, and in the same second it cannot."""
        self.cluster.run("scontrol", "requeue", native_id)
        deadline = time.monotonic() + 180
        while self.cluster.run("squeue", "--noheader", "--format=%T", f"--jobs={native_id}") != "PENDING":
            assert time.monotonic() < deadline
            time.sleep(0.2)
        self.cluster.run("scontrol", "update", f"jobid={native_id}", "starttime=now+5")

    @contextmanager
    def crowd(self, size: int) -> Iterator[None]:
        """Of the same user, so that the controller leaves none of them out."""
        words = ("--parsable", "--hold", "--output=/dev/null", "--job-name=crowd", f"--array=0-{size - 1}")
        job = self.cluster.run("sbatch", *words, "--wrap=true")
        try:
            yield
        finally:
            self.cluster.run("scancel", job)

    def restart(self, daemon: str) -> None:
        """What a controller has learnt in the seconds before it is killed is lost, jobs included."""
        self.cluster.until_saved()
        self.cluster.kill_daemon(daemon)
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
