"""Read the tickets of this process's user, wherever these are kept. Blocking, for seconds at most."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ganga.backends.batch.kerberos.cache import read_cache
from ganga.backends.batch.kerberos.replies import read_heimdal, read_klist, read_tokens
from ganga.backends.batch.kerberos.tickets import NoTickets, TicketError, Tickets
from ganga.model.clock import Utc
from ganga.model.ids import shortened

#: Bytes; no file of tickets is larger.
_LARGEST: Final = 1 << 22
#: Seconds for a command.
_PATIENCE: Final = 10.0
#: Its words and times are then the same everywhere.
_PLAIN: Final = {"LC_ALL": "C", "TZ": "UTC0"}


def read_tickets(environment: Mapping[str, str], now: Utc) -> Tickets:
    """Those that the variable ``KRB5CCNAME`` names, else those at the usual place. Raises `TicketError`."""
    name = environment.get("KRB5CCNAME", "")
    if name:
        file = cache_file(name)
        return _from_file(file) if file is not None else _from_klist(name, environment, now)
    file = Path(f"/tmp/krb5cc_{os.getuid()}")  # noqa: S108 - where Kerberos itself puts it
    try:
        return _from_file(file)
    except NoTickets:
        # The settings of Kerberos may name another usual place, which `klist` knows.
        if _program("klist", environment) is None:
            raise
        return _from_klist("", environment, now)


def read_token(cell: str, environment: Mapping[str, str], now: Utc) -> Utc | None:
    """When the AFS token for this cell ends. Raises `TicketError`, and `NoTickets` if there is none; None where no
    command tells of tokens.
    """
    program = _program("tokens", environment)
    if program is None:
        return None
    end = read_tokens(_said(_run([program], environment)), cell, now)
    if end is None:
        raise NoTickets(f"there is no AFS token for {cell}")
    return end


def cache_file(name: str) -> Path | None:
    """The file that a name of a cache means; None if it means none."""
    kind, colon, rest = name.partition(":")
    if not colon or name.startswith("/"):
        return Path(name)
    if kind == "DIR":
        return Path(rest[1:]) if rest.startswith(":") else _primary(Path(rest))
    return Path(rest) if kind in {"FILE", "WRFILE"} else None


def _primary(folder: Path) -> Path:
    """That cache of a folder which is in use."""
    try:
        name = (folder / "primary").read_text().strip()
    except (OSError, UnicodeDecodeError):
        name = "tkt"
    return folder / Path(name).name


def _from_file(file: Path) -> Tickets:
    try:
        with file.open("rb") as opened:
            return read_cache(opened.read(_LARGEST))
    except FileNotFoundError as error:
        raise NoTickets(f"there is no {file}") from error
    except OSError as error:
        raise TicketError(f"{file} cannot be read: {error.strerror}") from error
    except TicketError as error:
        raise TicketError(f"{file} cannot be read: {error}") from error


def _from_klist(name: str, environment: Mapping[str, str], now: Utc) -> Tickets:
    program = _program("klist", environment)
    if program is None:
        raise TicketError(f"klist, which reads {shortened(name)}, is not installed")
    done = _run([program], environment)
    if done.returncode:
        raise NoTickets((_said(done) or "klist knows none").partition("\n")[0].removeprefix("klist: "))
    if done.stdout.startswith(b"Credentials cache:"):
        return read_heimdal(_said(_run([program, "--json"], environment)), now)
    return read_klist(_said(done))


def _program(name: str, environment: Mapping[str, str]) -> str | None:
    return shutil.which(name, path=environment.get("PATH"))


def _run(words: list[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603 - a program of the system, with fixed words
            words,
            env={**environment, **_PLAIN},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise TicketError(f"{words[0]} does not answer: {error}") from error


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    return (done.stdout.strip() or done.stderr.strip()).decode("utf-8", "replace")
