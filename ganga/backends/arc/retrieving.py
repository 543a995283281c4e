"""Bring the output of jobs home: files only, whole ones, and none from outside of the folder that a job ran in. The
element lists no links.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from ganga.backends.arc.descriptions import ARCHIVE, LAUNCHER, STREAMS
from ganga.backends.arc.replies import Document, text
from ganga.backends.arc.service import Service
from ganga.backends.base import Retrieval, Retrieved, Stream
from ganga.backends.batch.matching import Scan, matches, whole
from ganga.backends.batch.shell import Kind
from ganga.backends.web.errors import Refused
from ganga.errors import BackendError
from ganga.model.ids import NativeId

#: What is not a job's own.
_OURS: Final = frozenset({ARCHIVE, LAUNCHER, *STREAMS})
#: Where our own jobs write to.
_DEFAULT: Final[Mapping[Stream, str | None]] = {Stream.STDOUT: STREAMS[0], Stream.STDERR: STREAMS[1]}
#: Bytes of a running job's output in one piece.
_PIECE: Final = 1 << 20


class Retriever:
    """Our own jobs write to files of known names; those of others say where."""

    def __init__(self, service: Service, largest: int) -> None:
        self._service = service
        self._largest = largest
        self._streams: dict[NativeId, Mapping[Stream, str | None]] = {}

    async def fetch(self, retrievals: Sequence[Retrieval]) -> Mapping[NativeId, Retrieved]:
        """See `Backend.fetch`."""
        await self._learn([retrieval.native_id for retrieval in retrievals])
        return {retrieval.native_id: await self._retrieve(retrieval) for retrieval in retrievals}

    async def read(self, native_id: NativeId, stream: Stream, offset: int) -> bytes:
        """See `Readable.read`."""
        await self._learn([native_id])
        name = self._streams.get(native_id, _DEFAULT).get(stream)
        return b"" if name is None else await self._service.piece(native_id, name, offset, _PIECE)

    def forget(self, native_id: NativeId) -> None:
        """It will not be asked about again."""
        self._streams.pop(native_id, None)

    async def _learn(self, ids: Sequence[NativeId]) -> None:
        """Where jobs write to. What has not been written down yet is asked for again the next time."""
        strange = [native_id for native_id in ids if native_id not in self._streams]
        entries = await self._service.told("info", strange) if strange else {}
        for native_id in strange:
            if native_id in entries and (names := _names(entries[native_id].document)) is not None:
                self._streams[native_id] = names

    async def _retrieve(self, retrieval: Retrieval) -> Retrieved:
        job = retrieval.native_id
        try:
            listed = await self._service.scan(job, "")
            if listed is None:
                return Retrieved(error=f"the files of {job} are gone, or ARC does not know it")
            streams = self._streams.get(job, _DEFAULT if LAUNCHER in listed[0] else None)
            if streams is None:
                return Retrieved(error=f"ARC has not written down yet where {job} writes to; asking again later")
            for stream, name in streams.items():
                await self._bring_stream(job, name, retrieval.into / stream.value)
            return Retrieved(missing=await self._bring(retrieval))
        except (BackendError, OSError) as error:
            return Retrieved(error=f"the output of {job} cannot be brought home: {error}")

    async def _bring_stream(self, job: NativeId, name: str | None, into: Path) -> None:
        """A stream that was not written to a file is an empty one."""
        if name is None or not await self._service.download(job, name, into, self._largest):
            await asyncio.to_thread(into.touch, 0o600)

    async def _bring(self, retrieval: Retrieval) -> tuple[str, ...]:
        """All that the patterns match; returns the patterns that match nothing."""

        async def scan(folder: PurePosixPath) -> Mapping[str, Kind] | None:
            return await self._scan(retrieval.native_id, folder)

        missing: dict[str, None] = {}
        brought: set[PurePosixPath] = set()
        for pattern in retrieval.outputs:
            found = [match async for match in matches(scan, pattern)]
            if not found:
                missing[pattern] = None
            for name, kind in found:
                async for inner, inner_kind in _with_content(scan, name, kind):
                    if inner not in brought:
                        brought.add(inner)
                        await self._bring_one(retrieval, inner, inner_kind)
        return tuple(missing)

    async def _bring_one(self, retrieval: Retrieval, name: PurePosixPath, kind: Kind) -> None:
        into = retrieval.into / name
        if kind is Kind.FOLDER:
            await asyncio.to_thread(lambda: into.mkdir(parents=True, exist_ok=True))
            return
        await asyncio.to_thread(lambda: into.parent.mkdir(parents=True, exist_ok=True))
        if not await self._service.download(retrieval.native_id, str(name), into, self._largest):
            raise Refused(f"the file {name} was listed, and is not there any more")

    async def _scan(self, job: NativeId, folder: PurePosixPath) -> Mapping[str, Kind] | None:
        at_root = folder == PurePosixPath()
        listed = await self._service.scan(job, "" if at_root else str(folder))
        if listed is None:
            return None
        files, folders = listed
        kinds = {**dict.fromkeys(files, Kind.FILE), **dict.fromkeys(folders, Kind.FOLDER)}
        return {name: kind for name, kind in kinds.items() if not (at_root and name in _OURS)}


async def _with_content(scan: Scan, name: PurePosixPath, kind: Kind) -> AsyncIterator[tuple[PurePosixPath, Kind]]:
    yield name, kind
    if kind is Kind.FOLDER:
        async for inner in whole(scan, name):
            yield inner


def _names(document: Document) -> Mapping[Stream, str | None] | None:
    """Where a job's streams go; None for a stream that goes to no file, and if nothing is written down."""
    said = {Stream.STDOUT: text(document.stdout), Stream.STDERR: text(document.stderr)}
    if not any(said.values()):
        return None
    return {stream: name if name and not name.startswith("/") else None for stream, name in said.items()}
