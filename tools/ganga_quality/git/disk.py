"""Files below a folder, reached through no link: what others put there must not lead out of it."""

import stat
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path, PurePosixPath

from ganga_quality.errors import ToolError


def read_regular(root: Path, path: str) -> bytes | None:
    """The bytes of a file; None if it is none of the `regular_ones`. Raises `ToolError` if it cannot be read."""
    if not any(regular_ones(root, (path,))):
        return None
    try:
        return (root / path).read_bytes()
    except OSError as error:
        raise _unreadable(root, path, error) from error


def regular_ones(root: Path, paths: Iterable[str]) -> Iterator[str]:
    """Those of the paths that are regular files below the root, with no link on the way, as git would see them.

    Raises `ToolError` where it is not allowed to look.
    """

    @cache
    def is_folder(folder: str) -> bool:
        if not folder:
            return True
        return is_folder(folder.rpartition("/")[0]) and stat.S_ISDIR(_mode(root, folder))

    for path in paths:
        if is_folder(path.rpartition("/")[0]) and stat.S_ISREG(_mode(root, path)):
            yield path


def place(folder: Path, path: str) -> Path:
    """Where a file is to be written, its own folder being made. Raises `ToolError` for a path that leads out."""
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts:
        raise ToolError(f"the repository has a path that leads out of it: {path!r}; git fsck tells more")
    target = folder / parts
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


def _mode(root: Path, path: str) -> int:
    """What lies there; 0 if nothing does."""
    try:
        return (root / path).lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return 0
    except OSError as error:
        raise _unreadable(root, path, error) from error


def _unreadable(root: Path, path: str, error: OSError) -> ToolError:
    return ToolError(f"{str(root / path)!r} cannot be read: {error.strerror}; make it readable")
