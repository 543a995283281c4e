"""Programs that live as long as this one: started, awaited and ended here."""

import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

_POLL = 0.05
_END_WITHIN = 15.0
_PORTS = range(20_000, 32_000)
_given: set[int] = set()


class NotStarted(Exception):
    """A program ended, or opened no port in time; the text ends with its log."""


def free_ports(count: int) -> list[int]:
    """Ports of the loopback interface that nobody listens on, never the same twice. No connection takes one of them
    before a program has started, or while it is away: the kernel gives those of the usual systems higher numbers.
    """
    found: list[int] = []
    with ExitStack() as held:
        while len(found) < count:
            port = secrets.choice(_PORTS)
            if port not in _given and _is_bound(held.enter_context(socket.socket()), port):
                _given.add(port)
                found.append(port)
    return found


@contextmanager
def dead_port() -> Iterator[int]:
    """A port of the loopback interface on which nobody listens, nor can begin to."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])


class Processes:
    """Started in order, ended in the reverse order.

    The kernel ends them too if the thread that started them ends: this process may die without a word.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = environment
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for name in reversed(list(self._running)):
            self.stop(name)

    @property
    def pids(self) -> Mapping[str, int]:
        """Of the programs that run."""
        return {name: process.pid for name, process in self._running.items()}

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        port: int,
        variables: Mapping[str, str] | None = None,
        *,
        within: float = 300.0,
    ) -> None:
        """Start a program, with these variables too, and wait until it listens on its port. Raises `NotStarted`."""
        environment = {**self._environment, **(variables or {})}
        words = ["setpriv", "--pdeathsig", "TERM", "--", *command]
        with self._log(name).open("ab") as log:
            self._running[name] = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, cwd=self._folder
            )
        self._await(name, port, time.monotonic() + within)

    def stop(self, name: str, *, within: float = _END_WITHIN) -> None:
        """End a program, and kill it if that takes too many seconds; one that has ended already, or never started, is
        none of our business.
        """
        process = self._running.pop(name, None)
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            process.wait(within)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def kill(self, name: str) -> None:
        """End a program at once, as by the kernel."""
        os.kill(self.pids[name], signal.SIGKILL)
        self.stop(name)

    def _await(self, name: str, port: int, deadline: float) -> None:
        while not listens(port):
            ended = self._running[name].poll() is not None
            if ended or time.monotonic() > deadline:
                log = self._log(name).read_text(errors="replace")[-1500:]
                raise NotStarted(f"{name} {'ended' if ended else f'does not listen on port {port}'}:\n{log}")
            time.sleep(_POLL)

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """The process is there, and does nothing."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def listens(port: int) -> bool:
    """Whether somebody accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _is_bound(free: socket.socket, port: int) -> bool:
    try:
        free.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True


def plain_environment(**more: str) -> dict[str, str]:
    """The environment of this process without what would lead DIRAC elsewhere, and with this."""
    strange = ("X509_", "DIRAC", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PYTHON")
    return {name: value for name, value in os.environ.items() if not name.startswith(strange)} | more
