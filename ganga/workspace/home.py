"""The folder that all files of ganga are under, and who may use them: its user alone, or a group as well.

A home that has the setgid bit and is open for its group (``chmod 2770``) was made so by somebody who wants that group
let in: what is made below it is open for the group as for its owner, and never for others. Any other home is its
user's alone.

The other accounts of the group may write there at any moment. So no link is followed to what is opened for them, and a
file that has another name elsewhere is replaced by a copy: to open it here would be to open it there.
"""

import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp, mkstemp

from ganga.errors import ConfigurationError
from ganga.workspace.folders import delete, make_private

#: What the mode of a home has that lets its group in; the mode of all folders below it, then.
SHARED = stat.S_ISGID | stat.S_IRWXU | stat.S_IRWXG

_OPEN = stat.S_ISGID | stat.S_IRWXG
#: What is said of a link, of a socket, of what its owner may not read either, and of what has gone meanwhile.
_NOT_OPENED = frozenset({errno.ELOOP, errno.ENXIO, errno.EOPNOTSUPP, errno.EACCES, errno.ENOENT})
_UNFOLLOWED = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Home:
    """Its methods raise `OSError`; `ConfigurationError` where the group cannot be let in, or a link leads out of a
    home that a group is let into.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def group(self) -> int | None:
        """The number of the group that is let in; None if none is."""
        try:
            status = self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return group_of(status)

    def make(self, folder: Path) -> None:
        """Make the folder and those above it that are missing; fine if it is there."""
        if self.group() is None:
            make_private(folder)
            return
        self.check_inside(folder)
        self._make_shared(folder)

    def fresh(self, parent: Path, prefix: str) -> Path:
        """A new, empty folder in `parent`, which is made if it is missing."""
        self.check_inside(parent)
        try:
            folder = Path(mkdtemp(prefix=prefix, dir=parent))
        except FileNotFoundError:
            self.make(parent)
            folder = Path(mkdtemp(prefix=prefix, dir=parent))
        self.let_in(folder)
        return folder

    def write(self, path: Path, content: bytes) -> None:
        """Write a whole file, in the place of one that may be there; the folder that it is in is made."""
        self.make(path.parent)
        descriptor, name = mkstemp(prefix=".prepared-", dir=path.parent)
        prepared = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                self.let_in_file(descriptor, path)
            prepared.replace(path)
        except BaseException:
            prepared.unlink(missing_ok=True)
            raise

    def move_away(self, folder: Path, staging: Path) -> Path | None:
        """Take the folder out of sight in one step. Returns where it is now; None if it was not there."""
        moved = staging / f"removed-{secrets.token_hex(8)}"
        try:
            return folder.rename(moved)
        except FileNotFoundError:
            if not folder.exists():
                return None
        self.make(staging)
        return folder.rename(moved)

    def delete(self, folder: Path) -> None:
        """Delete the folder with all that is in it.

        What another account of the group has only half made may stay there until that account tidies.
        """
        try:
            delete(folder)
        except PermissionError:
            if self.group() is None:
                raise
            self.let_in(folder)
            shutil.rmtree(folder, ignore_errors=True)

    def check_inside(self, path: Path) -> None:
        """Where a group is let in, refuse a path that links lead out of the home: another account may have put them
        there, for us to write or read what it may not.
        """
        if self.group() is not None and not path.resolve().is_relative_to(self.path.resolve()):
            raise ConfigurationError(
                f"{path} leads out of {self.path} by a link, and a group uses that folder; have a folder in its place"
            )

    def let_in(self, folder: Path) -> None:
        """Let the group, if there is one, use the folder and all in it. What belongs to another account stays as it
        is.
        """
        group = self.group()
        if group is None:
            return
        for place, _, names, descriptor in os.fwalk(folder):
            open_for(group, descriptor, Path(place))
            for name in names:
                _open_name(group, name, descriptor, Path(place, name))

    def let_in_file(self, descriptor: int, path: Path) -> None:
        """The same for an open file that has no other name."""
        group = self.group()
        if group is not None:
            open_for(group, descriptor, path)

    def _make_shared(self, folder: Path) -> None:
        if folder.is_dir():
            return
        if folder.parent != self.path:
            self._make_shared(folder.parent)
        make_private(folder)
        self.let_in(folder)


def group_of(home: os.stat_result) -> int | None:
    """The number of the group that is let into a home with this status; None if none is."""
    return home.st_gid if home.st_mode & _OPEN == _OPEN else None


def open_for(group: int, descriptor: int, path: Path) -> None:
    """Let the group use what is open here, if it is our own, as its owner may. `path` is for people."""
    status = os.fstat(descriptor)
    if status.st_uid != os.geteuid():
        return
    owner = status.st_mode & stat.S_IRWXU
    mode = SHARED if stat.S_ISDIR(status.st_mode) else owner | owner >> 3
    try:
        if status.st_gid != group:
            os.fchown(descriptor, -1, group)
        os.fchmod(descriptor, mode)
    except PermissionError as error:
        raise _stranger(group, path) from error
    if stat.S_IMODE(os.fstat(descriptor).st_mode) != mode:
        raise _stranger(group, path)  # The system drops the bit without a word.


def _stranger(group: int, path: Path) -> ConfigurationError:
    return ConfigurationError(
        f"{path} cannot be opened for the group {group}, which GANGA_HOME is open for: you are not in that group; have "
        "yourself added to it, or choose another GANGA_HOME"
    )


def _open_name(group: int, name: str, folder: int, path: Path) -> None:
    with _unfollowed(name, folder) as file:
        if file is None:
            return
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
            return
        if status.st_nlink == 1:
            open_for(group, file, path)
        else:
            _replace(group, name, folder, file, path)


def _replace(group: int, name: str, folder: int, file: int, path: Path) -> None:
    """Put a copy, which is open for the group, in the place of a file that has other names."""
    status, copy = os.fstat(file), f".copy-{secrets.token_hex(8)}"
    with (
        os.fdopen(file, "rb", closefd=False) as source,
        os.fdopen(os.open(copy, _NEW, status.st_mode & stat.S_IRWXU, dir_fd=folder), "wb") as target,
    ):
        shutil.copyfileobj(source, target)
        open_for(group, target.fileno(), path)
    os.utime(copy, ns=(status.st_atime_ns, status.st_mtime_ns), dir_fd=folder)
    os.rename(copy, name, src_dir_fd=folder, dst_dir_fd=folder)


@contextmanager
def _unfollowed(name: str, folder: int) -> Iterator[int | None]:
    """The open file; None for what cannot be opened as one."""
    try:
        file = os.open(name, _UNFOLLOWED, dir_fd=folder)
    except OSError as error:
        if error.errno not in _NOT_OPENED:
            raise
        yield None
        return
    try:
        yield file
    finally:
        os.close(file)
