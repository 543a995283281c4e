"""Where the spooler of a folder is met: a lock that says who it is, and a socket. Standard library only."""

import fcntl
import hashlib
import json
import os
import stat
from contextlib import suppress
from typing import Final, NamedTuple

from ganga.backends.local import spool

#: Of the conversation between monitor and spooler; a spooler of another version is replaced.
VERSION: Final = "1"

LOCK: Final = "spooler.lock"
LOG: Final = "spooler.log"
_TEMPORARY: Final = "/tmp"  # noqa: S108 - what is made there is checked to be the user's alone
ADDRESS: Final = "spooler.json"


class Occupied(Exception):
    """Another process is the spooler of this folder."""


class Address(NamedTuple):
    """Who the spooler of a folder is, as it says itself."""

    host: str
    pid: int
    socket: str


def take(folder: str) -> int:
    """Become the only spooler of the folder, as long as the descriptor is open. Raises `Occupied` or `OSError`.

    A lock of this kind is not passed on by a fork, so that launchers do not hold it.
    """
    descriptor = os.open(f"{folder}/{LOCK}", os.O_RDWR | os.O_CREAT, spool.PRIVATE_FILE)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise Occupied(f"{folder} has a spooler") from error
    return descriptor


def announce(folder: str, address: Address) -> None:
    """Say where the spooler is met, once it can be."""
    prepared = f"{folder}/.{ADDRESS}"
    spool.write_bytes(prepared, json.dumps(address._asdict()).encode())
    os.rename(prepared, f"{folder}/{ADDRESS}")


def look_up(folder: str) -> Address | None:
    """Where the last spooler of the folder said that it is met; None if there was none or its word is damaged."""
    try:
        with open(f"{folder}/{ADDRESS}", "rb") as file:
            return Address(**json.load(file))
    except (OSError, ValueError, TypeError):
        return None


def socket_path(folder: str) -> str:
    """A path for the socket, short enough for any folder, in a place that is the user's alone. Raises `OSError`."""
    place = os.environ.get("XDG_RUNTIME_DIR") or os.environ.get("TMPDIR") or _TEMPORARY
    return f"{_private(place)}/{hashlib.sha256(os.path.realpath(folder).encode()).hexdigest()[:16]}"


def _private(place: str) -> str:
    path = f"{place}/ganga-{os.getuid()}"
    with suppress(FileExistsError):
        os.mkdir(path, spool.PRIVATE_FOLDER)
    status = os.lstat(path)
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise PermissionError(f"{path} is not a folder of this user alone; remove it, or set XDG_RUNTIME_DIR")
    return path
