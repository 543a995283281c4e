"""How a spooler comes into being: detached from whoever started it, and only where there is none. Standard library
only.
"""

import gc
import os
import signal
import socket
from collections.abc import Sequence
from contextlib import suppress

from ganga.backends.local import address, processes, spool
from ganga.backends.local.limits import Limits
from ganga.backends.local.spooler import Spooler


def main(arguments: Sequence[str]) -> None:
    """Become the spooler of a folder, in a process of its own, if there is none.

    Errors of the beginning go to the standard error, which is closed once it has been told that all is well.
    """
    folder, *limits = arguments
    if os.fork():
        os._exit(0)
    os.setsid()
    os.chdir("/")
    # A launcher that cannot listen yet will look for wishes by itself.
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    with suppress(address.Occupied):
        lock = address.take(folder)
        _become(folder, Limits.of(limits))
        os.close(lock)


def _become(folder: str, limits: Limits) -> None:
    path = address.socket_path(folder)
    with suppress(FileNotFoundError):
        os.unlink(path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(16)
        listener.settimeout(0)
        _detach(f"{folder}/{address.LOG}")
        gc.collect()
        gc.freeze()
        spooler = Spooler(folder, limits)
        spooler.take_up()
        address.announce(folder, address.Address(processes.machine()[0], os.getpid(), path))
        spooler.serve(listener)


def _detach(log: str) -> None:
    """Let go of the streams of whoever started us."""
    nothing = os.open(os.devnull, os.O_RDWR)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, spool.PRIVATE_FILE)
    for stream, target in ((0, nothing), (1, nothing), (2, file)):
        os.dup2(target, stream)
    os.close(nothing)
    os.close(file)
