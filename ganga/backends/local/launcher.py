"""A launcher runs one job after the other, and nothing but its own job is lost when it is killed.

It is a child of the spooler, told by a socket which job is next, and has only this one socket open. When the spooler
goes away, it brings its job to the end and goes too. SIGUSR1 says that somebody may have asked for the end of the job;
other polite signals are ignored. Standard library only.
"""

import json
import os
import signal
import socket
import time
from contextlib import suppress
from typing import Final

from ganga.backends.local import orphan, processes, spool
from ganga.backends.local.job import CannotStart, prepare, start
from ganga.backends.local.watch import Watch

#: What a launcher says of a job: that it has begun, that it has ended, that it is not free, that it could not be
#: claimed.
BEGUN: Final = "begun"
ENDED: Final = "ended"
TAKEN: Final = "taken"
DEFERRED: Final = "deferred"

#: What it is told: to run a job, or to follow one whose launcher is gone.
RUN: Final = "run"
FOLLOW: Final = "follow"


class Launcher:
    """Talks with the spooler; a `Watch` takes care of each job."""

    def __init__(self, commands: socket.socket, places: spool.Places, adoption: processes.Adoption) -> None:
        self._commands = commands
        self._places = places
        self._start = processes.own_start_time()
        self._wakeup = _listen_to_signals()
        adoption.begin()

    def serve(self) -> None:
        """Do what the spooler says until it has nothing more to say."""
        with self._commands.makefile("r", encoding="utf-8") as lines:
            for line in lines:
                verb, tag, grace = line.split()
                if verb == FOLLOW:
                    orphan.follow(self._places, tag, float(grace), self._wakeup)
                    self._say(ENDED, tag)
                else:
                    self._run(tag, float(grace))

    def _run(self, tag: str, grace: float) -> None:
        at, begin = time.time(), time.monotonic()
        try:
            claimed = spool.claim(self._places, tag, self._start, at)
        except OSError:
            self._say(DEFERRED, tag)
            return
        if claimed is None:
            self._say(TAKEN, tag)
            return
        try:
            told, ended = self._run_claimed(tag, claimed, grace, at)
            # By the clock that never jumps: a job cannot end before it started.
            end: spool.Said = {"started_at": at, "ended_at": at + max(0.0, ended - begin), **told}
            claimed.add_end(end)
        finally:
            claimed.close()
        self._say(ENDED, tag, end)

    def _run_claimed(self, tag: str, claimed: spool.Claimed, grace: float, at: float) -> tuple[spool.Said, float]:
        """How the job ended, and when by the monotonic clock."""
        if spool.wants_end(self._places, tag):
            return {"status": "killed", "native_status": "killed"}, time.monotonic()
        streams = [self._places.output(tag, name) for name in ("stdout", "stderr")]
        try:
            main = start(prepare(claimed.order, self._places.work(tag)), streams)
        except CannotStart as failure:
            end: spool.Said = {"status": "failed", "native_status": "not started", "exit_code": failure.code}
            return {**end, "reason": str(failure)}, time.monotonic()
        # If this cannot be written, only a killed launcher would leave a job that is told as failed and yet goes on.
        with suppress(OSError):
            claimed.add("main", {"pid": main, "start": processes.start_time(main)})
        self._say(BEGUN, tag, {"status": "running", "native_status": "running", "started_at": at})
        watch = Watch(self._places.wish(tag), grace, self._wakeup)
        return watch.wait(main), watch.ended_at

    def _say(self, word: str, tag: str, said: spool.Said | None = None) -> None:
        """Without a spooler there is nobody to tell; the next one reads the files."""
        with suppress(OSError):
            self._commands.sendall(f"{word} {tag} {'' if said is None else json.dumps(said)}\n".encode())


def main(commands: socket.socket, places: spool.Places, adoption: processes.Adoption) -> None:
    """Be a launcher, in a process just forked, with nothing open but the socket and the log."""
    os.setsid()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    Launcher(commands, places, adoption).serve()


def _listen_to_signals() -> int:
    """A file descriptor that is readable once a child has ended or somebody may have asked for the end of the job."""
    readable, writable = os.pipe()
    os.set_blocking(readable, False)
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGUSR1):
        signal.signal(number, lambda *_: None)
    return readable
