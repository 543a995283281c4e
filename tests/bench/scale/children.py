"""Programs of `inside`, started here: what they tell, what they take, and their end in all cases."""

import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import NamedTuple

import msgspec
import psutil
from msgspec import Struct

from tests.bench.dirac.programs import ROOT
from tests.bench.scale.errands import Saved

#: Seconds that a program has to end when it is told to.
_ENDS_WITHIN = 60.0


class Usage(NamedTuple):
    """Of one program or of several, so far."""

    #: Seconds of the processors.
    work: float
    #: Bytes that are its own now.
    memory: int
    #: Bytes that it has given to the system to write.
    written: int


class Child:
    """A program that runs."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        #: What it has stored.
        self.saved: deque[Saved] = deque()
        self._process = process
        self._usage = psutil.Process(process.pid)
        self._listener = Thread(target=self._listen, daemon=True)

    def ready(self) -> None:
        """Wait until it says so. Raises `RuntimeError` if it ends instead; its words are where errors go."""
        assert self._process.stdout is not None
        if not self._process.stdout.readline():
            raise RuntimeError(f"{self._process.args!r} has ended with {self._process.wait()}")
        self._listener.start()

    def tell(self, what: Struct) -> None:
        """Send it a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(what) + b"\n")
        self._process.stdin.flush()

    def usage(self) -> Usage:
        """What it has taken."""
        with self._usage.oneshot():
            times, written = self._usage.cpu_times(), self._usage.io_counters().write_chars
            return Usage(times.user + times.system, self._usage.memory_full_info().uss, written)

    def kill(self) -> None:
        """At once, with no chance to do anything."""
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        """Tell it to end, and wait for that; may be repeated."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(_ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            self.kill()
        if self._listener.is_alive():
            self._listener.join()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.saved.append(msgspec.json.decode(line, type=Saved))


@contextmanager
def child(module: str, errand: Struct) -> Iterator[Child]:
    """The program is gone at the end of the block."""
    words = [sys.executable, "-m", f"tests.bench.scale.inside.{module}", msgspec.json.encode(errand).decode()]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:
        started = Child(process)
        try:
            yield started
            started.end()
        finally:
            if process.poll() is None:
                process.kill()


def total(usages: list[Usage]) -> Usage:
    """Of all together."""
    return Usage(*(sum(parts) for parts in zip(*usages, strict=True))) if usages else Usage(0.0, 0, 0)
