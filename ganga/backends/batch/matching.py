"""Which files a pattern means, in a folder that can be looked into only from afar, one folder at a time.

Who answers there may be anybody: what becomes a path here is a plain name, and no tree is without an end.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Final

from ganga.backends.batch.shell import Kind
from ganga.errors import BackendUnavailable
from ganga.model.ids import shortened

#: Tells what is in a folder; None if it is not there.
Scan = Callable[[PurePosixPath], Awaitable[Mapping[str, Kind] | None]]

#: Folders within folders.
DEEPEST: Final = 100

_ANY_DEPTH: Final = "**"
_NO_NAMES: Final = frozenset({"", ".", ".."})


async def matches(scan: Scan, pattern: str) -> AsyncIterator[tuple[PurePosixPath, Kind]]:
    """What the pattern matches, by relative paths: ``*`` also hidden files, ``**`` any depth, and no links to folders
    are gone through. A pattern that leads out of the folder matches nothing.

    Raises `BackendUnavailable` for what cannot be a folder's content.
    """
    path = PurePosixPath(pattern)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        return
    told: set[PurePosixPath] = set()
    async for name, kind in _below(scan, PurePosixPath(), path.parts):
        if name not in told:
            told.add(name)
            yield name, kind


async def whole(scan: Scan, folder: PurePosixPath) -> AsyncIterator[tuple[PurePosixPath, Kind]]:
    """All that is in a folder and in those below it. Raises as `matches` does."""
    for name, kind in await _listed(scan, folder):
        yield folder / name, kind
        if kind is Kind.FOLDER:
            async for inner in whole(scan, folder / name):
                yield inner


async def _below(
    scan: Scan, folder: PurePosixPath, parts: tuple[str, ...]
) -> AsyncIterator[tuple[PurePosixPath, Kind]]:
    first, rest = parts[0], parts[1:]
    if first == _ANY_DEPTH:
        async for found in _at_any_depth(scan, folder, rest):
            yield found
        return
    for name, kind in await _listed(scan, folder):
        if not fnmatchcase(name, first):
            continue
        if not rest:
            yield folder / name, kind
        elif kind is Kind.FOLDER:
            async for found in _below(scan, folder / name, rest):
                yield found


async def _at_any_depth(
    scan: Scan, folder: PurePosixPath, rest: tuple[str, ...]
) -> AsyncIterator[tuple[PurePosixPath, Kind]]:
    if rest:
        async for found in _below(scan, folder, rest):
            yield found
    async for name, kind in whole(scan, folder):
        if kind is Kind.FOLDER:
            if rest:
                async for found in _below(scan, name, rest):
                    yield found
            else:
                yield name, kind


async def _listed(scan: Scan, folder: PurePosixPath) -> list[tuple[str, Kind]]:
    """What is in a folder, by name; nothing if it is not there."""
    if len(folder.parts) > DEEPEST:
        raise BackendUnavailable(f"there are more than {DEEPEST} folders in each other: {shortened(str(folder))!r}")
    listed = sorted((await scan(folder) or {}).items())
    for name, _ in listed:
        if name in _NO_NAMES or "/" in name or "\0" in name:
            raise BackendUnavailable(f"{shortened(name)!r} is no name of a file, and yet it is listed in {folder}")
    return listed
