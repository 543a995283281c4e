"""The batch system of this machine: a queue, a limit, and a launcher for each job that runs.

One process with one thread, and nothing to lose: killed at any moment, it is followed by another one that finds queue
and running jobs in the files. It ends by itself when it has been of no use for a while. Standard library only.
"""

import os
import selectors
import signal
import socket
import sys
import time
from collections import OrderedDict
from contextlib import suppress
from typing import Final, NamedTuple

from ganga.backends.local import address, launcher, orphan, processes, spool
from ganga.backends.local.client import Client
from ganga.backends.local.limits import Limits
from ganga.backends.local.pool import LOST, Pool

#: Seconds between two looks at what the system does not tell: a vanished socket, the time to end.
_TICK: Final = 5.0

#: Seconds to wait where the system has no room for another job just now.
_NO_ROOM: Final = 1.0

#: Seconds for which it is not told that a job began, since many end as soon.
_SOON: Final = 0.03

#: New launchers between two looks at what else has happened, since a fork takes its time.
_FORKS_AT_ONCE: Final = 4


class _Adopted(NamedTuple):
    """A launcher that an earlier spooler left behind with its job."""

    pid: int
    start: str
    #: Readable once it has ended; None where the system has no such thing.
    handle: int | None

    def wake(self) -> None:
        """Have it look whether somebody asked for the end of its job."""
        processes.send(self.pid, self.start, signal.SIGUSR1)


