"""Start a cluster, stop it, and do to its daemons what happens to daemons."""

import getpass
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Final

import psutil

from tests.live.dirac_server.processes import NotStarted, Processes, free_ports, frozen
from tests.live.folders import remove
from tests.live.grid_engine_server import configuration
from tests.live.grid_engine_server.configuration import CELL, PROGRAMS, QUEUE, host
from tests.live.grid_engine_server.install import check

MASTER, NODE = "master", "node"

_ARCHITECTURE: Final = "lx-amd64"
_READY_WITHIN: Final = 180.0


class Cluster:
    """A running Grid Engine."""

    def __init__(self, root: Path, ports: tuple[int, int], processes: Processes) -> None:
        self.root = root
        self.processes = processes
        self._ports = dict(zip((MASTER, NODE), ports, strict=True))

    @property
    def environment(self) -> Mapping[str, str]:
        """By which commands find it: the programs themselves, since Debian's wrappers take a tenth of a second each."""
        return {
            "SGE_ROOT": str(self.root),
            "SGE_CELL": CELL,
            "SGE_ARCH": _ARCHITECTURE,
            "SGE_QMASTER_PORT": str(self._ports[MASTER]),
            "SGE_EXECD_PORT": str(self._ports[NODE]),
            "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
        }

    def run(self, *words: str, stdin: str = "", check: bool = True) -> str:
        """What a command of Grid Engine prints."""
        done = self._run(*words, stdin=stdin)
        assert done.returncode == 0 or not check, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def succeeds(self, *words: str) -> bool:
        """Whether a command of Grid Engine ends with the exit code 0."""
        return self._run(*words).returncode == 0

    def start(self) -> None:
        """All daemons; returns when jobs can run."""
        self._prepare()
        self.start_daemon(MASTER)
        self._configure()
        self.start_daemon(NODE)
        self.until_ready()

    def start_daemon(self, name: str) -> None:
        """One of them (again)."""
        program = {MASTER: "/usr/sbin/sge_qmaster", NODE: "/usr/sbin/sge_execd"}[name]
        # It stays a child of ours instead of going its own way.
        self.processes.start(name, [program], self._ports[name], {**self.environment, "SGE_ND": "1"})

    def stop_daemon(self, name: str) -> None:
        """At once, as by the kernel."""
        self.processes.kill(name)

    def frozen(self, name: str) -> AbstractContextManager[None]:
        """It is there, and does nothing."""
        return frozen(self.processes.pids[name])

    def until_ready(self) -> None:
        """Until the queue of the machine takes jobs: then it has a known architecture, and no letter of trouble."""
        deadline = time.monotonic() + _READY_WITHIN
        while not any(
            line.startswith(f"{QUEUE}@") and line.split()[-1] == _ARCHITECTURE
            for line in self.run("qstat", "-f", check=False).splitlines()
        ):
            if time.monotonic() > deadline:
                raise NotStarted(self.run("qstat", "-f", "-explain", "aAE", check=False))
            time.sleep(0.1)

    def end_jobs(self) -> None:
        """All jobs, so that no daemon leaves one behind that it was about to start."""
        self.run("qdel", "*", check=False)

    def _run(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **self.environment}
        program = shutil.which(words[0], path=environment["PATH"]) or words[0]
        return subprocess.run(
            [program, *words[1:]],
            env=environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=400,
            cwd=self.root,
        )

    def _prepare(self) -> None:
        for name in ("spool/qmaster/job_scripts", "spool/database", "spool/execd", "tmp", f"{CELL}/common"):
            (self.root / name).mkdir(parents=True)
        for name in ("bin", "lib", "utilbin"):
            (self.root / name).mkdir()
            (self.root / name / _ARCHITECTURE).symlink_to(PROGRAMS)
        (self.root / "util").symlink_to("/usr/share/gridengine/util")
        common = self.root / CELL / "common"
        (common / "host_aliases").write_text(configuration.host_aliases())
        (common / "act_qmaster").write_text(f"{host()}\n")
        (common / "bootstrap").write_text(configuration.bootstrap(self.root))
        self._spool()

    def _spool(self) -> None:
        """What the master finds when it starts for the first time."""
        file = self._file("configuration", configuration.cluster_configuration(self.root))
        resources = configuration.complexes()
        self.run("spoolinit", "berkeleydb", "libspoolb", str(self.root / "spool" / "database"), "init")
        for what, value in (
            ("configuration", file),
            ("complexes", str(resources / "centry")),
            ("usersets", str(resources / "usersets")),
            ("managers", getpass.getuser()),
            ("operators", getpass.getuser()),
        ):
            self.run("spooldefaults", what, value)

    def _configure(self) -> None:
        scheduler = configuration.scheduler_configuration(f"{self.run('qconf', '-ssconf')}\n")
        queue = configuration.queue_configuration(
            f"{self.run('env', 'SGE_SINGLE_LINE=1', 'qconf', '-sq')}\n", self.root
        )
        self.run("qconf", "-ah", host(), check=False)
        self.run("qconf", "-as", host())
        self.run("qconf", "-Msconf", self._file("scheduler", scheduler))
        self.run("qconf", "-Ap", self._file("environment", configuration.parallel_environment()))
        self.run("qconf", "-Aq", self._file("queue", queue))

    def _file(self, name: str, text: str) -> str:
        path = self.root / f"{name}.conf"
        path.write_text(text)
        return str(path)


@contextmanager
def running(within: Path | None = None) -> Iterator[Cluster]:
    """A cluster with nothing in it, gone with all its files at the end. Raises `NotInstalled` and `NotStarted`."""
    check()
    root = Path(tempfile.mkdtemp(prefix="grid-engine-", dir=within))
    try:
        with Processes(root, dict(os.environ)) as processes:
            cluster = Cluster(root, _ports(), processes)
            cluster.start()
            yield cluster
            cluster.end_jobs()
    finally:
        _end_processes(root)
        remove(root)


def describe(cluster: Cluster) -> str:
    """One line of JSON for whoever reads the standard output."""
    return json.dumps({"environment": dict(cluster.environment), "pids": dict(cluster.processes.pids)})


def _ports() -> tuple[int, int]:
    master, node = free_ports(2)
    return master, node


def _end_processes(root: Path) -> None:
    """Those of jobs that have outlived the daemons: each knows that it is one, and of which cluster."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            environment = process.environ()
            own = "JOB_ID" in environment or process.name() == "sge_shepherd"
            if own and environment.get("SGE_ROOT") == str(root):
                process.kill()
                process.wait(10)
