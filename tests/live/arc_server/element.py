"""Start an element, stop it, and do to its daemons what happens to daemons."""

import json
import os
import shutil
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from typing import Final

import psutil

from tests.live.arc_server import configuration
from tests.live.arc_server.credentials import Credentials
from tests.live.arc_server.install import check
from tests.live.arc_server.release import OF_THE_SYSTEM, Release
from tests.live.dirac_server.processes import NotStarted, Processes, free_ports, frozen

#: The daemon that has the jobs, and the one that speaks to clients.
JOBS, WEB = "arex", "arex-ws"
DAEMONS: Final = (JOBS, WEB)

_READY_WITHIN: Final = 300.0
#: Of an account that tells of the element; before that is written there is nothing.
_SMALLEST_ACCOUNT: Final = 1000


class Element:
    """A running A-REX."""

    def __init__(self, root: Path, port: int, processes: Processes, release: Release) -> None:
        self.root = root
        self.processes = processes
        self.credentials = Credentials(root / "pki")
        self.proxy = self.credentials.proxy("alice", root / "proxy.pem")
        self._port = port
        self._release = release

    @property
    def url(self) -> str:
        """The address of the web service."""
        return f"https://localhost:{self._port}/arex"

    def start(self) -> None:
        """Both daemons; returns when jobs can run."""
        self._prepare()
        for name in reversed(DAEMONS):
            self.start_daemon(name)
        self.until_ready()

    def start_daemon(self, name: str) -> None:
        """One of them (again)."""
        # The one with the jobs has no port: what it needs is that the other one is there.
        command: list[str | Path] = [*self._release.inside, "/usr/sbin/arched", "-f", "-c", self._xml(name)]
        self.processes.start(name, command, self._port, self._environment)

    def stop_daemon(self, name: str) -> None:
        """At once, as by the kernel."""
        self.processes.kill(name)

    def frozen(self, name: str) -> AbstractContextManager[None]:
        """It is there, and does nothing."""
        return frozen(self.processes.pids[name])

    def until_ready(self) -> None:
        """Until it gives an account of itself."""
        deadline = time.monotonic() + _READY_WITHIN
        while self._size_of_account() < _SMALLEST_ACCOUNT:
            if time.monotonic() > deadline:
                raise NotStarted("".join(path.read_text()[-1500:] for path in (self.root / "log").glob("*.log")))
            time.sleep(0.1)

    def processes_of(self, job: str) -> list[psutil.Process]:
        """Those of a job; it may be said to run before it has any."""
        return [process for process in _job_processes(self.root) if _variable(process, "GRID_GLOBAL_JOBID") == job]

    def note(self, job: str, what: str) -> str:
        """One of its own files about a job; ARC 7 has a folder for each job."""
        notes, (one, two, three, rest) = self.root / "control", (job[:3], job[3:6], job[6:9], job[9:])
        places = (notes / f"job.{job}.{what}", notes / "jobs" / one / two / three / rest / what)
        return next(path for path in places if path.exists()).read_text()

    @property
    def _environment(self) -> Mapping[str, str]:
        certificate, key = self.credentials.host
        return {
            "ARC_LOCATION": "/usr",
            "ARC_CONFIG": str(self.root / "arc.conf"),
            "X509_USER_CERT": str(certificate),
            "X509_USER_KEY": str(key),
            "X509_CERT_DIR": str(self.credentials.authorities),
            "HOSTNAME": "localhost",
            "TMPDIR": str(self.root / "scratch"),
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        }

    def _prepare(self) -> None:
        self.root.chmod(0o755)
        for name in configuration.FOLDERS:
            (self.root / name).mkdir()
        for name in configuration.OPEN_FOLDERS:
            (self.root / name).chmod(0o1777)
        # Else the start script computes one in the background for minutes.
        parameters = ("genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:ffdhe2048", "-out")
        _run({}, "openssl", *parameters, str(self.root / "control" / "dhparam.pem"))
        settings = configuration.element(self.root, self._port, self.credentials, self._release)
        (self.root / "arc.conf").write_text(settings)
        for name in DAEMONS:
            self._settle(name)

    def _settle(self, name: str) -> None:
        """The start script checks all and writes down the settings of its daemon, which only tells its version then."""
        _run(self._environment, *self._release.inside, f"/usr/share/arc/arc-{name}-start", "--version")
        (written,) = (self.root / "scratch").glob("arex.xml.*")
        xml = written.read_text()
        written.unlink()
        self._xml(name).write_text(configuration.hurried(xml) if name == JOBS else xml)

    def _xml(self, name: str) -> Path:
        return self.root / f"{name}.xml"

    def _size_of_account(self) -> int:
        trusted = ssl.create_default_context(capath=self.credentials.authorities)
        trusted.load_cert_chain(self.proxy)
        connection = HTTPSConnection("localhost", self._port, context=trusted, timeout=60)
        try:
            connection.request("GET", "/arex/rest/1.0/info")
            return len(connection.getresponse().read())
        except (OSError, HTTPException):
            return 0
        finally:
            connection.close()


@contextmanager
def running(release: Release = OF_THE_SYSTEM, within: Path | None = None) -> Iterator[Element]:
    """An element with nothing in it, gone with all its files at the end. Raises `NotInstalled` and `NotStarted`."""
    if release == OF_THE_SYSTEM:
        check()
    root = Path(tempfile.mkdtemp(prefix="arc-", dir=within))
    try:
        with Processes(root, dict(os.environ)) as processes:
            element = Element(root, free_ports(1)[0], processes, release)
            element.start()
            yield element
            for name in DAEMONS:
                element.stop_daemon(name)
    finally:
        _end_processes(root)
        shutil.rmtree(root)


def describe(element: Element) -> str:
    """One line of JSON for whoever reads the standard output."""
    where = {"url": element.url, "proxy": str(element.proxy), "authorities": str(element.credentials.authorities)}
    return json.dumps({"settings": where, "pids": dict(element.processes.pids)})


def _job_processes(root: Path) -> list[psutil.Process]:
    """Those that the daemons have started, jobs and others: each knows the configuration of its element."""
    ours = str(root)
    return [process for process in psutil.process_iter() if _variable(process, "ARC_CONFIG").startswith(ours)]


def _end_processes(root: Path) -> None:
    """Whoever is not taken note of by its parent stays in the table of processes, and does nothing any more."""
    left = _job_processes(root)
    for process in left:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(left, timeout=2)


def _variable(process: psutil.Process, name: str) -> str:
    with suppress(psutil.Error):
        return process.environ().get(name, "")
    return ""


def _run(environment: Mapping[str, str], *words: str) -> None:
    done = subprocess.run(
        words, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=120
    )
    if done.returncode != 0:
        raise NotStarted(f"{words[0]}: {done.stdout[-1500:]}{done.stderr[-1500:]}")
