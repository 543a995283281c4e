"""HTCondor in the shared tests."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager
from pathlib import Path
from secrets import token_hex

from ganga.backends.base import Surroundings
from ganga.backends.batch.backend import BatchBackend
from ganga.backends.htcondor.opening import connect
from ganga.backends.htcondor.settings import Settings
from ganga.model.ids import NativeId, TargetName
from ganga.model.resources import Resources
from ganga.model.status import JobStatus
from tests.live.condor_server.pool import SCHEDD, STARTD, Pool


class HTCondorSystem:
    """A `System`."""

    backend = "htcondor"
    question = "condor_q"
    settings = ""
    unknown = NativeId("99999999.0")
    daemons = (SCHEDD, STARTD)
    shortest_limit = Resources(time=2)
    waiting = Resources(native=("hold = true",))
    #: By the policy of the pool: it has no control groups, which are root's.
    scarce_memory = Resources(memory=200 << 20)
    over_memory = JobStatus.HELD
    keeps_history = True
    forgets_use = False
    makes_arrays_later = False
    #: It is in a file, which the command reads by itself.
    history = None

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    @property
    def environment(self) -> Mapping[str, str]:
        return self.pool.environment

    def has_forgotten(self, native_id: NativeId) -> bool:
        return not self.pool.run("condor_q", native_id, "-af", "ClusterId")

    def connect(self, folder: Path, *, timeout: float = 30.0) -> AbstractAsyncContextManager[BatchBackend]:
        settings = Settings(work_folder=str(folder), commit_delay=2.0, timeout=timeout)
        return connect(settings, Surroundings(TargetName("htcondor"), folder))

    def submit_as_somebody(self, name: str, script: str) -> NativeId:
        file = self.pool.folder / f"{name}-{token_hex(4)}.sh"
        file.write_text(script)
        return self.submit(
            f"executable = /bin/sh\ntransfer_executable = false\narguments = {file}\nbatch_name = {name}"
        )

    def submit(self, description: str, size: int = 1) -> NativeId:
        """The first job of a new cluster."""
        lines = (description, "should_transfer_files = no", f"initialdir = {self.pool.folder}", f"queue {size}", "")
        return NativeId(self.pool.run("condor_submit", "-terse", stdin="\n".join(lines)).partition(" ")[0])

    def cancel_as_somebody(self, native_id: NativeId) -> None:
        self.pool.run("condor_rm", native_id)

    def requeue(self, native_id: NativeId) -> None:
        self.pool.run("condor_vacate_job", "-fast", native_id)

    @contextmanager
    def crowd(self, size: int) -> Iterator[None]:
        first = self.submit("executable = /bin/true\nbatch_name = crowd\nhold = true", size)
        try:
            yield
        finally:
            self.pool.run("condor_rm", first.partition(".")[0])

    def restart(self, daemon: str) -> None:
        self.pool.restart_daemon(daemon)

    @contextmanager
    def stopped(self, daemon: str) -> Iterator[None]:
        self.pool.stop_daemon(daemon)
        try:
            yield
        finally:
            self.pool.start_daemon(daemon)

    def frozen(self, daemon: str) -> AbstractContextManager[None]:
        return self.pool.frozen(daemon)
