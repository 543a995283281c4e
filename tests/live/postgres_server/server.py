"""Make a server's folder, start and stop the server, kill it, and have another follow it."""

import json
import os
import pwd
import secrets
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, LiteralString
from urllib.parse import quote, urlencode

import psycopg
from psycopg.sql import SQL, Identifier

from tests.live.dirac_server.processes import NotStarted, free_ports
from tests.live.folders import remove
from tests.live.postgres_server.configuration import ACCESS, settings
from tests.live.postgres_server.install import check, programs

SUPERUSER: Final = "postgres"
#: How the server is to stop, as ``pg_ctl`` calls it: when all have gone; now; now, and it recovers when it starts.
MODES: Final = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
_WITHIN = 120.0
_POLL = 0.02


class PostgresServer:
    """A server in a folder of its own. It ends with the thread that starts it, at the latest."""

    def __init__(self, folder: Path, port: int, *, durable: bool = True) -> None:
        #: With the socket, the log and the data.
        self.folder = folder
        self.port = port
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None

    def __repr__(self) -> str:
        return f"<PostgresServer {self.folder}: port {self.port}, process {self.pid}>"

    @property
    def pid(self) -> int | None:
        """The postmaster's; None unless it runs."""
        return None if self._process is None else self._process.pid

    @property
    def log(self) -> Path:
        """What it has to say."""
        return self.folder / "log"

    def url(self, database: str = SUPERUSER, user: str = SUPERUSER) -> str:
        """By the socket, where everybody is trusted."""
        where = urlencode({"host": str(self.folder), "port": self.port})
        return f"postgresql://{quote(user)}@/{quote(database)}?{where}"

    def tcp_url(self, database: str, user: str, *, port: int | None = None) -> str:
        """By TCP, where a password is asked for; another `port` is that of a proxy."""
        return f"postgresql://{quote(user)}@127.0.0.1:{port or self.port}/{quote(database)}"

    def make(self) -> None:
        """Make the data, with nothing in them."""
        self._own()
        self._run("initdb", "-D", self._data, "-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
        self._configure()

    def start(self) -> None:
        """Returns when it answers. Raises `NotStarted`."""
        deadline = time.monotonic() + _WITHIN
        self._launch()
        while not self._answers():
            assert self._process is not None
            if time.monotonic() > deadline:
                raise NotStarted(f"PostgreSQL does not answer:\n{self.log.read_text()[-1500:]}")
            if self._process.poll() is not None:
                # What is left of one that was killed may still have to notice that.
                time.sleep(_POLL)
                self._launch()
            time.sleep(_POLL)

    def stop(self, mode: str = "fast") -> None:
        """Returns when it has ended."""
        self._signal(MODES[mode])

    def kill(self) -> None:
        """Kill the postmaster; its children end by themselves, as after a crash."""
        self._signal(signal.SIGKILL)

    def restart(self, mode: str = "fast") -> None:
        """Stop it and start it again, on the same port."""
        self.stop(mode)
        self.start()

    def run(self, statement: str, *values: object, database: str = SUPERUSER) -> list[tuple[object, ...]]:
        """What the superuser gets for a statement."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            # The statements are those of tests.
            done = connection.execute(statement.encode(), values or None)
            return done.fetchall() if done.description else []

    def new_database(self) -> str:
        """The name of a fresh, empty database."""
        name = f"test_{secrets.token_hex(6)}"
        self._administer("CREATE DATABASE {}", name)
        return name

    def drop_database(self, name: str) -> None:
        """Whoever uses it is thrown out."""
        self._administer("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def new_role(self, name: str, password: str) -> None:
        """A role that may log in and has no rights."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(Identifier(name), password))

    def drop_role(self, name: str) -> None:
        """The databases in which it has rights are gone, or it has none there."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(SQL("DROP ROLE IF EXISTS {}").format(Identifier(name)))

    def replica(self, folder: Path, *, synchronous: bool = True) -> "PostgresServer":
        """A standby that follows this one, started; with `synchronous`, nothing is committed here before it is
        there.
        """
        standby = PostgresServer(folder, free_ports(1)[0], durable=self._durable)
        standby._own()
        copying = ("-R", "-N", "--wal-method=stream", "--checkpoint=fast")
        self._run("pg_basebackup", "-d", self._plain_url("standby"), "-D", standby._data, *copying)
        standby._configure()
        standby.start()
        if synchronous:
            self.run("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
            self.run("SELECT pg_reload_conf()")
        return standby

    def promote(self) -> None:
        """Have a standby become a server that is written to; returns when it is."""
        self.run("SELECT pg_promote(true, 60)")

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _own(self) -> None:
        self.folder.chmod(0o700)
        if os.geteuid() == 0:
            account = pwd.getpwnam(SUPERUSER)
            os.chown(self.folder, account.pw_uid, account.pw_gid)

    def _configure(self) -> None:
        own = settings(self.folder, self.port, durable=self._durable)
        with (self._data / "postgresql.auto.conf").open("a") as file:
            file.write(own)
        (self._data / "pg_hba.conf").write_text(ACCESS)

    def _launch(self) -> None:
        with self.log.open("ab") as log:
            words: Sequence[str | Path] = [*_unprivileged(), programs() / "postgres", "-D", self._data]
            self._process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder)

    def _answers(self) -> bool:
        try:
            self.run("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _signal(self, number: int) -> None:
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                process.send_signal(number)
            process.wait(_WITHIN)

    def _run(self, program: str, *words: str | Path) -> None:
        command: Sequence[str | Path] = [*_unprivileged(), programs() / program, *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_WITHIN, cwd=self.folder)
        assert done.returncode == 0, f"{program}: {done.stdout}{done.stderr}"

    def _plain_url(self, application: str) -> str:
        return f"{self.url()}&{urlencode({'application_name': application})}"

    def _administer(self, statement: LiteralString, name: str) -> None:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(SQL(statement).format(Identifier(name)))


@contextmanager
def running(*, durable: bool = True) -> Iterator[PostgresServer]:
    """Gone with all its files at the end. Raises `NotInstalled` and `NotStarted`."""
    check()
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    server = PostgresServer(folder, free_ports(1)[0], durable=durable)
    try:
        server.make()
        server.start()
        yield server
    finally:
        server.stop("immediate")
        remove(folder)


def describe(server: PostgresServer) -> str:
    """One line of JSON for whoever reads the standard output."""
    return json.dumps({"folder": str(server.folder), "port": server.port, "url": server.url(), "pid": server.pid})


def _unprivileged() -> list[str]:
    """PostgreSQL refuses root."""
    to = [f"--reuid={SUPERUSER}", f"--regid={SUPERUSER}", "--init-groups"] if os.geteuid() == 0 else []
    return ["setpriv", *to, "--pdeathsig", "INT", "--"]
