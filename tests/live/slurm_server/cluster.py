"""Start a cluster, stop it, and do to its daemons what happens to daemons."""

import json
import os
import secrets
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psutil

from tests.live.condor_server.user import as_user
from tests.live.dirac_server import mariadb
from tests.live.dirac_server.processes import NotStarted, Processes, free_ports, frozen
from tests.live.folders import remove
from tests.live.slurm_server.configuration import (
    CONTROL_GROUPS,
    Ports,
    Wishes,
    cgroup_conf,
    host,
    slurm_conf,
    slurmdbd_conf,
)
from tests.live.slurm_server.install import check

CONTROLLER, NODE, ACCOUNTING, DATABASE, REST = "controller", "node", "accounting", "database", "rest"

_READY_WITHIN = 180.0


class Cluster:
    """A running Slurm."""

    def __init__(
        self, folder: Path, ports: Ports, wishes: Wishes, processes: Processes, *, joins: bool = False
    ) -> None:
        self.folder = folder
        self.wishes = wishes
        self.processes = processes
        self._ports = ports
        #: Whether its accounting is that of another cluster, which is there.
        self._joins = joins
        self._release = wishes.release
        self._programs = folder / "bin"

    @property
    def conf(self) -> Path:
        """What the variable SLURM_CONF is to name."""
        return self.folder / "slurm.conf"

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables by which commands are found, and find the cluster."""
        path = {"PATH": f"{self._programs}:{os.environ['PATH']}"} if self._release.is_elsewhere else {}
        return {"SLURM_CONF": str(self.conf), **path}

    def run(self, *words: str, check: bool = True) -> str:
        """What a command of Slurm prints."""
        done = self._run(*words)
        assert done.returncode == 0 or not check, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def start(self) -> None:
        """All daemons; returns when jobs can run."""
        self.conf.write_text(slurm_conf(self.folder, self._ports, self.wishes))
        (self.folder / "cgroup.conf").write_text(cgroup_conf(self.wishes))
        self._release.link_programs(self._programs)
        if self.wishes.rest:
            self._prepare_rest()
        for name in ("state", "spool"):
            (self.folder / name).mkdir(exist_ok=True)
        if self.wishes.accounting and not self._joins:
            self._start_accounting()
        if self.wishes.accounting:
            self.run("sacctmgr", "-i", "add", "cluster", self.wishes.cluster)
        self.start_daemon(CONTROLLER)
        self.start_daemon(NODE)
        self.until_ready()
        if self.wishes.rest:
            self.start_daemon(REST)

    def start_daemon(self, name: str) -> None:
        """One of them (again)."""
        own = self._programs
        commands: dict[str, tuple[Sequence[str | Path], int]] = {
            CONTROLLER: ([own / "slurmctld", "-D", "-i", "-f", self.conf], self._ports.controller),
            NODE: ([own / "slurmd", "-D", "-f", self.conf, "-d", own / "slurmstepd"], self._ports.node),
            ACCOUNTING: ([own / "slurmdbd", "-D"], self._ports.accounting),
            REST: (self._rest_command(), self._ports.rest),
            DATABASE: (mariadb.command(self.folder / "database", self._ports.database), self._ports.database),
        }
        command, port = commands[name]
        # `slurmrestd` wants a token to start with, and makes no use of it.
        variables = {"SLURM_JWT": "daemon"} if name == REST else {}
        self.processes.start(name, command, port, {"SLURM_CONF": str(self.conf), **variables})

    @property
    def rest_url(self) -> str:
        """Where `slurmrestd` is."""
        return f"http://127.0.0.1:{self._ports.rest}"

    @property
    def rest_socket(self) -> Path:
        """Where it is for this machine."""
        return self.folder / "rest"

    def token(self, lifespan: int = 86400) -> str:
        """A token for it; seconds."""
        return self.run("scontrol", "token", f"lifespan={lifespan}")

    def stop_daemon(self, name: str) -> None:
        """As an administrator does: it may write down what it knows, however long that takes."""
        self.processes.stop(name, within=_READY_WITHIN)

    def kill_daemon(self, name: str) -> None:
        """At once, as by the kernel."""
        self.processes.kill(name)

    def frozen(self, name: str) -> AbstractContextManager[None]:
        """It is there, and does nothing."""
        return frozen(self.processes.pids[name])

    def until_ready(self) -> None:
        """Until the machine takes jobs."""
        deadline = time.monotonic() + _READY_WITHIN
        while self.run("sinfo", "--noheader", "--format=%T", check=False) not in {"idle", "mixed", "allocated"}:
            if time.monotonic() > deadline:
                raise NotStarted(self.run("sinfo", "--list-reasons", check=False))
            time.sleep(0.1)

    def until_registered(self) -> None:
        """Until the accounting knows where the controller is, so that commands find it by the cluster's name."""
        deadline = time.monotonic() + _READY_WITHIN
        question = ("squeue", f"--clusters={self.wishes.cluster}")
        while self._run(*question).returncode != 0:
            if time.monotonic() > deadline:
                raise NotStarted(self._run(*question).stderr)
            time.sleep(0.1)

    def until_saved(self) -> None:
        """Until the controller has written down all jobs that it knows now, which it does soon after something is new:
        a file that has a later job in it has them all.
        """
        name = secrets.token_hex(8)
        words = ("--parsable", "--hold", "--output=/dev/null", f"--job-name={name}", "--wrap=true")
        job = self.run("sbatch", *words)
        deadline = time.monotonic() + _READY_WITHIN
        while not self._has_saved(name):
            assert time.monotonic() < deadline, "the controller does not write down its jobs"
            time.sleep(0.1)
        self.run("scancel", job)

    def _has_saved(self, name: str) -> bool:
        """The file is not there for a moment while another takes its place."""
        try:
            return name.encode() in (self.folder / "state" / "job_state").read_bytes()
        except FileNotFoundError:
            return False

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **self.environment}
        return subprocess.run(words, env=environment, capture_output=True, text=True, check=False, timeout=400)

    def _rest_command(self) -> Sequence[str | Path]:
        """It refuses to run as root, and by itself it wants to leave namespaces, which nobody may."""
        # The plug-in for the accounting ends it where there is none.
        plugin = "openapi/v0.0.38" if self._release.version() < (23, 2) else "openapi/slurmctld"
        security = "SLURMRESTD_SECURITY=disable_unshare_files,disable_unshare_sysv"
        words = ("-a", "rest_auth/jwt", "-s", plugin, f"127.0.0.1:{self._ports.rest}", f"unix:{self.rest_socket}")
        return (*as_user(), "env", security, self._programs / "slurmrestd", *words)

    def _prepare_rest(self) -> None:
        """Its daemon is nobody's, and reads the configuration; the key is the controller's alone."""
        self.folder.chmod(0o755)
        key = self.folder / "jwt.key"
        key.touch(0o600)
        key.write_bytes(secrets.token_bytes(32))

    def _start_accounting(self) -> None:
        database = self.folder / "database"
        mariadb.prepare(database)
        self.start_daemon(DATABASE)
        account = f"'{mariadb.USER}'@'127.0.0.1'"
        mariadb.run(
            database, f"CREATE USER {account} IDENTIFIED BY '{mariadb.PASSWORD}'; GRANT ALL ON *.* TO {account};"
        )
        conf = self.folder / "slurmdbd.conf"
        conf.touch(0o600)
        conf.write_text(slurmdbd_conf(self.folder, self._ports, self.wishes))
        self.start_daemon(ACCOUNTING)

    @contextmanager
    def neighbour(self, name: str) -> Iterator["Cluster"]:
        """Another cluster with the same accounting."""
        folder = self.folder / name
        folder.mkdir()
        ports = replace(Ports(*free_ports(5)), accounting=self._ports.accounting)
        wishes = replace(self.wishes, cluster=name)
        try:
            with Processes(folder, dict(os.environ)) as processes:
                cluster = Cluster(folder, ports, wishes, processes, joins=True)
                cluster.start()
                yield cluster
        finally:
            _end_jobs(folder / "slurm.conf")


