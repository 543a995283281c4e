"""Start all of them, and say where they are."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.live.dirac_server import cfg, mariadb, pki
from tests.live.dirac_server.install import interpreter
from tests.live.dirac_server.processes import Processes, free_ports, plain_environment

_INSIDE = Path(__file__).with_name("inside")
_DAY = 86_400


@dataclass(frozen=True)
class Site:
    """A running installation of DIRAC."""

    folder: Path
    ports: cfg.Ports
    processes: Processes
    python: Path

    @property
    def authorities(self) -> Path:
        """The directory of trusted certificate authorities."""
        return self.folder / "pki" / "certificates"

    def proxy(self, name: str) -> Path:
        """``user`` and ``admin`` (Alice's), ``bob``, ``expired``, ``unknown`` (a DN that nobody knows) or ``foreign``
        (signed by others).
        """
        return self.folder / f"proxy-{name}.pem"

    def make_proxy(self, name: str, *, group: str = "user", seconds: int = _DAY) -> Path:
        """A further proxy of Alice."""
        _make_proxies(self.python, self.folder, [_wish(self.folder, name, group=group, seconds=seconds)])
        return self.proxy(name)

    def sql(self, statements: str) -> str:
        """Run SQL as the administrator of the databases."""
        return mariadb.run(self.folder / "database", statements)

    def store_sandboxes_in(self, diracx: cfg.DiracX) -> None:
        """From now on, and fetch what is there: as installations do that run both on the same databases."""
        (self.folder / _CONFIGURATION).write_text(cfg.text(cfg.of_services(self.folder, self.ports, diracx)))
        self.restart("SandboxStore")
        self.restart_https()

    def start_database(self) -> None:
        """Start the databases (again)."""
        command = mariadb.command(self.folder / "database", self.ports.database)
        self.processes.start("database", command, self.ports.database)

    def start(self, service: str, **variables: str) -> None:
        """Start one of the DISET services (again), with these variables in its environment."""
        program = self.python.parent / "dirac-service"
        command: list[str | Path] = [program, f"WorkloadManagement/{service}", *_AS_HOST]
        self.processes.start(service, command, self.ports.services[service], variables)

    def start_https(self, **variables: str) -> None:
        """Start the HTTPS services (again), with these variables in their environment."""
        command: list[str | Path] = [self.python, _INSIDE / "https_services.py", *_AS_HOST]
        self.processes.start("https", command, self.ports.https, variables)

    def restart(self, service: str, **variables: str) -> None:
        """End one of the DISET services and start it again, with these variables in its environment."""
        self.processes.stop(service)
        self.start(service, **variables)

    def restart_https(self, **variables: str) -> None:
        """End the HTTPS services and start them again, with these variables in their environment."""
        self.processes.stop("https")
        self.start_https(**variables)

    def restart_services(self) -> None:
        """End all that work on the databases and start them again, as administrators do when these were away.

        Each thread of theirs keeps a connection, takes it for alive for five seconds after each use, and otherwise
        finds out by a question that fails.
        """
        for service in cfg.SERVICES:
            self.restart(service)
        self.restart_https()


_CONFIGURATION = "etc/dirac.cfg"
_AS_HOST = ("-o", "/DIRAC/Security/UseServerCertificate=yes", "-o", "/DIRAC/Hostname=localhost")


@contextmanager
def running(installed: Path, data: Path | None = None) -> Iterator[Site]:
    """All services, on databases of their own that go with them, in a new folder below `data` or among the temporary
    ones. `installed` is the folder given to `install`; raises `NotInstalled` if there is nothing, and `NotStarted`.
    """
    python = interpreter(installed)
    if data is not None:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Its socket is in there, whose path the kernel allows about a hundred characters.
    folder = Path(tempfile.mkdtemp(prefix="dirac-", dir=data))
    try:
        with _processes(folder) as processes:
            site = Site(folder, _ports(), processes, python)
            _prepare(site)
            _start(site)
            yield site
    finally:
        shutil.rmtree(folder)


def describe(site: Site) -> str:
    """One line of JSON for whoever reads the standard output."""
    services = {service: site.ports.dips(service) for service in cfg.SERVICES}
    https = {service: site.ports.https_url(service) for service in cfg.HTTPS_SERVICES}
    where = {"folder": str(site.folder), "authorities": str(site.authorities), "proxy": str(site.proxy("user"))}
    return json.dumps({**where, "dips": services, "https": https, "pids": dict(site.processes.pids)})


def _processes(folder: Path) -> Processes:
    own = {"DIRAC_ROOT_PATH": str(folder), "TMPDIR": str(folder), "X509_CERT_DIR": str(folder / "pki/certificates")}
    nothing = {"X509_VOMS_DIR": str(folder), "X509_VOMSES": str(folder), "DIRAC_USE_TORNADO_IOLOOP": "True"}
    return Processes(folder, plain_environment(**own, **nothing))


def _ports() -> cfg.Ports:
    database, opensearch, configuration, https, *services = free_ports(4 + len(cfg.SERVICES))
    return cfg.Ports(database, opensearch, configuration, https, dict(zip(cfg.SERVICES, services, strict=True)))


def _prepare(site: Site) -> None:
    folder = site.folder
    authority = pki.Authority(folder / "pki", "/O=Test/CN=Test CA")
    authority.issue("host", pki.HOST, "host")
    authority.issue("alice", pki.ALICE)
    authority.issue("bob", pki.BOB)
    authority.issue("mallory", pki.MALLORY)
    pki.Authority(folder / "foreign", "/O=Elsewhere/CN=Foreign CA").issue("alice", pki.ALICE)
    for name, section in _configurations(site).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(cfg.text(section))
    _make_proxies(site.python, folder, _wishes(folder))


def _configurations(site: Site) -> Mapping[str, cfg.Section]:
    return {
        _CONFIGURATION: cfg.of_services(site.folder, site.ports),
        "etc/local.cfg": cfg.of_configuration_service(site.ports),
        "client/etc/dirac.cfg": cfg.of_clients(site.ports),
        "lonely/etc/dirac.cfg": cfg.of_lonely_clients(site.ports),
    }


def _wish(
    folder: Path, name: str, *, who: str = "alice", authority: str = "pki", group: str = "user", seconds: int = _DAY
) -> dict[str, str | int]:
    source = folder / authority
    pair = {"certificate": str(source / f"{who}cert.pem"), "key": str(source / f"{who}key.pem")}
    return {**pair, "file": str(folder / f"proxy-{name}.pem"), "group": group, "seconds": seconds}


def _wishes(folder: Path) -> list[dict[str, str | int]]:
    return [
        _wish(folder, "user"),
        _wish(folder, "admin", group="admin"),
        _wish(folder, "bob", who="bob"),
        _wish(folder, "expired", seconds=-60),
        _wish(folder, "unknown", who="mallory"),
        _wish(folder, "foreign", authority="foreign"),
    ]


def _make_proxies(python: Path, folder: Path, wishes: list[dict[str, str | int]]) -> None:
    environment = plain_environment(DIRAC_ROOT_PATH=str(folder), X509_CERT_DIR=str(folder / "pki/certificates"))
    command = [python, _INSIDE / "proxies.py"]
    subprocess.run(command, input=json.dumps(wishes), text=True, check=True, env=environment, timeout=60)


def _start(site: Site) -> None:
    database = site.folder / "database"
    mariadb.prepare(database)
    site.start_database()
    mariadb.fill(database, _schemas(site.python), cfg.DATABASES)
    opensearch: list[str | Path] = [
        sys.executable,
        Path(__file__).with_name("opensearch.py"),
        str(site.ports.opensearch),
    ]
    site.processes.start("opensearch", opensearch, site.ports.opensearch)
    master = ["Configuration/Server", "-o", "/DIRAC/Configuration/Master=yes", *_AS_HOST]
    site.processes.start("configuration", [site.python.parent / "dirac-service", *master], site.ports.configuration)
    for service in cfg.SERVICES:
        site.start(service)
    site.start_https()


def _schemas(python: Path) -> Path:
    return next((python.parent.parent / "lib").glob("python3*/site-packages/DIRAC/WorkloadManagementSystem/DB"))
