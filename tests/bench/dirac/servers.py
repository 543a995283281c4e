"""The real servers, with as many jobs in their database as are wanted."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.dirac.inside.comparing import OWNER
from tests.live.dirac_server import install as dirac_install
from tests.live.dirac_server import mariadb
from tests.live.dirac_server.cfg import VO
from tests.live.dirac_server.servers import Site, running
from tests.live.diracx_server import install as diracx_install
from tests.live.diracx_server.running import DiracXServer
from tests.live.folders import installed_in

GROUP = "user"
DAY = 86_400


@dataclass(frozen=True)
class Servers:
    """Those that run."""

    site: Site
    #: On the same database.
    diracx: DiracXServer
    #: For it, and they last.
    credentials: Path
    jobs: "Jobs"

    @property
    def diracx_python(self) -> Path:
        """Of the environment with DiracX's own client."""
        return diracx_install.interpreter(self.diracx.folder)

    @property
    def monitoring(self) -> tuple[str, str]:
        """Where the service for monitoring is, over DISET and over HTTPS."""
        return self.site.ports.dips("JobMonitoring"), self.site.ports.https_url("JobMonitoring")


def missing(environment: Mapping[str, str]) -> str | None:
    """What to do before `serving` works; None if it does."""
    try:
        dirac_install.interpreter(installed_in(environment, "dirac"))
        diracx_install.interpreter(installed_in(environment, "diracx"))
    except (dirac_install.NotInstalled, diracx_install.NotInstalled) as error:
        return str(error)
    return None


@contextmanager
def serving(folder: Path) -> Iterator[Servers]:
    """All of them, without jobs; what DiracX needs besides the database is in the folder. Raises `NotInstalled`."""
    with running(installed_in(os.environ, "dirac")) as site:
        mysql = f"mysql+aiomysql://{mariadb.USER}:{mariadb.PASSWORD}@127.0.0.1:{site.ports.database}"
        diracx = DiracXServer(installed_in(os.environ, "diracx"), folder / "diracx", mysql=mysql)
        try:
            diracx.start()
            credentials = diracx.login(folder / "credentials.json", access=DAY, refresh=DAY)
            yield Servers(site, diracx, credentials, Jobs(site))
        finally:
            diracx.stop()


class Jobs:
    """The jobs of one owner, numbered from 1, which wait until they are changed."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._changes = 0
        self._started = 0
        self.count = 0

    def fill(self, count: int) -> None:
        """Add jobs until there are so many, all of them unchanged for a day."""
        new = f"seq_{self.count + 1}_to_{count}"
        self._site.sql(
            f"""USE JobDB;
            INSERT INTO JobJDLs (JobID, JDL, JobRequirements, OriginalJDL) SELECT seq, '', '', '' FROM {new};
            INSERT INTO Jobs (JobID, JobType, JobGroup, Site, JobName, Owner, OwnerGroup, VO,
                SubmissionTime, LastUpdateTime, HeartBeatTime, Status, MinorStatus, ApplicationStatus)
            SELECT seq, 'User', CONCAT('campaign-', seq DIV 1000), ELT(1 + seq % 3, 'LCG.A.ch', 'LCG.B.fr', 'LCG.C.uk'),
                CONCAT('fit-', seq), '{OWNER}', '{GROUP}', '{VO}', {_AGO}, {_AGO}, {_AGO},
                'Waiting', 'Pilot Agent Submission', 'Unknown' FROM {new};
            USE JobLoggingDB;
            INSERT INTO LoggingInfo (JobID, SeqNum, Status, MinorStatus, ApplicationStatus, StatusTime,
                StatusTimeOrder, StatusSource)
            SELECT seq, 1, 'Waiting', 'Pilot Agent Submission', 'Unknown', {_AGO}, 0, 'JobManager' FROM {new};"""  # noqa: S608 - our own numbers
        )
        self.count = count

    def waiting(self, count: int) -> Sequence[int]:
        """So many of the second half of the jobs, which still wait; no job twice."""
        start = max(self._started, self.count // 2)
        self._started = start + count
        return range(start + 1, start + count + 1)

    def change(self, numbers: Sequence[int]) -> None:
        """All of these run, and say something new, by the server's clock; committed when this returns."""
        self._changes += 1
        listed = ",".join(map(str, numbers))
        self._site.sql(f"""USE JobDB;
            UPDATE Jobs SET Status = 'Running', MinorStatus = 'Application',
                ApplicationStatus = 'step {self._changes}', LastUpdateTime = UTC_TIMESTAMP(),
                StartExecTime = COALESCE(StartExecTime, UTC_TIMESTAMP()) WHERE JobID IN ({listed});
            INSERT INTO JobLoggingDB.LoggingInfo (JobID, SeqNum, Status, MinorStatus, ApplicationStatus, StatusTime,
                StatusTimeOrder, StatusSource)
            SELECT JobID, {self._changes + 1}, Status, MinorStatus, ApplicationStatus, LastUpdateTime, 0, 'JobWrapper'
            FROM Jobs WHERE JobID IN ({listed});""")  # noqa: S608 - our own numbers


_AGO = f"UTC_TIMESTAMP() - INTERVAL {DAY} SECOND"
