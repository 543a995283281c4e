"""A real sshd of the test's own, on a port of the loopback interface."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil

from ganga.backends.batch.ssh.connecting import Host
from tests.live.dirac_server.processes import free_ports
from tests.live.system_packages import NotInstalled

SSHD: Final = "/usr/sbin/sshd"
ALIAS: Final = "login"


def check() -> None:
    """Raise `NotInstalled` if there can be none."""
    if sys.platform != "linux":
        raise NotInstalled("sshd is tried on Linux only")
    if not os.access(SSHD, os.X_OK) or shutil.which("ssh-keygen") is None:
        raise NotInstalled("there is no sshd here: run `apt-get install openssh-server`")


class Sshd:
    """It lets its own user in, with the key in the folder, and has its users' settings there too."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> Host:
        """As the settings of a target name it."""
        return Host(ALIAS, str(self.folder / "config"), 60.0)

    def prepare(self) -> None:
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        self.home.mkdir()
        for name in ("host", "id", "strange"):
            self.make_key(name)
        shutil.copy(self.folder / "id.pub", self.folder / "authorized_keys")
        self.know_host("host")
        self.write_settings()

    @property
    def home(self) -> Path:
        """Of the user, there."""
        return self.folder / "home"

    def make_key(self, name: str) -> None:
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / name], check=True)

    def know_host(self, key: str | None) -> None:
        """By this key, or not at all."""
        text = "" if key is None else " ".join((self.folder / f"{key}.pub").read_text().split()[:2])
        line = f"[127.0.0.1]:{self.port} {text}\n" if text else ""
        (self.folder / "known_hosts").write_text(line)

    def write_settings(self, **changes: str) -> None:
        """Of the user."""
        words = {
            "HostName": "127.0.0.1",
            "Port": str(self.port),
            "IdentityFile": str(self.folder / "id"),
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
            "UserKnownHostsFile": str(self.folder / "known_hosts"),
        } | changes
        text = "".join(f"    {name} {value}\n" for name, value in words.items())
        (self.folder / "config").write_text(f"Host {ALIAS} {ALIAS}-*\n{text}")

    def start(self, *lines: str, environment: Mapping[str, str] | None = None) -> None:
        """With these lines in its configuration, which go before its own; users' shells have this environment."""
        variables = {"HOME": str(self.home), **(environment or {})}
        own = (
            f"ListenAddress 127.0.0.1:{self.port}",
            f"HostKey {self.folder / 'host'}",
            "PidFile none",
            f"AuthorizedKeysFile {self.folder / 'authorized_keys'}",
            "StrictModes no",
            "UsePAM no",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "PermitRootLogin prohibit-password",
            "SetEnv " + " ".join(f"{name}={value}" for name, value in variables.items()),
        )
        sftp = () if any(line.startswith("Subsystem") for line in lines) else ("Subsystem sftp internal-sftp",)
        configuration = self.folder / "sshd_config"
        configuration.write_text("".join(f"{line}\n" for line in (*lines, *own, *sftp)))
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen([SSHD, "-D", "-e", "-f", configuration], stderr=log)
        self._await()

    def stop(self) -> None:
        """With all that it has begun."""
        if self._process is None:
            return
        with _gone_already():
            for process in self.children():
                with _gone_already():
                    process.kill()
        self._process.kill()
        self._process.wait(60)
        self._process = None

    def cut(self) -> None:
        """Kill what serves the connections, and nothing else: commands go on."""
        for process in self.servers():
            with _gone_already():
                process.kill()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """What serves the connections is there, and does nothing."""
        servers = self.servers()
        for process in servers:
            with _gone_already():
                process.suspend()
        try:
            yield
        finally:
            for process in servers:
                with _gone_already():
                    process.resume()

    def children(self) -> list[psutil.Process]:
        assert self._process is not None
        return psutil.Process(self._process.pid).children(recursive=True)

    def servers(self) -> list[psutil.Process]:
        found = []
        for process in self.children():
            with _gone_already():
                if process.name() == "sshd":
                    found.append(process)
        return found

    def connections(self) -> int:
        """How many have been let in so far."""
        return (self.folder / "log").read_text(errors="replace").count("Accepted publickey")

    def await_connection(self, number: int) -> None:
        """Until so many have been let in."""
        deadline = time.monotonic() + 90
        while self.connections() < number:
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def _await(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self._process is not None
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)


@contextmanager
def _gone_already() -> Iterator[None]:
    try:
        yield
    except psutil.NoSuchProcess:
        return


@contextmanager
def sshd(within: Path | None = None) -> Iterator[Sshd]:
    """One that is prepared, and not started."""
    folder = Path(tempfile.mkdtemp(prefix="sshd-", dir=within))
    server = Sshd(folder, *free_ports(1))
    try:
        server.prepare()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
