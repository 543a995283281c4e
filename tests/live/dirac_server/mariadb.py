"""A private MariaDB on the loopback interface, in a folder that may be thrown away."""

import getpass
import subprocess
from pathlib import Path

USER = PASSWORD = "Dirac"  # noqa: S105 - a server of one test run, reached from this machine only


def prepare(folder: Path) -> None:
    """Make the data directory."""
    _temporary(folder).mkdir(parents=True)
    options = ["--no-defaults", f"--user={getpass.getuser()}", f"--datadir={folder / 'data'}", "--skip-test-db"]
    command = ["mariadb-install-db", *options, f"--tmpdir={_temporary(folder)}"]
    command.append("--auth-root-authentication-method=normal")
    subprocess.run(command, check=True, capture_output=True, timeout=120)


def command(folder: Path, port: int) -> list[str]:
    """The words that start the server."""
    return [
        "/usr/sbin/mariadbd",
        "--no-defaults",
        f"--user={getpass.getuser()}",
        f"--datadir={folder / 'data'}",
        f"--tmpdir={_temporary(folder)}",
        f"--socket={socket(folder)}",
        f"--pid-file={folder / 'pid'}",
        "--bind-address=127.0.0.1",
        f"--port={port}",
        "--innodb-flush-log-at-trx-commit=0",
        "--innodb-buffer-pool-size=256M",
        "--skip-log-bin",
        "--character-set-server=utf8mb4",
        "--max-connections=200",
        # Writers of histories lock one another's gaps otherwise, and neither DIRAC nor DiracX tries again after a
        # deadlock: a job whose first record is lost can never be reported on.
        "--transaction-isolation=READ-COMMITTED",
    ]


def socket(folder: Path) -> Path:
    """Where its administrator reaches the server."""
    return folder / "socket"


def run(folder: Path, statements: str) -> str:
    """Run SQL as the administrator; what it prints, tabs between the columns."""
    words = ["mariadb", "--no-defaults", "-uroot", "-S", str(socket(folder)), "-N", "--batch"]
    done = subprocess.run(words, input=statements, check=True, capture_output=True, text=True, timeout=120)
    return done.stdout


def fill(folder: Path, schemas: Path, names: tuple[str, ...]) -> None:
    """Make the services' account and their databases, from DIRAC's own schema files."""
    account = f"'{USER}'@'127.0.0.1'"
    # No right that stands above all databases: with one, an account may write where all is read-only.
    run(folder, f"CREATE USER {account} IDENTIFIED BY '{PASSWORD}'; GRANT ALL ON `%`.* TO {account};")
    for name in names:
        schema = (schemas / f"{name}.sql").read_text()
        run(folder, f"DROP DATABASE IF EXISTS {name}; CREATE DATABASE {name}; USE {name};\n{schema}")


def _temporary(folder: Path) -> Path:
    """Of its own: a server that starts clears away the temporary tables of all others there."""
    return folder / "temporary"
