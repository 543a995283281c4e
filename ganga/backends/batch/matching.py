"""Which files a pattern means, in a folder that can be looked into only from afar, one folder at a time."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Final

from ganga.backends.batch.shell import Kind

#: Tells what is in a folder; None if it is not there.
Scan = Callable[[PurePosixPath], Awaitable[Mapping[str, Kind] | None]]

_ANY_DEPTH: Final = "**"


async def matches(scan: Scan, pattern: str) -> AsyncIterator[tuple[PurePosixPath, Kind]]:
    """What the pattern matches, by relative paths: ``*`` also hidden files, ``**`` any depth, and no links to folders
    are gone through. A pattern that leads out of the folder matches nothing.
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
    """All that is in a folder and in those below it."""
    for name, kind in sorted((await scan(folder) or {}).items()):
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
    for name, kind in sorted((await scan(folder) or {}).items()):
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
