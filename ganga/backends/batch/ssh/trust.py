"""Whether a machine is the one that it should be: by the files of known hosts, and by nothing else."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import asyncssh

_SYSTEM: Final = "/etc/ssh/ssh_known_hosts"
_USER: Final = "~/.ssh/known_hosts"


class Trust:
    """What is known of one host. Asked while a connection is made, it notes what it was asked."""

    def __init__(self, known: asyncssh.SSHKnownHosts) -> None:
        self._known = known
        #: Whether there is a key for the host, be it another one.
        self.knows_host = False
        #: Of a key that is not trusted.
        self.fingerprint = "without a key"

    def look_up(self, host: str, address: str, port: int | None) -> object:
        """What `asyncssh` wants to know."""
        found = self._known.match(host, address, port)
        self.knows_host = bool(found[0] or found[1])
        return found

    def client(self) -> asyncssh.SSHClient:
        """Takes part in the making of a connection."""
        return _Client(self)


class _Client(asyncssh.SSHClient):
    def __init__(self, trust: Trust) -> None:
        self._trust = trust

    def validate_host_public_key(self, _host: str, _address: str, _port: int, key: asyncssh.SSHKey) -> bool:
        """No key is trusted but those that are known."""
        self._trust.fingerprint = key.get_fingerprint()
        return False


def read(files: Iterable[str] | None) -> Trust:
    """What is in the files that the user's settings name: by default where they always are, and nothing if they are
    None. Blocking, and soon done. Raises `OSError` and `ValueError`.
    """
    names = () if files is None else (*(files or (_USER,)), _SYSTEM)
    paths = [Path(name).expanduser() for name in names]
    return Trust(asyncssh.read_known_hosts([str(path) for path in paths if path.is_file()]))
