"""Making and removing private folders, and saying in a sentence what stands in the way."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ganga.errors import ConfigurationError, GangaError, StoreUnavailable

PRIVATE = 0o700

#: What a rename says of a place that is taken by a folder with something in it.
TAKEN = frozenset({errno.ENOTEMPTY, errno.EEXIST})

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG})


@contextmanager
def explained(place: Path) -> Iterator[None]:
    """Turn an `OSError` within the block into `ConfigurationError` or `StoreUnavailable`."""
    try:
        yield
    except OSError as error:
        raise explanation(error, place) from error


def explanation(error: OSError, place: Path) -> GangaError:
    """What to do about an error of the operating system that befell `place`."""
    if is_full(error):
        return StoreUnavailable(f"the disk of {place} is full, or your quota is: free some space and try again")
    if error.errno in _FORBIDDEN:
        return ConfigurationError(
            f"{place} cannot be written: {error}; make it writable, or set GANGA_HOME to another folder"
        )
    return StoreUnavailable(f"{place} cannot be read or written just now: {error}")


def is_full(error: OSError) -> bool:
    """Whether there is no space left, also if `shutil.copytree` says so, which knows the text only."""
    return error.errno in _FULL or any(os.strerror(code) in str(error) for code in _FULL)


def make_private(folder: Path) -> None:
    """Make the folder and those above it that are missing, for the user alone; fine if it is there."""
    try:
        folder.mkdir(PRIVATE)
    except FileNotFoundError:
        make_private(folder.parent)
        folder.mkdir(PRIVATE, exist_ok=True)
    except FileExistsError:
        if not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder)) from None


def delete(folder: Path) -> None:
    """Delete the folder with all that is in it, also what a job has write-protected, or let nobody enter."""
    try:
        shutil.rmtree(folder)
    except PermissionError:
        _let_ourselves_in(folder)
        shutil.rmtree(folder)


def _let_ourselves_in(folder: Path) -> None:
    """A folder is opened before one looks at what is in it."""
    folder.chmod(PRIVATE)
    for place, folders, _ in os.walk(folder):
        for inner in (Path(place, name) for name in folders):
            if not inner.is_symlink():
                inner.chmod(PRIVATE)
