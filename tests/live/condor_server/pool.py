"""Start a pool, stop it, and do to its daemons what happens to daemons."""

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Final

import psutil

from tests.live.condor_server import install
from tests.live.condor_server.configuration import FOLDERS, condor_config
from tests.live.condor_server.user import as_user, write_commands
from tests.live.dirac_server.processes import NotStarted, Processes, free_ports, frozen
from tests.live.folders import remove

MASTER, SCHEDD, STARTD = "master", "schedd", "startd"

_READY_WITHIN: Final = 180.0


class Pool:
    """A running HTCondor."""

    def __init__(self, folder: Path, release: Path, port: int, processes: Processes) -> None:
        self.folder = folder
        self.processes = processes
        self.release = release
        #: Of the collector.
        self.port = port

    @property
    def config(self) -> Path:
        """What the variable CONDOR_CONFIG is to name."""
        return self.folder / "condor_config"

    @property
    def programs(self) -> Path:
        """The folder that is to be the first one in PATH."""
        return self.folder / "bin"

    @property
    def environment(self) -> Mapping[str, str]:
        """By which commands are found, and find the pool."""
        return {"CONDOR_CONFIG": str(self.config), "PATH": f"{self.programs}:{os.environ['PATH']}"}

    def run(self, *words: str, stdin: str = "", check: bool = True) -> str:
        """What a command of HTCondor prints."""
        environment = {**os.environ, **self.environment}
        command = [str(self.programs / words[0]), *words[1:]]
        done = subprocess.run(
            command, env=environment, input=stdin, capture_output=True, text=True, check=False, timeout=400
        )
        assert done.returncode == 0 or not check, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    @property
    def address(self) -> str:
        """What the option ``-pool`` takes."""
        return f"127.0.0.1:{self.port}"

    @property
    def queue(self) -> str:
        """What the option ``-name`` takes."""
        return self.run("condor_status", "-schedd", "-af", "Name")

    def start(self) -> None:
        """All daemons; returns when jobs can run."""
        for name in FOLDERS:
            (self.folder / name).mkdir()
        write_commands(self.release, self.programs)
        self.config.write_text(condor_config(self.folder, self.release, self.port))
        self.start_master()

    def start_master(self) -> None:
        """It starts the others."""
        command: list[str | Path] = [*as_user(), self.release / "sbin" / "condor_master", "-f"]
        self.processes.start(MASTER, command, self.port, {"CONDOR_CONFIG": str(self.config)})
        self.until_ready()

    def pid(self, daemon: str) -> int | None:
        """None while there is none."""
        master = self.processes.pids[MASTER]
        if daemon == MASTER:
            return master
        return next((one.pid for one in _children(master) if _name(one) == f"condor_{daemon}"), None)

    def kill_daemon(self, daemon: str) -> None:
        """At once, as by the kernel. The master starts it again; with a master all that it has started dies too."""
        master = self.processes.pids[MASTER]
        doomed = [master, *(one.pid for one in _children(master))] if daemon == MASTER else [self.pid(daemon)]
        for pid in filter(None, doomed):
            os.kill(pid, signal.SIGKILL)
        if daemon == MASTER:
            self.processes.stop(MASTER)
            end_processes(self.config)

    def restart_daemon(self, daemon: str) -> None:
        """Kill it; returns when another is in its place and jobs can run."""
        old = self.pid(daemon)
        self.kill_daemon(daemon)
        if daemon == MASTER:
            self.start_master()
        self._until(lambda: self.pid(daemon) not in {None, old}, f"there is no other {daemon}")
        self.until_ready()

    def stop_daemon(self, daemon: str) -> None:
        """As an administrator does; the master does not start it again."""
        self.run("condor_off", "-fast", "-daemon", daemon)
        self._until(lambda: self.pid(daemon) is None, f"the {daemon} does not end")

    def start_daemon(self, daemon: str) -> None:
        """After it was stopped."""
        self.run("condor_on", "-daemon", daemon)
        self.until_ready()

    def frozen(self, daemon: str) -> AbstractContextManager[None]:
        """It is there, and does nothing."""
        pid = self.pid(daemon)
        assert pid is not None, f"there is no {daemon}"
        return frozen(pid)

    def until_ready(self) -> None:
        """Until there is a machine, and a queue that answers, also who asks the collector for it."""
        self._until(lambda: bool(self.run("condor_status", "-af", "Name", check=False)), "there is no machine")
        self._until(lambda: "Total for" in self.run("condor_q", check=False), "the queue does not answer")
        self._until(self._is_known, "the collector does not know the queue")

    def _is_known(self) -> bool:
        """By its newest address."""
        address = (self.folder / "run" / "schedd_address").read_text().partition("\n")[0]
        return self.run("condor_status", "-schedd", "-af", "MyAddress", check=False) == address

    def _until(self, reached: Callable[[], bool], complaint: str) -> None:
        deadline = time.monotonic() + _READY_WITHIN
        while not reached():
            if time.monotonic() > deadline:
                raise NotStarted(f"{complaint}:\n{(self.folder / 'log' / 'MasterLog').read_text()[-1500:]}")
            time.sleep(0.1)


@contextmanager
def running(within: Path | None = None, release: Path | None = None) -> Iterator[Pool]:
    """A pool with nothing in it, gone with all its files at the end. Raises `NotInstalled` and `NotStarted`."""
    release = release or install.release(install.here())
    folder = Path(tempfile.mkdtemp(prefix="condor-", dir=within))
    try:
        with Processes(folder, dict(os.environ)) as processes:
            (port,) = free_ports(1)
            pool = Pool(folder, release, port, processes)
            pool.start()
            yield pool
            pool.kill_daemon(MASTER)
    finally:
        end_processes(folder / "condor_config")
        remove(folder)


def describe(pool: Pool) -> str:
    """One line of JSON for whoever reads the standard output."""
    where = {"folder": str(pool.folder), "environment": dict(pool.environment)}
    return json.dumps({**where, "pids": dict(pool.processes.pids)})


def end_processes(config: Path) -> None:
    """Daemons that have outlived their master, and jobs that have outlived those: each knows whose it is."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            environment = process.environ()
            job = environment.get("_CONDOR_SCRATCH_DIR", "").startswith(f"{config.parent}/")
            if job or (environment.get("CONDOR_CONFIG") == str(config) and process.name().startswith("condor_")):
                process.kill()
                process.wait(10)


def _children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children()
    except psutil.NoSuchProcess:
        return []


def _name(process: psutil.Process) -> str | None:
    """None once it is gone."""
    try:
        return process.name()
    except psutil.NoSuchProcess:
        return None
