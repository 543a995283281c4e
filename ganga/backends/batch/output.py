"""Bring the output of a job home. Nothing from outside of the folder that it ran in is brought, whatever a pattern or a
link says.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from ganga.backends.base import Retrieval, Retrieved, Stream
from ganga.backends.batch.matching import matches, whole
from ganga.backends.batch.shell import Kind, Shell
from ganga.errors import BackendUnavailable

_STREAMS = frozenset(stream.value for stream in Stream)
#: Files and folders of one job.
_MOST: Final = 100_000


async def retrieve(shell: Shell, batch: PurePosixPath, task: PurePosixPath, retrieval: Retrieval) -> Retrieved:
    """What came of it. A task that never began has written nothing, and that is what is brought."""
    names = await shell.scan(batch)
    if names is None:
        return Retrieved(error=f"the files of {retrieval.native_id} are gone, or it is not a job of this target")
    try:
        streams = {retrieval.into / name: task / name for name in await shell.scan(task) or {} if name in _STREAMS}
        await shell.bring(streams)
        await asyncio.to_thread(_make_streams, retrieval.into)
        source = _Source(shell, task / "work", retrieval.into)
        return Retrieved(missing=await source.bring(retrieval.outputs))
    except (BackendUnavailable, OSError) as error:
        return Retrieved(error=f"the output of {retrieval.native_id} cannot be brought home: {error}")


class _Source:
    """The folder that a job ran in."""

    def __init__(self, shell: Shell, folder: PurePosixPath, into: Path) -> None:
        self._shell = shell
        self._folder = folder
        self._into = into
        self._files: dict[Path, PurePosixPath] = {}
        self._folders: dict[Path, None] = {}
        self._missing: dict[str, None] = {}

    async def bring(self, patterns: tuple[str, ...]) -> tuple[str, ...]:
        """Bring all that the patterns match; returns what could not be had: patterns without a match, and links to
        outside.
        """
        for pattern in patterns:
            found = [match async for match in matches(self._scan, pattern)]
            if not found:
                self._missing[pattern] = None
            for name, kind in found:
                await self._note(name, kind)
        await asyncio.to_thread(_make_folders, self._folders)
        await self._shell.bring(self._files)
        return tuple(self._missing)

    async def _note(self, name: PurePosixPath, kind: Kind) -> None:
        if kind is Kind.FOLDER:
            self._take_folder(name)
            async for inner, inner_kind in whole(self._scan, name):
                if inner_kind is Kind.FOLDER:
                    self._take_folder(inner)
                else:
                    await self._note_file(inner, inner_kind)
        else:
            await self._note_file(name, kind)

    async def _note_file(self, name: PurePosixPath, kind: Kind) -> None:
        path = self._folder / name
        if kind is Kind.LINK:
            path, kind = await self._followed(path)
        if kind is not Kind.FILE or str(name) in _STREAMS:
            self._missing[str(name)] = None
            return
        self._take_folder(name.parent)
        self._files[self._into / name] = path

    def _take_folder(self, name: PurePosixPath) -> None:
        """Each file has one, too: here they are counted."""
        self._folders[self._into / name] = None
        if len(self._files) + len(self._folders) > _MOST:
            raise BackendUnavailable(f"there are more than {_MOST:,} files and folders; pack them into an archive")

    async def _followed(self, path: PurePosixPath) -> tuple[PurePosixPath, Kind]:
        """Where a link leads to, and what is there, if that is inside."""
        inside, target = await self._shell.resolve(self._folder), await self._shell.resolve(path)
        if not target.is_relative_to(inside):
            return target, Kind.OTHER
        beside: Mapping[str, Kind] = await self._shell.scan(target.parent) or {}
        return target, beside.get(target.name, Kind.OTHER)

    async def _scan(self, folder: PurePosixPath) -> Mapping[str, Kind] | None:
        return await self._shell.scan(self._folder / folder)


def _make_streams(folder: Path) -> None:
    for name in _STREAMS:
        (folder / name).touch(0o600)


def _make_folders(folders: Mapping[Path, None]) -> None:
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
