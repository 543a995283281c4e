"""The launchers of a spooler: forked when they are needed, used for job after job, let go when they are not.

Standard library only.
"""

import os
import selectors
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from ganga.backends.local import launcher, processes
from ganga.backends.local.spool import Places

#: Said instead of a launcher that is gone.
LOST: Final = "lost"

_SOCKET: Final = 3


class _Worker:
    """A launcher, as the spooler sees it."""

    def __init__(self, pid: int, connection: socket.socket) -> None:
        self.pid = pid
        self.connection = connection
        self.tag: str | None = None
        self.received = b""


class Pool:
    """Calls `told` with each word of a launcher (see `launcher`), the job's tag and what is said of the job; with
    `LOST` if one is gone.
    """

    def __init__(self, selector: selectors.BaseSelector, places: Places, told: Callable[[str, str, str], None]) -> None:
        self._selector = selector
        self._places = places
        self._told = told
        self._adoption = processes.Adoption()
        self._idle: list[_Worker] = []
        self._busy: dict[str, _Worker] = {}

    def __len__(self) -> int:
        return len(self._busy)

    def __contains__(self, tag: str) -> bool:
        return tag in self._busy

    @property
    def idle(self) -> int:
        """How many launchers are ready at once."""
        return len(self._idle)

    def assign(self, verb: str, tag: str, grace: float) -> None:
        """Give a job to a launcher. Raises `OSError` if there is none and none can be had."""
        worker = self._idle.pop() if self._idle else self._fork()
        worker.tag = tag
        self._busy[tag] = worker
        # A launcher that is gone is noticed by the end of its socket.
        with suppress(OSError):
            worker.connection.sendall(f"{verb} {tag} {grace}\n".encode())

    def wake(self, tag: str) -> None:
        """Have the launcher of a job look whether somebody asked for its end."""
        os.kill(self._busy[tag].pid, signal.SIGUSR1)

    def dismiss_idle(self) -> None:
        """Let go of all launchers without a job."""
        for worker in self._idle:
            self._selector.unregister(worker.connection)
            worker.connection.close()
        while self._idle:
            os.waitpid(self._idle.pop().pid, 0)

    def _fork(self) -> _Worker:
        ours, theirs = socket.socketpair()
        try:
            pid = os.fork()
        except OSError:
            ours.close()
            theirs.close()
            raise
        if pid == 0:
            self._be_launcher(theirs)
        theirs.close()
        worker = _Worker(pid, ours)
        self._selector.register(ours, selectors.EVENT_READ, lambda: self._listen(worker))
        return worker

    def _be_launcher(self, theirs: socket.socket) -> None:
        """Keep nothing of the spooler's: neither its lock, nor its socket, nor the other launchers'."""
        try:
            os.dup2(theirs.fileno(), _SOCKET, inheritable=False)
            os.closerange(_SOCKET + 1, os.sysconf("SC_OPEN_MAX"))
            launcher.main(socket.socket(fileno=_SOCKET), self._places, self._adoption)
        except BaseException:  # noqa: BLE001 - this process is to end here, whatever happens
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(0)

    def _listen(self, worker: _Worker) -> None:
        try:
            received = worker.connection.recv(4096)
        except OSError:
            received = b""
        if not received:
            self._lose(worker)
            return
        *lines, worker.received = (worker.received + received).split(b"\n")
        for line in lines:
            word, tag, said = line.decode().split(" ", 2)
            if word != launcher.BEGUN:
                del self._busy[tag]
                worker.tag = None
                self._idle.append(worker)
            self._told(word, tag, said)

    def _lose(self, worker: _Worker) -> None:
        if worker in self._idle:
            self._idle.remove(worker)
        self._selector.unregister(worker.connection)
        worker.connection.close()
        os.waitpid(worker.pid, 0)
        if worker.tag is not None:
            del self._busy[worker.tag]
            self._told(LOST, worker.tag, "")
