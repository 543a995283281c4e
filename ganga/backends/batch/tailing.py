"""A file that grows, such as a log of a batch system, followed through a shell: whole records only, and each once.

The file is known again by the bytes before the place where reading stopped, since not every way to a machine tells more
of a file than its bytes. So one read tells both what is new and whether it is still the same file.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from ganga.backends.batch.shell import Command, Shell
from ganga.model.ids import Cursor

#: Bytes that are read in one go; no record is longer.
_PIECE: Final = 1 << 20
#: Bytes by which the file is known again.
_KNOWN: Final = 256
_CURSOR: Final = re.compile(r"([0-9]{1,18}):([0-9]{1,3}):([0-9a-f]{16})")


@dataclass(frozen=True, slots=True)
class Growth:
    """What was read."""

    #: Where to go on; text that outlives a restart.
    cursor: Cursor
    #: Without their last line end, oldest first.
    records: tuple[bytes, ...] = ()
    #: Whether there may be records that nobody can read here any more: the file was replaced or cut short, or has no
    #: end of a record for long. Then all has to be asked for.
    gap: bool = False
    #: Whether there is more to be read at once.
    behind: bool = False
    #: Bytes up to the cursor; 0 without records.
    length: int = 0


class GrowingFile:
    """Its records are lines, or with a `closing` line, which ends each of them and is no part of it, several lines."""

    def __init__(self, shell: Shell, path: PurePosixPath, *, closing: bytes | None = None, piece: int = _PIECE) -> None:
        self._shell = shell
        self._path = path
        self._closing = closing
        self._piece = piece

    async def read_on(self, since: Cursor | None) -> Growth:
        """What is new since the cursor (None: since now). A file that is not there is silence: all that it will have
        when it comes is new, or is told to be another file. Raises `BackendUnavailable`.
        """
        mark = None if since is None else _Mark.read(since)
        if mark is None:
            return await self._from_now_on(gap=since is not None)
        data = await self._shell.read(self._path, mark.offset - mark.known, mark.known + self._piece)
        if data is None:
            return Growth(mark.cursor)
        if not mark.fits(data[: mark.known]):
            return Growth(_START.cursor, gap=True, behind=True)
        return await self._grown(mark, data)

    async def empty(self) -> Cursor:
        """Have nothing in it any more, in its place: who appends to it goes on. What it got since it was read may be
        lost. Returns where to go on. Raises `BackendUnavailable`.
        """
        reply = await self._shell.run(Command(("/bin/sh", "-c", ': >"$1"', "empty", str(self._path))))
        if reply.exit_code != 0:
            raise reply.unavailable()
        return _START.cursor

    async def _grown(self, mark: "_Mark", data: bytes) -> Growth:
        new = data[mark.known :]
        full = len(new) >= self._piece
        records = list(self._records(new))
        if records:
            end = mark.known + records[-1].end
            there = _Mark.at(mark.offset + records[-1].end, data[:end])
            texts = tuple(record.text for record in records)
            return Growth(there.cursor, texts, behind=full, length=there.offset)
        return await self._from_now_on(gap=True) if full else Growth(mark.cursor)

    async def _from_now_on(self, *, gap: bool) -> Growth:
        """From the end of the last record. If that is not in sight, a cursor that means nothing: the next question
        looks for it again.
        """
        start = max(0, (await self._shell.size(self._path) or 0) - self._piece)
        data = await self._shell.read(self._path, start, self._piece) or b""
        # The first line may have begun before.
        skipped = data.find(b"\n") + 1 if start else 0
        end = max((skipped + record.end for record in self._records(data[skipped:])), default=0)
        if start and not end:
            return Growth(Cursor(""), gap=gap)
        return Growth(_Mark.at(start + end, data[:end]).cursor, gap=gap)

    def _records(self, data: bytes) -> Iterator["_Record"]:
        start = end = 0
        for line in data.split(b"\n")[:-1]:
            before, end = end, end + len(line) + 1
            if self._closing is None or line == self._closing:
                text = data[start : end if self._closing is None else before]
                yield _Record(text.removesuffix(b"\n"), end)
                start = end


class _Record(NamedTuple):
    text: bytes
    #: The offset behind it.
    end: int


class _Mark(NamedTuple):
    """A place in a file, and the bytes before it."""

    offset: int
    known: int
    digest: str

    @classmethod
    def at(cls, offset: int, before: bytes) -> "_Mark":
        """Of the bytes before it, as many as are at hand."""
        known = before[-_KNOWN:]
        return cls(offset, len(known), _digest(known))

    @classmethod
    def read(cls, cursor: Cursor) -> "_Mark | None":
        """None for text that was not made here."""
        match = _CURSOR.fullmatch(cursor)
        if match is None or int(match[2]) > int(match[1]):
            return None
        return cls(int(match[1]), int(match[2]), match[3])

    @property
    def cursor(self) -> Cursor:
        return Cursor(f"{self.offset}:{self.known}:{self.digest}")

    def fits(self, before: bytes) -> bool:
        return len(before) == self.known and _digest(before) == self.digest


def _digest(data: bytes) -> str:
    return blake2b(data, digest_size=8).hexdigest()


_START: Final = _Mark.at(0, b"")
