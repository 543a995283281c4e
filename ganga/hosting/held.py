"""A folder that is held by its descriptor: what is done in it is done there, whatever its path has come to mean.

Names are single components, and no link is followed from one folder to the next: who exchanges a folder for a link at
any moment, also between two calls, gets an error or keeps what was done in the folder that was held.
"""

import errno
import os
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from ganga.errors import StoreUnavailable
from ganga.workspace.folders import TAKEN
from ganga.workspace.home import open_for

#: Folders within folders that are gone into. Each costs a descriptor or two.
DEEPEST: Final = 64

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
#: Of the folders above a home we may have no more than the right to go through them.
_WAY: Final = (os.O_PATH if sys.platform == "linux" else os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_PRIVATE: Final = 0o700


class LeadsOutError(StoreUnavailable):
    """There is a link, or what is no folder, where there has to be a folder or a file of its own."""


class Held:
    """Used as a context manager. All methods block, and raise `OSError` and `LeadsOutError`."""

    def __init__(self, descriptor: int, path: Path, group: int | None = None) -> None:
        self.descriptor = descriptor
        #: Where it was when it was opened, for people.
        self.path = path
        #: Those who are let in to what is made here, beside its owner.
        self.group = group

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hold it no longer."""
        os.close(self.descriptor)

    def status(self) -> os.stat_result:
        """Of the folder itself."""
        return os.fstat(self.descriptor)

    def look(self, name: str) -> os.stat_result | None:
        """Of what has this name now, which is not followed if it is a link; None if nothing has."""
        try:
            return os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def names(self) -> list[str]:
        """Of all that is in it, sorted."""
        with os.scandir(self.descriptor) as entries:
            return sorted(entry.name for entry in entries)

    def enter(self, name: str) -> "Held":
        """The folder with this name. Raises `FileNotFoundError` if nothing has it."""
        try:
            descriptor = os.open(name, _FOLDER, dir_fd=self.descriptor)
        except OSError as error:
            raise self._trouble(name, error) from error
        return Held(descriptor, self.path / name, self.group)

    def make(self, name: str) -> "Held":
        """A new folder, which nobody else can enter yet. Raises `FileExistsError`."""
        os.mkdir(name, _PRIVATE, dir_fd=self.descriptor)
        made = self.enter(name)
        status = made.status()
        if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & (stat.S_IRWXG | stat.S_IRWXO):
            made.close()
            raise LeadsOutError(f"{made.path} was exchanged by somebody else while it was made")
        return made

    def have(self, name: str) -> "Held":
        """The folder with this name, which is made if it is missing."""
        with suppress(FileNotFoundError):
            return self.enter(name)
        with suppress(FileExistsError):
            made = self.make(name)
            try:
                made.let_in()
            except BaseException:
                made.close()
                raise
            return made
        return self.enter(name)

    def let_in(self) -> None:
        """Let the group use the folder, if there is one."""
        if self.group is not None:
            open_for(self.group, self.descriptor, self.path)

    def file(self, name: str) -> FileIO:
        """A file, opened for reading."""
        try:
            file = FileIO(os.open(name, _FILE, dir_fd=self.descriptor))
        except OSError as error:
            raise self._trouble(name, error) from error
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise LeadsOutError(f"{self.path / name} is no file; remove it")
        return file

    @contextmanager
    def new_file(self, name: str, mode: int) -> Iterator[int]:
        """The descriptor of a file that is not there yet, for writing; the group is let in at the end."""
        descriptor = os.open(name, _NEW, 0o600, dir_fd=self.descriptor)
        try:
            os.fchmod(descriptor, mode & 0o777 | 0o600)
            yield descriptor
            if self.group is not None:
                open_for(self.group, descriptor, self.path / name)
        finally:
            os.close(descriptor)

    def write(self, name: str, content: bytes) -> None:
        """A whole file, in the place of one that may be there."""
        status = self.look(name)
        if status is not None and not stat.S_ISREG(status.st_mode):
            raise LeadsOutError(f"{self.path / name} leads out of the folder or is no file; remove it")
        prepared = f".prepared-{secrets.token_hex(8)}"
        try:
            with self.new_file(prepared, 0o600) as file:
                left = memoryview(content)
                while left:
                    left = left[os.write(file, left) :]
            self.move(prepared, self, name)
        except BaseException:
            with suppress(OSError):
                os.unlink(prepared, dir_fd=self.descriptor)
            raise

    def move(self, name: str, folder: "Held", other: str) -> None:
        """Give what has this name another one, in that folder."""
        os.rename(name, other, src_dir_fd=self.descriptor, dst_dir_fd=folder.descriptor)

    def delete(self, name: str) -> None:
        """Delete the folder, or whatever it is, with all in it. What somebody else protects, or adds meanwhile, stays.

        What is too deep is moved up first: each folder on the way costs a descriptor, which all owners share.
        """
        waiting = [name]
        while waiting:
            self._delete(self, waiting.pop(), waiting, 0)

    def _delete(self, folder: "Held", name: str, waiting: list[str], depth: int) -> None:
        try:
            status = folder.look(name)
            if status is None:
                return
            if not stat.S_ISDIR(status.st_mode):
                os.unlink(name, dir_fd=folder.descriptor)
            elif depth >= DEEPEST:
                moved = f"removed-{secrets.token_hex(8)}"
                folder.move(name, self, moved)
                waiting.append(moved)
            else:
                with folder.enter(name) as inner:
                    inner.unprotect()
                    for each in inner.names():
                        self._delete(inner, each, waiting, depth + 1)
                os.rmdir(name, dir_fd=folder.descriptor)
        except (LeadsOutError, FileNotFoundError, PermissionError):
            return
        except OSError as error:
            if error.errno not in TAKEN:
                raise

    def unprotect(self) -> None:
        """Let ourselves write into the folder, if it is our own."""
        status = self.status()
        if status.st_uid == os.geteuid() and status.st_mode & _PRIVATE != _PRIVATE:
            os.fchmod(self.descriptor, stat.S_IMODE(status.st_mode) | _PRIVATE)

    def _trouble(self, name: str, error: OSError) -> Exception:
        status = self.look(name) if error.errno in {errno.ENOTDIR, errno.ELOOP} else None
        if status is None:
            return error
        kind = "is a link, which leads out of" if stat.S_ISLNK(status.st_mode) else "is no folder of"
        return LeadsOutError(f"{self.path / name} {kind} {self.path}; remove it")


def held(path: Path) -> Held:
    """The folder at the absolute path, on which no link may lie."""
    folder = Held(os.open(path.anchor, _WAY), Path(path.anchor))
    parts = path.parts[1:]
    for place, part in enumerate(parts):
        with folder:
            flags = _FOLDER if place == len(parts) - 1 else _WAY
            try:
                descriptor = os.open(part, flags, dir_fd=folder.descriptor)
            except NotADirectoryError as error:
                raise LeadsOutError(
                    f"{folder.path / part} is a link or no folder, which leads out of {path}"
                ) from error
            folder = Held(descriptor, folder.path / part)
    return folder
