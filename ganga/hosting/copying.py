"""Copies between a folder that its owner may change at any moment and one that only the service can enter."""

import errno
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Final

from ganga.hosting.held import DEEPEST, Held, LeadsOutError

_BLOCK: Final = 2**20

#: What opening says of what is not there as it was a moment ago, or is not ours to read.
_NOT_READ: Final = (LeadsOutError, FileNotFoundError, PermissionError)


class Copying:
    """How one tree is copied, with permissions and times; links stay links.

    `is_own` says by the status of an open file whether it may be read; `refused` is called with what is not copied, and
    why, and may raise.
    """

    def __init__(self, is_own: Callable[[os.stat_result], bool], refused: Callable[[Path, str], None]) -> None:
        self._is_own = is_own
        self._refused = refused

    def tree(self, source: Held, target: Held, depth: int = 0) -> None:
        """Copy all that is in the folder."""
        for name in source.names():
            self.one(source, name, target, depth)
        status = source.status()
        os.utime(target.descriptor, ns=(status.st_atime_ns, status.st_mtime_ns))

    def one(self, source: Held, name: str, target: Held, depth: int = 0) -> None:
        """Copy what has this name."""
        status = source.look(name)
        if status is not None and stat.S_ISDIR(status.st_mode):
            self._folder(source, name, target, depth)
        elif status is not None and stat.S_ISLNK(status.st_mode):
            self._link(source, name, target)
        elif status is not None and stat.S_ISREG(status.st_mode):
            self._file(source, name, target)
        elif status is not None:
            self._refused(source.path / name, "is neither a file nor a folder")

    def _folder(self, source: Held, name: str, target: Held, depth: int) -> None:
        if depth >= DEEPEST:
            self._refused(source.path / name, f"is more than {DEEPEST} folders deep")
            return
        try:
            folder = source.enter(name)
        except _NOT_READ as error:
            self._refused(source.path / name, _reason(error))
            return
        with folder, target.make(name) as copy:
            self.tree(folder, copy, depth + 1)
            copy.let_in()

    def _link(self, source: Held, name: str, target: Held) -> None:
        try:
            link = os.readlink(name, dir_fd=source.descriptor)
        except OSError:
            self._refused(source.path / name, _EXCHANGED)
            return
        os.symlink(link, name, dir_fd=target.descriptor)

    def _file(self, source: Held, name: str, target: Held) -> None:
        try:
            file = source.file(name)
        except _NOT_READ as error:
            self._refused(source.path / name, _reason(error))
            return
        with file:
            status = os.fstat(file.fileno())
            if not self._is_own(status):
                self._refused(source.path / name, "is a file with a second name elsewhere")
                return
            with target.new_file(name, status.st_mode) as copy:
                _copy_content(file, copy, status.st_size)
                os.utime(copy, ns=(status.st_atime_ns, status.st_mtime_ns))


_EXCHANGED: Final = "leads out of its folder, or was exchanged while it was read"


def _reason(error: Exception) -> str:
    return f"cannot be read: {error.strerror}" if isinstance(error, PermissionError) else _EXCHANGED


class _EndedError(Exception):
    """There is nothing more in the file."""


def _copy_content(source: FileIO, target: int, size: int) -> None:
    """As many bytes; holes stay holes. So what grows meanwhile, or is large by its name alone, costs what is there."""
    end = 0
    with suppress(_EndedError):
        while end < size:
            begin = _data_from(source, end)
            end = min(source.seek(begin, os.SEEK_HOLE), size)
            _copy_range(source, target, begin, end)
    os.ftruncate(target, size)


def _data_from(source: FileIO, position: int) -> int:
    try:
        return source.seek(position, os.SEEK_DATA)
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise _EndedError from error
        raise


def _copy_range(source: FileIO, target: int, begin: int, end: int) -> None:
    position = begin
    while position < end:
        block = os.pread(source.fileno(), min(_BLOCK, end - position), position)
        if not block:
            raise _EndedError
        position += os.pwrite(target, block, position)
