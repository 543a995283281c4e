"""An archive: a compressed file of JSON lines with whole jobs and events that left a store.

The first line says what it is of, each of the others holds a job, a subjob or an event, and the last one their numbers
and a digest of all lines before it. The file is private to the user, and is either whole or not there.
"""

import fcntl
import gzip
import os
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import msgspec

from ganga.errors import StoreDamaged, UsageError
from ganga.model.clock import Utc
from ganga.model.event import Event
from ganga.model.ids import Seq
from ganga.store.portion import StoredJob

FORMAT = "ganga archive 1"


class Heading(msgspec.Struct, frozen=True, kw_only=True):
    """What an archive is of."""

    format: str = FORMAT
    #: The id of the store.
    store: str
    #: The jobs ended before, and the events are older.
    before: Utc
    #: The newest event when the jobs were read: whatever was said of one since is not here.
    as_of: Seq
    #: The events behind this one ...
    after: Seq
    #: ... up to this one are all here.
    up_to: Seq


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How much an archive holds."""

    #: Whole jobs.
    jobs: int = 0
    subjobs: int = 0
    events: int = 0
    #: SHA-256 of all lines before, in hexadecimal digits.
    digest: str = ""


class Line(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A line: one of these."""

    heading: Heading | None = None
    job: StoredJob | None = None
    event: Event | None = None
    ending: Ending | None = None


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Line).decode


class Writer:
    """Writes the lines of an archive; made by `writing`."""

    def __init__(self, file: gzip.GzipFile) -> None:
        self._file = file
        self._digest = sha256()
        self._ending = Ending()

    def add(
        self, *, heading: Heading | None = None, jobs: Iterable[StoredJob] = (), events: Iterable[Event] = ()
    ) -> None:
        """Write the heading, which comes first, or more jobs and events."""
        if heading is not None:
            self._write(Line(heading=heading))
        for job in jobs:
            self._write(Line(job=job))
        for event in events:
            self._write(Line(event=event))

    def end(self) -> None:
        """Write the last line."""
        self._file.write(_last_line(self._ending, self._digest.hexdigest()))

    def _write(self, line: Line) -> None:
        encoded = _encode(line) + b"\n"
        self._file.write(encoded)
        self._digest.update(encoded)
        self._ending = _counted(self._ending, line)


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """A new archive, which is there when the block ends, and whole. If the block raises, it is not there.

    Raises `UsageError` if there is such a file, or another process is writing it.
    """
    if path.exists():
        raise UsageError(f"there is {path} already; name another file")
    partial = path.with_name(f".{path.name}.partial")
    with _locked(partial, path) as raw:
        try:
            with gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as compressed:
                writer = Writer(compressed)
                yield writer
                writer.end()
            _sync(raw)
            _publish(partial, path)
        finally:
            partial.unlink(missing_ok=True)


def check(path: Path) -> tuple[Heading, Ending]:
    """Read all of an archive. Raises `StoreDamaged` unless it is whole and as it was written."""
    digest, found = sha256(), Ending()
    heading: Heading | None = None
    with _translating(path), gzip.open(path, "rb") as file:
        for encoded in file:
            line = _decode(encoded)
            if line.ending is not None:
                if heading is None or encoded != _last_line(found, digest.hexdigest()) or file.read(1):
                    break
                return heading, line.ending
            heading = heading or line.heading
            if heading is None or heading.format != FORMAT:
                break
            digest.update(encoded)
            found = _counted(found, line)
    raise StoreDamaged(f"{path} is not an archive of this ganga, or it was cut or changed; take it from a copy")


def lines(path: Path) -> Iterator[Line]:
    """The jobs and events of an archive that was checked, in the order in which they can be loaded."""
    with _translating(path), gzip.open(path, "rb") as file:
        for line in map(_decode, file):
            if line.job is not None or line.event is not None:
                yield line


def _counted(ending: Ending, line: Line) -> Ending:
    if line.event is not None:
        return msgspec.structs.replace(ending, events=ending.events + 1)
    if line.job is None:
        return ending
    if line.job.spec is None:
        return msgspec.structs.replace(ending, subjobs=ending.subjobs + 1)
    return msgspec.structs.replace(ending, jobs=ending.jobs + 1)


def _last_line(ending: Ending, digest: str) -> bytes:
    return _encode(Line(ending=msgspec.structs.replace(ending, digest=digest))) + b"\n"


@contextmanager
def _locked(partial: Path, path: Path) -> Iterator[BinaryIO]:
    """The file that is to become the archive, empty, and ours alone."""
    while True:
        descriptor = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            _lock(descriptor, path)
            status = os.fstat(descriptor)
            if status.st_nlink == 1 and status.st_uid == os.geteuid():
                os.fchmod(descriptor, 0o600)
                file.truncate()
                yield file
                return
            # Whoever had it before has given it its name, and was killed before it took away this one; or it is
            # another user's, who could read what is written there.
            partial.unlink(missing_ok=True)


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise UsageError(f"another process is writing {path}; wait for it, or name another file") from error


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _publish(partial: Path, path: Path) -> None:
    """Give the file its name, unless there is one with that name; and have both survive a loss of power."""
    try:
        os.link(partial, path)
    except FileExistsError as error:
        raise UsageError(f"{path} has come to be meanwhile; name another file") from error
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _translating(path: Path) -> Iterator[None]:
    try:
        yield
    except (EOFError, gzip.BadGzipFile, zlib.error, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StoreDamaged(f"{path} is not an archive of ganga, or it was cut or changed: {error}") from error
