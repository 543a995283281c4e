"""Where faults are tried: a real server with its database, and a road to it."""

import json
import os
import sqlite3
import ssl
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, closing
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from ganga.backends.dirac import dips, diracx, https
from ganga.backends.dirac.dirac_cfg import values
from ganga.backends.dirac.road import Road
from ganga.backends.dirac.settings import Settings
from tests.live.dirac_server.servers import Site
from tests.live.diracx_server.running import DiracXServer

#: Runs SQL; what it prints has tabs between the columns.
Sql = Callable[[str], str]


@dataclass(frozen=True)
class Row:
    """A job as its server's database has it."""

    status: str
    minor: str = ""
    application: str = "Unknown"
    reschedules: int = 0


@dataclass(frozen=True)
class Ground:
    """One road to one server; jobs are changed in the server's database, since servers that are away do nothing."""

    road: str
    host: str
    port: int
    open_road: Callable[[Settings], AbstractAsyncContextManager[Road]]
    #: The TLS of whoever speaks with the server in a user's name; None if it has none.
    inside: ssl.SSLContext | None
    jobs: Sql
    sandboxes: Sql
    #: What the road is to be given so that it finds the server at this port of this machine.
    settings: Callable[[int | None], Settings]
    #: Credentials by their names: ``user``, ``expired`` and others.
    credentials: Callable[[str], Path]
    #: The setting that names them.
    credentials_setting: str
    #: SQL for the time at which it is carried out, or so many seconds later; told before, it could be long past.
    time: Callable[[float], str]

    def target(
        self,
        name: str,
        credentials: Path,
        port: int | None,
        authorities: Path,
        *,
        patience: float,
        sweeps: bool = True,
    ) -> str:
        """The part of a settings file with a target that reaches its server through this port; None: at its own.

        Without sweeps all news is the feed's. An answer is waited for with `patience`, in seconds.
        """
        settings = self.settings(port)
        own = {"road": self.road, "backend": "dirac", "interval": 2.0, "timeout": patience, "commit_delay": 2.0}
        own |= {"authorities": str(authorities), self.credentials_setting: str(credentials)}
        own |= {"organisation": settings.organisation, "diracx_url": settings.diracx_url}
        own |= {"client_environment": settings.client_environment, "dirac_cfg": settings.dirac_cfg}
        parts = [
            f"[targets.{name}]",
            *(f"{key} = {json.dumps(value)}" for key, value in own.items()),
            f"[targets.{name}.pace]\nfastest = 3.0\nslowest = 6.0" if sweeps else "",
            f"[targets.{name}.services]",
            *(f"{json.dumps(service)} = {json.dumps(url)}" for service, url in settings.services.items()),
        ]
        return "\n".join(parts) + "\n"

    def insert(self, rows: Mapping[int, Row]) -> None:
        """New jobs of the user's, which have begun to run unless they wait."""
        now = self.time(0.0)
        for job, row in rows.items():
            began = "NULL" if row.status in {"Received", "Waiting"} else now
            own = f"{job}, 'faults', 'ANY', 'fault-{job}', 'alice', 'user', 'testvo', {now}, {now}, {began}"
            words = f"{_text(row.status)}, {_text(row.minor)}, {_text(row.application)}, {row.reschedules}"
            more = "'User', 1, 'False', 'False'"
            self.jobs(f"INSERT INTO Jobs ({_COLUMNS}) VALUES ({own}, {words}, {more});")  # noqa: S608 - our own

    def change(self, rows: Mapping[int, Row | None], *, ahead: float = 0.0) -> None:
        """News of these jobs; None removes one. The server's clock may be ahead."""
        self.jobs("".join(self.changing(job, row, ahead=ahead) for job, row in rows.items()))

    def changing(self, job: int, row: Row | None, *, ahead: float = 0.0) -> str:
        """The statement that `change` runs for one job."""
        return _changed(job, row, self.time(ahead))

    def words(self, jobs: Iterable[int]) -> Mapping[int, str]:
        """The statuses of these jobs that there are, as the server's database has them."""
        wanted = ", ".join(map(str, jobs))
        found = self.jobs(f"SELECT JobID, Status FROM Jobs WHERE JobID IN ({wanted});")  # noqa: S608 - our own
        return {int(job): status for job, status in (line.split("\t") for line in found.splitlines())}

    def assign_output(self, jobs: Iterable[int], sandbox: str) -> None:
        """These jobs have all the same output."""
        path = sandbox.partition("|")[2]
        found = "SELECT SBId, 'Job:{}', 'Output' FROM sb_SandBoxes WHERE SEPFN = '{}'"
        place = "INSERT INTO sb_EntityMapping (SBId, EntityId, Type)"
        self.sandboxes("".join(f"{place} {found.format(job, path)};" for job in jobs))


