"""The files of the jobs, which are the truth about them: written by submitter, launcher and spooler, read by all of
them.

Making a file costs more than all else that is done for a small job, so that each has few: its *record*, two output
streams, and a folder to run in. A record appears whole, by a rename, with the order in its first line; whoever runs the
job adds one line for each thing that happened. A line counts once it is complete, and nothing follows from half of one.
A second name of the same record is the claim to run the job, which only one process can have.

Loaded by spooler and launchers: standard library only.
"""

import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Final, NamedTuple, TypeGuard

from ganga.backends.local import processes

PRIVATE_FILE: Final = 0o600
PRIVATE_FOLDER: Final = 0o700

#: Seconds between two tries to write what must be written.
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0

#: How a job ended, or that it runs: the fields of an `Observation`.
Said = Mapping[str, str | int | float | None]


class Damaged(Exception):
    """A record cannot be read as what it should be; nothing follows from it."""


class Places(NamedTuple):
    """Where the files of a target are."""

    folder: str

    @property
    def jobs(self) -> str:
        """The records of all jobs."""
        return f"{self.folder}/jobs"

    @property
    def folders(self) -> tuple[str, ...]:
        """All that must be there."""
        return (self.folder, self.jobs, *(f"{self.folder}/{name}" for name in ("begun", "kill", "output", "work")))

    def record(self, tag: str) -> str:
        """What is to run, and what became of it."""
        return f"{self.folder}/jobs/{tag}"

    def claim(self, tag: str) -> str:
        """The other name of the record, once somebody runs the job."""
        return f"{self.folder}/begun/{tag}"

    def wish(self, tag: str) -> str:
        """There if somebody asked for the end of the job."""
        return f"{self.folder}/kill/{tag}"

    def output(self, tag: str, stream: str) -> str:
        """What the job writes."""
        return f"{self.folder}/output/{tag}.{stream}"

    def work(self, tag: str) -> str:
        """Where the job runs, unless it names a folder."""
        return f"{self.folder}/work/{tag}"


class Process(NamedTuple):
    """A process, told apart from all others that had or will have its number."""

    pid: int
    start: str | None


class Launched(NamedTuple):
    """Who runs a job, or ran it."""

    host: str
    boot: str
    process: Process
    #: UTC, in seconds.
    at: float


class Record(NamedTuple):
    """What is known of a job."""

    #: What to run; see `ganga.backends.local.job.Order`.
    order: bytes
    launched: Launched | None = None
    #: The process of the job itself.
    main: Process | None = None
    end: Said | None = None
    #: The length of the complete lines.
    length: int = 0


def read(path: str) -> Record | None:
    """What the record says; None if there is none. Raises `Damaged` and `OSError`."""
    try:
        with open(path, "rb") as file:
            return parse(path, file.read())
    except FileNotFoundError:
        return None


def parse(path: str, content: bytes) -> Record:
    """What the content of a record says. The end counts, whatever stands before it. Raises `Damaged`."""
    length = content.rfind(b"\n") + 1
    order, *lines = content[:length].splitlines() or [b""]
    try:
        said = {} if not lines else json.loads(lines[-1])
        if "end" not in said:
            for line in lines:
                said |= json.loads(line)
        return _record(order, said, length)
    except (ValueError, TypeError, KeyError) as error:
        raise Damaged(f"{path} is damaged: {error}") from error


def line(key: str, value: object) -> bytes:
    """What is added to a record."""
    return json.dumps({key: value}).encode() + b"\n"


def write_bytes(path: str, content: bytes) -> None:
    """Write a private file; all of it, or an `OSError`."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
    try:
        while content:
            content = content[os.write(descriptor, content) :]
    finally:
        os.close(descriptor)


class Claimed:
    """A job that this process alone may run. Open until `close`."""

    def __init__(self, descriptor: int, path: str) -> None:
        self._descriptor = descriptor
        self._path = path
        content = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
        self.order = content[: content.find(b"\n") + 1]
        self._length = content.rfind(b"\n") + 1

    def add(self, key: str, value: object) -> None:
        """Add a line, in place of half a line if there is one. Raises `OSError` without harm to what stands there."""
        content = line(key, value)
        os.ftruncate(self._descriptor, self._length)
        if os.pwrite(self._descriptor, content, self._length) != len(content):
            raise OSError(f"{self._path} cannot be written: the disk is full")
        self._length += len(content)

    def add_end(self, end: Said) -> None:
        """Write how the job ended, as often as it takes: what is known here is known nowhere else.

        Gives up only if the record is gone, since then nobody wants to know.
        """
        pause = _FIRST_PAUSE
        while os.path.exists(self._path):
            with suppress(OSError):
                self.add("end", end)
                return
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def close(self) -> None:
        """Nothing more is to be written."""
        os.close(self._descriptor)


def claim(places: Places, tag: str, start: str, at: float) -> Claimed | None:
    """Take the job for this process, which started then; None if another has it, or if it is gone.

    Raises `OSError`, with the job free for others, if that cannot be written.
    """
    try:
        os.link(places.record(tag), places.claim(tag))
    except (FileExistsError, FileNotFoundError):
        return None
    host, boot = processes.machine()
    try:
        claimed = reopen(places, tag)
        claimed.add("launched", {"host": host, "boot": boot, "pid": os.getpid(), "start": start, "at": at})
    except OSError:
        os.unlink(places.claim(tag))
        raise
    return claimed


def reopen(places: Places, tag: str) -> Claimed:
    """Write about a job that was claimed by somebody who is gone. Raises `OSError`."""
    return Claimed(os.open(places.record(tag), os.O_RDWR), places.record(tag))


def wants_end(places: Places, tag: str) -> bool:
    """Whether somebody asked for the end of the job."""
    return os.path.exists(places.wish(tag))


def _record(order: bytes, said: Mapping[str, Mapping[str, object]], length: int) -> Record:
    end = said.get("end")
    if end is not None and not _is_said(end):
        raise TypeError(f"{end!r} is no end")
    launched = said.get("launched")
    main = said.get("main")
    return Record(
        order,
        None if launched is None else _launched(launched),
        None if main is None else _process(main),
        end,
        length,
    )


def _launched(fields: Mapping[str, object]) -> Launched:
    host, boot, at = fields["host"], fields["boot"], fields["at"]
    if not (isinstance(host, str) and isinstance(boot, str) and isinstance(at, int | float)):
        raise TypeError(f"{fields!r} does not say who runs the job")
    return Launched(host, boot, _process(fields), at)


def _process(fields: Mapping[str, object]) -> Process:
    pid, start = fields["pid"], fields["start"]
    if not (isinstance(pid, int) and isinstance(start, str | None)):
        raise TypeError(f"{fields!r} is no process")
    return Process(pid, start)


def _is_said(value: object) -> TypeGuard[Said]:
    return isinstance(value, dict) and "status" in value
