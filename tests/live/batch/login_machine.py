"""A machine in front of a batch system, which is reached over SSH."""

from collections.abc import Mapping
from pathlib import Path

from tests.backends.batch.ssh.server import ALIAS, Sshd


class LoginMachine:
    """It has an environment of its own, in which the system is found."""

    def __init__(self, server: Sshd, environment: Mapping[str, str], *programs: Path) -> None:
        self._programs = server.folder / "bin"
        path = ":".join(map(str, (self._programs, *programs, "/usr/local/bin", "/usr/bin", "/bin")))
        server.start(environment={**environment, "PATH": path})
        #: Its name, and the file with what SSH is to know of it: settings of a target, also as lines of a file.
        self.host = ALIAS
        self.ssh_config = server.host.config
        self.settings = f'host = "{self.host}"\nssh_config = "{self.ssh_config}"\n'

    def put_first(self, programs: Path) -> None:
        """Programs of a test go before those of the machine."""
        self._programs.unlink(missing_ok=True)
        self._programs.symlink_to(programs)