@contextmanager
def running(wishes: Wishes, within: Path | None = None) -> Iterator[Cluster]:
    """A cluster with nothing in it, gone with all its files at the end. Raises `NotInstalled` and `NotStarted`."""
    if not wishes.release.is_elsewhere:
        check()
    folder = Path(tempfile.mkdtemp(prefix="slurm-", dir=within))
    try:
        with Processes(folder, dict(os.environ)) as processes:
            cluster = Cluster(folder, Ports(*free_ports(5)), wishes, processes)
            cluster.start()
            yield cluster
    finally:
        _end_jobs(folder / "slurm.conf")
        if wishes.memory_limits:
            _remove_control_groups()
        remove(folder)


def describe(cluster: Cluster) -> str:
    """One line of JSON for whoever reads the standard output."""
    where = {"folder": str(cluster.folder), "slurm_conf": str(cluster.conf), "pids": dict(cluster.processes.pids)}
    return json.dumps({**where, "version": ".".join(map(str, cluster.wishes.release.version()))})


def _remove_control_groups() -> None:
    """Slurm leaves them behind, empty; those that are in use are somebody else's."""
    for top in CONTROL_GROUPS.glob(f"*/slurm_{host()}"):
        for group in [*sorted((path for path in top.rglob("*") if path.is_dir()), reverse=True), top]:
            with suppress(OSError):
                group.rmdir()


def _end_jobs(conf: Path) -> None:
    """Those that have outlived the daemons: each process of a job knows that it is one, and of which cluster."""
    doomed = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            environment = process.environ()
            own = "SLURM_JOB_ID" in environment or process.name().startswith("slurmstepd")
            if own and environment.get("SLURM_CONF") == str(conf):
                process.kill()
                doomed.append(process)
    psutil.wait_procs(doomed, 10)
