"""Jobs on this machine, as a back end: folders are written and read here, and everything else is the spooler's."""

import asyncio
import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from ganga.backends.base import Finding, Receipts, Retrieval, Retrieved, Stream, Submission
from ganga.backends.local import output, spool
from ganga.backends.local.adopted import AdoptedProcesses, is_adopted
from ganga.backends.local.connection import Connection
from ganga.backends.local.evidence import Evidence
from ganga.backends.local.news import News
from ganga.backends.local.submission import refusal, write_job
from ganga.errors import BackendUnavailable
from ganga.model.ids import Cursor, NativeId, Tag
from ganga.model.observation import Answer, Observation

_T = TypeVar("_T")

#: Seconds that a question for news waits.
_LONG_POLL: Final = 10.0

#: Bytes of a job's output in one piece.
_PIECE: Final = 1 << 20


class LocalBackend:
    """A `Backend` with all that a back end may have. The native id of a job is its tag, that of an adopted process its own."""

    def __init__(self, jobs: Path, connection: Connection, news: News, threads: Executor, grace: float) -> None:
        self._jobs = jobs
        self._connection = connection
        self._news = news
        self._threads = threads
        self._evidence = Evidence(str(jobs))
        self._adopted = AdoptedProcesses(lambda native_id: news.add([native_id]), grace)

    async def submit(self, batch: Sequence[Submission], /) -> Receipts:
        """Write the job folders; a folder that is there was submitted before."""
        rejected = {job.tag: reason for job in batch if (reason := refusal(job)) is not None}
        accepted = [job for job in batch if job.tag not in rejected]
        tags = [job.tag for job in accepted]
        with self._news.withheld(tags):
            await self._in_thread(_write_jobs, self._jobs, accepted)
            self._connection.tell("queue", tags)
            return Receipts({tag: NativeId(tag) for tag in tags}, rejected)

    async def find(self, tags: Collection[Tag], /) -> Finding:
        """Look for the job folders."""
        present = await self._in_thread(_present, self._jobs, list(tags))
        return Finding({tag: NativeId(tag) for tag in present}, frozenset(tags) - present)

    async def poll(self, ids: Collection[NativeId], /) -> Answer:
        """Read the files of these jobs, which are true as long as there is a spooler."""
        await self._connection.ready()
        return await self._answer(ids)

    async def changes(self, since: Cursor | None, /) -> Answer:
        """Wait for news; whoever asks with an old cursor is told again."""
        await self._news.wait(since, _LONG_POLL)
        await self._connection.ready()
        ids, cursor = self._news.take()
        answer = await self._answer([NativeId(name) for name in ids])
        return Answer(answer.seen, cursor=cursor)

    async def kill(self, ids: Collection[NativeId], /) -> None:
        """Write the wish into the job folders; whoever has the job carries it out."""
        wanted = await self._in_thread(_request_ends, self._jobs, [name for name in ids if not is_adopted(name)])
        self._connection.tell("kill", wanted)
        for native_id in filter(is_adopted, ids):
            self._adopted.kill(native_id)

    async def fetch(self, retrievals: Sequence[Retrieval], /) -> Mapping[NativeId, Retrieved]:
        """Link or copy the files; an adopted process has none."""
        return await self._in_thread(_retrieve, self._jobs, retrievals)

    async def read(self, native_id: NativeId, stream: Stream, offset: int, /) -> bytes:
        """What is in the file of the stream."""
        if is_adopted(native_id):
            return b""
        return await self._in_thread(_read, self._jobs / native_id / stream.value, offset)

    async def discard(self, ids: Collection[NativeId], /) -> None:
        """Remove the job folders."""
        for native_id in filter(is_adopted, ids):
            self._adopted.forget(native_id)
        await self._in_thread(_discard, self._jobs, [name for name in ids if not is_adopted(name)])

    async def adopt(self, references: Sequence[str], /) -> Mapping[NativeId, Observation]:
        """Processes of this user by their process ids."""
        return dict(self._adopted.adopt(reference) for reference in references)

    def close(self) -> None:
        """Watch nothing any more."""
        self._adopted.close()

    async def _answer(self, ids: Collection[NativeId]) -> Answer:
        adopted = {name: seen for name in filter(is_adopted, ids) if (seen := self._adopted.observe(name)) is not None}
        own = [name for name in ids if not is_adopted(name)]
        if not own:
            return Answer(adopted)
        answer = await self._in_thread(self._evidence.answer, own)
        return Answer({**answer.seen, **adopted}, answer.absent)

    async def _in_thread(self, function: Callable[..., _T], /, *arguments: object) -> _T:
        """One hop for a whole batch. Raises `BackendUnavailable` for what the disk refuses."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, partial(function, *arguments))
        except OSError as error:
            raise BackendUnavailable(f"the files of local jobs cannot be read or written: {error}") from error


def _write_jobs(jobs: Path, batch: Sequence[Submission]) -> None:
    for job in batch:
        write_job(str(jobs), job)


def _present(jobs: Path, tags: Sequence[Tag]) -> frozenset[Tag]:
    present = frozenset(tag for tag in tags if (jobs / tag).is_dir())
    _insist_on(jobs)
    return present


def _request_ends(jobs: Path, ids: Sequence[NativeId]) -> list[str]:
    return [name for name in ids if spool.request_end(f"{jobs}/{name}")]


def _retrieve(jobs: Path, retrievals: Sequence[Retrieval]) -> dict[NativeId, Retrieved]:
    return {
        retrieval.native_id: Retrieved() if is_adopted(retrieval.native_id) else output.retrieve(jobs, retrieval)
        for retrieval in retrievals
    }


def _read(path: Path, offset: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(_PIECE)
    except FileNotFoundError:
        return b""


def _discard(jobs: Path, ids: Sequence[NativeId]) -> None:
    for name in ids:
        output.remove(jobs, name)


def _insist_on(jobs: Path) -> None:
    """Nothing follows from a job that is not there if its surroundings are not there either."""
    if not jobs.is_dir():
        raise BackendUnavailable(f"the folder of local jobs, {jobs}, is gone")