class Spooler:
    """What is done on each event; `serve` waits for them."""

    def __init__(self, folder: str, limits: Limits) -> None:
        self._places = spool.Places(folder)
        self._limits = limits
        self._selector = selectors.DefaultSelector()
        self._pool = Pool(self._selector, self._places, self._told)
        self._clients: set[Client] = set()
        self._queue: OrderedDict[str, None] = OrderedDict()
        self._adopted: dict[str, _Adopted] = {}
        #: Claimed by somebody who has not said yet who it is.
        self._nameless: set[str] = set()
        self._tick_at = time.monotonic() + _TICK
        #: Jobs that have begun just now, with what is to be said of them, and when at the latest.
        self._begun: dict[str, tuple[str, float]] = {}
        self._paused_until = 0.0
        self._useful_at = time.monotonic()
        self._retired = False

    def take_up(self) -> None:
        """Find in the files what is queued, what runs, and what has ended without anybody seeing it."""
        begun = set(os.listdir(f"{self._places.folder}/begun"))
        waiting = []
        for entry in os.scandir(self._places.jobs):
            if entry.name in begun:
                self._settle(entry.name)
            elif not entry.name.startswith("."):
                with suppress(FileNotFoundError):
                    waiting.append((entry.stat().st_mtime_ns, entry.name))
        self._queue.update((tag, None) for _, tag in sorted(waiting))
        for tag in os.listdir(f"{self._places.folder}/kill"):
            self._kill(tag)

    def serve(self, listener: socket.socket) -> None:
        """Work until there has been nothing to do for a while, or until another spooler is to follow."""
        path = listener.getsockname()
        self._selector.register(listener, selectors.EVENT_READ, lambda: self._accept(listener))
        while not self._retired and os.path.exists(path) and not self._useless():
            forked_enough = self._dispatch()
            self._send_news()
            events = self._selector.select(0 if forked_enough else self._patience())
            for key, _ in events:
                key.data()
            if not forked_enough and (not events or time.monotonic() >= self._tick_at):
                self._tick()
        with suppress(FileNotFoundError):
            os.unlink(path)

    # Jobs

    def _dispatch(self) -> bool:
        """Start what may start; whether there is more to start at once."""
        forks = 0
        while self._queue and len(self._pool) + len(self._adopted) < self._limits.jobs_at_once:
            if forks == _FORKS_AT_ONCE or time.monotonic() < self._paused_until:
                return forks > 0
            forks += not self._pool.idle
            tag, _ = self._queue.popitem(last=False)
            self._assign(launcher.RUN, tag)
        return False

    def _assign(self, verb: str, tag: str) -> None:
        try:
            self._pool.assign(verb, tag, self._limits.grace)
        except OSError as error:
            _log(f"no launcher for {tag}: {error}")
            self._defer(tag)

    def _defer(self, tag: str) -> None:
        self._queue[tag] = None
        self._queue.move_to_end(tag, last=False)
        self._paused_until = time.monotonic() + _NO_ROOM

    def _told(self, word: str, tag: str, said: str) -> None:
        """A launcher has spoken of its job, or is gone."""
        if word == launcher.BEGUN:
            self._begun[tag] = said, time.monotonic() + _SOON
            return
        self._begun.pop(tag, None)
        if word == launcher.ENDED:
            self._changed(tag, said)
        elif word == launcher.DEFERRED:
            self._defer(tag)
        else:
            self._settle(tag, lost=word == LOST)

    def _settle(self, tag: str, *, lost: bool = False) -> None:
        """Go on with a job as the files say; `lost` if whoever claimed it is gone."""
        verdict = orphan.judge(self._places, tag)
        if lost and isinstance(verdict, orphan.Claimed):
            verdict = orphan.conclude(self._places, tag, orphan.NOT_BEGUN)
        match verdict:
            case orphan.Queued():
                self._queue[tag] = None
            case orphan.Claimed():
                self._nameless.add(tag)
            case orphan.Ended():
                self._changed(tag)
            case orphan.Launched(pid, start):
                self._adopt(tag, pid, start)
            case orphan.Orphaned():
                self._changed(tag)
                self._assign(launcher.FOLLOW, tag)
            case orphan.Unclear(reason):
                _log(reason)

    def _adopt(self, tag: str, pid: int, start: str) -> None:
        handle = processes.open_handle(pid, start)
        self._adopted[tag] = _Adopted(pid, start, handle)
        if handle is not None:
            self._selector.register(handle, selectors.EVENT_READ, lambda: self._end_adoption(tag))
        if spool.wants_end(self._places, tag):
            self._adopted[tag].wake()
        self._changed(tag)

    def _end_adoption(self, tag: str) -> None:
        adopted = self._adopted.pop(tag)
        if adopted.handle is not None:
            self._selector.unregister(adopted.handle)
            os.close(adopted.handle)
        self._settle(tag)

    def _kill(self, tag: str) -> None:
        """Carry out a wish that is written."""
        if tag in self._pool:
            self._pool.wake(tag)
        elif tag in self._adopted:
            self._adopted[tag].wake()
        elif tag in self._queue:
            self._kill_queued(tag)
        elif isinstance(orphan.judge(self._places, tag), orphan.Unclear):
            self._kill_unclear(tag)

    def _kill_queued(self, tag: str) -> None:
        """End a job that has not begun; if that cannot be written just now, its launcher will see the wish."""
        try:
            claimed = spool.claim(self._places, tag, processes.own_start_time(), time.time())
        except OSError as error:
            _log(f"{tag} stays queued until it can be ended: {error}")
            return
        del self._queue[tag]
        if claimed is None:
            self._settle(tag)
            return
        claimed.add_end({"status": "killed", "native_status": "killed", "ended_at": time.time()})
        claimed.close()
        self._changed(tag)

    def _kill_unclear(self, tag: str) -> None:
        """A damaged record says nothing of any process, and somebody wants to be done with it."""
        orphan.conclude(self._places, tag, None)
        self._changed(tag)

    def _changed(self, tag: str, said: str = "") -> None:
        for client in self._clients:
            client.add_news(tag, said)

    # Monitors

    def _accept(self, listener: socket.socket) -> None:
        with suppress(BlockingIOError):
            client = Client(listener.accept()[0])
            self._selector.register(client.connection, selectors.EVENT_READ, lambda: self._serve_client(client))
            self._clients.add(client)

    def _serve_client(self, client: Client) -> None:
        lines = client.receive()
        if lines is None:
            self._selector.unregister(client.connection)
            client.connection.close()
            self._clients.remove(client)
            return
        for verb, *words in lines:
            try:
                self._obey(client, verb, words)
            except ValueError as error:
                _log(f"not understood: {verb}: {error}")

    def _obey(self, client: Client, verb: str, words: list[str]) -> None:
        match verb:
            case "hello":
                self._limits = Limits.of(words)
                client.tell("welcome", address.VERSION)
            case "queue":
                for tag in words:
                    if tag not in self._pool and tag not in self._adopted:
                        self._queue[tag] = None
            case "kill":
                for tag in words:
                    self._kill(tag)
            case "retire":
                self._retired = True

    def _send_news(self) -> None:
        """What has ended is told at once; that it began only if it has not ended meanwhile."""
        now = time.monotonic()
        while self._begun:
            tag, (said, at) = next(iter(self._begun.items()))
            if at > now:
                break
            del self._begun[tag]
            self._changed(tag, said)
        for client in self._clients:
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.send() else 0)
            key = self._selector.get_key(client.connection)
            if key.events != events:
                self._selector.modify(client.connection, events, key.data)

    # Time

    def _patience(self) -> float:
        """Seconds to wait for an event."""
        if self._begun:
            return _SOON
        if self._queue and time.monotonic() < self._paused_until:
            return _NO_ROOM
        unwatched = any(adopted.handle is None for adopted in self._adopted.values())
        return processes.LOOK_AGAIN if unwatched else min(_TICK, self._limits.linger)

    def _tick(self) -> None:
        """Nothing has happened for a while, or so much that nobody has looked at what happens without an event."""
        if self._begun and time.monotonic() < self._tick_at:
            return
        self._tick_at = time.monotonic() + _TICK
        self._pool.dismiss_idle()
        nameless, self._nameless = self._nameless, set()
        for tag in nameless:
            self._settle(tag, lost=True)
        for tag, adopted in list(self._adopted.items()):
            if adopted.handle is None and not processes.lives(adopted.pid, adopted.start):
                self._end_adoption(tag)

    def _useless(self) -> bool:
        now = time.monotonic()
        if self._clients or self._queue or len(self._pool) or self._adopted or self._nameless:
            self._useful_at = now
        return now - self._useful_at >= self._limits.linger


def _log(text: str) -> None:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    print(at, text, file=sys.stderr, flush=True)  # noqa: T201 - the log of this process
