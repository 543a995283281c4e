"""Which files the paths of a command line or of the settings stand for."""

import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from ganga_quality.errors import UsageError


class Selection:
    """Files and folders, relative to the root of the repository; none at all stand for everything."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.paths = tuple(str(PurePosixPath(path)) for path in paths)

    def __contains__(self, file: str) -> bool:
        return not self.paths or any(path in {".", file} or file.startswith(path + "/") for path in self.paths)

    def missing(self, root: Path, known: Iterable[str]) -> tuple[str, ...]:
        """Those of the paths that are neither on disk nor stand for any known file."""
        files = tuple(known)
        unseen = (path for path in self.paths if not os.path.lexists(root / path))
        return tuple(path for path in unseen if not any(file in Selection((path,)) for file in files))


def relative_to(root: Path, path: Path) -> str:
    """A path of the file system as git has it. Its folder may be reached through links; a link itself stays one.

    Raises `UsageError` if it lies outside the root.
    """
    place = Path(os.path.normpath(path.absolute()))
    real = place.resolve() if place.is_dir() else place.parent.resolve() / place.name
    try:
        return real.relative_to(root.resolve()).as_posix()
    except ValueError as error:
        raise UsageError(f"{str(path)!r} is not in the repository at {root}; name a path within it") from error
