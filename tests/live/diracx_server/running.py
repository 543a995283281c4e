"""A DiracX that tests start, log in to, drive, stop and start again."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from tests.live.dirac_server.processes import frozen
from tests.live.diracx_server.install import LOGIN, interpreter

#: Seconds.
STOPPED_WITHIN = 120.0


class Where(Struct):
    """What the server says of itself when it answers."""

    url: str
    s3: str
    user: str
    subject: str
    other_user: str
    other_subject: str
    vo: str
    pids: Mapping[str, int]
    seconds: float


class DiracXServer:
    """One data folder with a server that runs, or does not."""

    def __init__(self, folder: Path, data: Path, *, mysql: str = "") -> None:
        self.folder = folder
        self.data = data
        #: The server of its databases; without one they are in its folder.
        self._mysql = mysql
        self._process: subprocess.Popen[bytes] | None = None
        self._where: Where | None = None

    @property
    def where(self) -> Where:
        assert self._where is not None
        return self._where

    @property
    def service_key(self) -> str:
        """With it DIRAC's services get tokens for their users."""
        return f"diracx:legacy:{(self.data / 'legacy_key').read_text()}"

    def start(self) -> None:
        """Returns when it answers. The port stays the same, and so do tokens and jobs."""
        command = [sys.executable, "-m", "tests.live.provision", "diracx", "--folder", str(self.folder)]
        self._process = subprocess.Popen(
            [*command, "--data", str(self.data), "--mysql", self._mysql, "--leash"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"DiracX did not start; the logs are in {self.data}"
        self._where = msgspec.json.decode(line, type=Where)

    def stop(self) -> None:
        """Returns when it is gone."""
        if self._process is None:
            return
        # Closes the leash.
        self._process.communicate(timeout=STOPPED_WITHIN)
        self._process = None

    def login(
        self,
        file: Path,
        *,
        group: str = "user",
        access: float = 1200.0,
        refresh: float = 3600.0,
        other_user: bool = False,
    ) -> Path:
        """Write credentials as a login does, with tokens that live for so many seconds."""
        user, subject = self.where.user, self.where.subject
        if other_user:
            user, subject = self.where.other_user, self.where.other_subject
        identity = {"user": user, "subject": subject, "vo": self.where.vo, "group": group}
        words = [f"--{name}={value}" for name, value in identity.items()]
        words += [f"--access={access}", f"--refresh={refresh}", f"--data={self.data}"]
        environment = {"PATH": os.environ["PATH"]}
        done = subprocess.run(
            [interpreter(self.folder), LOGIN, *words], check=True, stdout=subprocess.PIPE, env=environment
        )
        file.touch(mode=0o600)
        file.write_bytes(done.stdout)
        return file

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else reads or writes its database of jobs in the meantime."""
        place = self.data / "jobdb.db"
        with closing(sqlite3.connect(place, isolation_level=None, timeout=STOPPED_WITHIN)) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            yield
            connection.execute("ROLLBACK")

    def frozen(self) -> AbstractContextManager[None]:
        """It is there, and does nothing."""
        return frozen(self.where.pids["diracx"])

    def change(self, statement: str, rows: Iterable[tuple[object, ...]], *, database: str = "jobdb") -> None:
        """Change its database, for what it has no call for."""
        with closing(sqlite3.connect(self.data / f"{database}.db", timeout=STOPPED_WITHIN)) as connection, connection:
            connection.executemany(statement, rows)

    def jobs_of(self, user: str) -> set[int]:
        """The numbers of all jobs of a user, as its database has them."""
        with closing(sqlite3.connect(self.data / "jobdb.db", timeout=STOPPED_WITHIN)) as connection:
            return {number for (number,) in connection.execute("SELECT JobID FROM Jobs WHERE Owner = ?", (user,))}