_COLUMNS = (
    "JobID, JobGroup, Site, JobName, Owner, OwnerGroup, VO, SubmissionTime, LastUpdateTime, StartExecTime, "
    "Status, MinorStatus, ApplicationStatus, RescheduleCounter, JobType, UserPriority, VerifiedFlag, AccountedFlag"
)


def diracx_ground(server: DiracXServer, folder: Path) -> Ground:
    """DiracX on SQLite."""
    host, _, port = server.where.url.removeprefix("http://").partition(":")

    def settings(gate: int | None) -> Settings:
        url = server.where.url if gate is None else f"https://localhost:{gate}"
        return Settings(diracx_url=url, diracx_credentials=str(credentials("user")))

    def credentials(name: str) -> Path:
        place = folder / f"{name}.json"
        if not place.exists():
            lives = {"user": (36000.0, 72000.0), "expired": (-60.0, -60.0)}
            access, refresh = lives[name]
            server.login(place, access=access, refresh=refresh)
        return place

    databases = {name: server.data / f"{name}.db" for name in ("jobdb", "sandboxmetadatadb")}
    jobs, sandboxes = (lambda text, file=file: _sqlite(file, text) for file in databases.values())
    opened = diracx.open_road
    tokens = "diracx_credentials"
    return Ground("diracx", host, int(port), opened, None, jobs, sandboxes, settings, credentials, tokens, _sqlite_time)


def service_ground(road: str, site: Site, settings: Settings) -> Ground:
    """DIRAC's own services on MariaDB."""
    inside = ssl.create_default_context(capath=str(site.authorities))
    inside.load_cert_chain(site.proxy("user"))
    port = site.ports.https if road == "https" else site.ports.services["JobMonitoring"]

    if road == "client":
        # DIRAC's client takes the first kind of address; over HTTPS it is tried elsewhere.
        given = {
            name: [url for url in values(urls) if url.startswith("dips")] for name, urls in settings.services.items()
        }
        settings = replace(settings, services={name: ", ".join(urls) for name, urls in given.items()})

    def through(gate: int | None) -> Settings:
        if gate is None:
            return settings
        services = {name: urls.replace(f":{port}/", f":{gate}/") for name, urls in settings.services.items()}
        return replace(settings, services=services)

    return Ground(
        road,
        "localhost",
        port,
        https.open_road if road == "https" else dips.open_road,
        inside,
        lambda text: site.sql("USE JobDB; SET FOREIGN_KEY_CHECKS = 0;" + text),
        lambda text: site.sql("USE SandboxMetadataDB;" + text),
        through,
        site.proxy,
        "proxy",
        lambda ahead: f"(UTC_TIMESTAMP() + INTERVAL {ahead:.0f} SECOND)",
    )


def _sqlite(file: Path, text: str) -> str:
    with closing(sqlite3.connect(file, timeout=60)) as database, database:
        if text.startswith("SELECT"):
            return "".join("\t".join(map(str, row)) + "\n" for row in database.execute(text))
        database.executescript(f"BEGIN IMMEDIATE; {text} COMMIT;")
    return ""


def _sqlite_time(ahead: float) -> str:
    return f"strftime('%Y-%m-%d %H:%M:%S.000000', 'now', '{ahead:+.0f} seconds')"


def _changed(job: int, row: Row | None, now: str) -> str:
    if row is None:
        return f"DELETE FROM Jobs WHERE JobID = {job};"  # noqa: S608 - our own
    words = f"Status = {_text(row.status)}, MinorStatus = {_text(row.minor)}, ApplicationStatus = "
    words += f"{_text(row.application)}, RescheduleCounter = {row.reschedules}"
    if row.status == "Running":
        words += f", StartExecTime = COALESCE(StartExecTime, {now})"
    return f"UPDATE Jobs SET LastUpdateTime = {now}, {words} WHERE JobID = {job};"  # noqa: S608 - our own


def _text(value: str) -> str:
    return f"'{value.replace(chr(39), chr(39) * 2)}'"


def replaced(place: Path, by: Path | None) -> None:
    """Another file in this one's place, at once, for its owner only; None: none."""
    if by is None:
        place.unlink()
        return
    new = place.with_suffix(".new")
    new.touch(mode=0o600)
    new.write_bytes(by.read_bytes())
    os.replace(new, place)  # noqa: PTH105 - as one word with what the name says
