"""Start a cluster, stop it, and do to its daemons what happens to daemons.

Their folder has a name that is compiled in. So each daemon, and with the node its jobs, has a name space of mounts in
which that is the folder of the cluster, and which has names of ports of its own. The commands find the server by
variables, and need none.
"""

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
from tests.live.torque_server import configuration, install
from tests.live.torque_server.configuration import Ports, host

SERVER, NODE, SCHEDULER = "server", "node", "scheduler"

_READY_WITHIN: Final = 180.0
#: Becomes a daemon whose home is the first of the words.
_AT_HOME: Final = (
    "mount -t tmpfs -o mode=755 tmpfs /var/spool && mkdir /var/spool/torque && "
    'mount --bind "$1" /var/spool/torque && '
    '{ ! test -e /etc/services || mount --bind "$1/services" /etc/services; } && shift && exec "$@"'
)


class Cluster:
    """A running Torque."""

    def __init__(self, folder: Path, release: Path, ports: Ports, processes: Processes) -> None:
        self.folder = folder
        self.processes = processes
        self._release = release
        self._ports = ports

    @property
    def environment(self) -> Mapping[str, str]:
        """By which commands are found, and find the server and who vouches for them."""
        return {
            "PBS_DEFAULT": self.server,
            "PBSBINDIR": str(self._release / "usr" / "sbin"),
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
        }

    @property
    def server(self) -> str:
        """As the commands call it."""
        return f"{host()}:{self._ports.server}"

    def run(self, *words: str, stdin: str = "", check: bool = True) -> str:
        """What a command of Torque prints."""
        done = self._run(*words, stdin=stdin)
        assert done.returncode == 0 or not check, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def succeeds(self, *words: str) -> bool:
        """Whether a command of Torque ends with the exit code 0."""
        return self._run(*words).returncode == 0

    def start(self) -> None:
        """All daemons; returns when jobs can run."""
        self._prepare()
        self._start(SERVER, "-f", "-t", "create")
        self.run("qmgr", stdin=configuration.server_settings())
        self.start_daemon(NODE)
        self.start_daemon(SCHEDULER)
        self.until_ready()

    def start_daemon(self, name: str) -> None:
        """One of them (again). The scheduler ends when its server does."""
        self._start(name)
        if name == SERVER:
            self.stop_daemon(SCHEDULER)
            self._start(SCHEDULER)

    def stop_daemon(self, name: str) -> None:
        """At once, as by the kernel."""
        self.processes.kill(name)

    def frozen(self, name: str) -> AbstractContextManager[None]:
        """It is there, and does nothing."""
        return frozen(self.processes.pids[name])

    def until_ready(self) -> None:
        """Until the machine takes jobs."""
        deadline = time.monotonic() + _READY_WITHIN
        while " state = free" not in self.run("pbsnodes", "-a", check=False):
            if time.monotonic() > deadline:
                raise NotStarted(self._run("pbsnodes", "-a").stderr)
            time.sleep(0.1)

    def end_jobs(self) -> None:
        """All jobs, so that no daemon leaves one behind that it was about to start."""
        self.run("qdel", "all", check=False)

    def _start(self, name: str, *more: str) -> None:
        ports = self._ports
        of_node = ("-M", ports.node, "-R", ports.node_questions)
        programs: dict[str, tuple[str, int, tuple[object, ...]]] = {
            SERVER: ("pbs_server", ports.server, ("-D", "-p", ports.server, *of_node, "-S", ports.scheduler)),
            NODE: ("pbs_mom", ports.node, ("-D", "-S", ports.server, *of_node)),
            SCHEDULER: ("pbs_sched", ports.scheduler, ("-S", ports.scheduler)),
        }
        program, port, words = programs[name]
        # Asked to end, a server with running jobs never does: with us it ends at once.
        own = ("setpriv", "--pdeathsig", "KILL", "--", "unshare", "--mount", "--")
        path = self._release / "usr" / "sbin" / program
        at_home: list[str | Path] = [*own, "sh", "-c", _AT_HOME, "sh", self._home, path, *map(str, words), *more]
        # By this variable the scheduler stays a child of ours instead of going its own way.
        variables = {**self.environment, **({"PBSDEBUG": "1"} if name == SCHEDULER else {})}
        self.processes.start(name, at_home, port, variables)

    def _run(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.folder / "bin" / words[0], *words[1:]],
            env={**os.environ, **self.environment},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=400,
            cwd=self.folder,
        )

    @property
    def _home(self) -> Path:
        return self.folder / "home"

    def _prepare(self) -> None:
        # Jobs are those of other users too: so they come through.
        self.folder.chmod(0o755)
        # A server is known by a file in a folder of the system's, which is left alone: the commands and the variables
        # say which it is.
        leave_out = shutil.ignore_patterns("server_name")
        shutil.copytree(self._release / "var" / "spool" / "torque", self._home, ignore=leave_out)
        (self._home / "server_priv" / "nodes").write_text(configuration.nodes())
        (self._home / "services").write_text(configuration.services(self._ports))
        (self._home / "mom_priv" / "config").write_text(configuration.node_config())
        (self.folder / "bin").mkdir()
        for name in install.COMMANDS:
            (self.folder / "bin" / name).symlink_to(self._release / "usr" / "bin" / name)


@contextmanager
def running(within: Path | None = None, release: Path | None = None) -> Iterator[Cluster]:
    """A cluster with nothing in it, gone with all its files at the end. Raises `NotInstalled` and `NotStarted`."""
    release = release or install.release(install.here())
    folder = Path(tempfile.mkdtemp(prefix="torque-", dir=within))
    ports = Ports(*free_ports(4))
    try:
        with Processes(folder, dict(os.environ)) as processes:
            cluster = Cluster(folder, release, ports, processes)
            cluster.start()
            yield cluster
            cluster.end_jobs()
            for name in (SCHEDULER, NODE, SERVER):
                cluster.stop_daemon(name)
    finally:
        _end_processes(f"{host()}:{ports.server}")
        remove(folder)


def describe(cluster: Cluster) -> str:
    """One line of JSON for whoever reads the standard output."""
    return json.dumps({"environment": dict(cluster.environment), "pids": dict(cluster.processes.pids)})


def _end_processes(server: str) -> None:
    """Those of jobs that have outlived the daemons: each knows that it is one, and of which server."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            environment = process.environ()
            if "PBS_JOBID" in environment and environment.get("PBS_SERVER") == server:
                process.kill()
                process.wait(10)
