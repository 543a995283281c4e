"""Jobs on this machine, as a back end: records are written and read here, and everything else is the spooler's."""

import asyncio
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Final, TypeVar

from ganga.backends.base import Finding, Receipts, Retrieval, Retrieved, Stream, Submission
from ganga.backends.local import output, spool
from ganga.backends.local.adopted import AdoptedProcesses, is_adopted
from ganga.backends.local.connection import Connection
from ganga.backends.local.evidence import Evidence, insist_on
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
    """A `Backend` with all that a back end may have. The native id of a job is its tag, that of an adopted process its
    own.
    """

    def __init__(
        self, places: spool.Places, connection: Connection, news: News, threads: Executor, grace: float
    ) -> None:
        self._places = places
        self._connection = connection
        self._news = news
        self._threads = threads
        self._evidence = Evidence(places)
        self._adopted = AdoptedProcesses(lambda native_id: news.add({native_id: None}), grace)

    async def submit(self, batch: Sequence[Submission], /) -> Receipts:
        """Write the records; one that is there was submitted before."""
        rejected = {job.tag: reason for job in batch if (reason := refusal(job)) is not None}
        accepted = [job for job in batch if job.tag not in rejected]
        tags = {job.tag: NativeId(job.tag) for job in accepted}
        with self._news.withheld(tags.values()):
            await self._in_thread(_write_jobs, self._places, accepted)
            self._connection.tell("queue", tags)
            return Receipts(tags, rejected)

    async def find(self, tags: Collection[Tag], /) -> Finding:
        """Look for the records. Whoever wrote them may not have come to tell the spooler."""
        present = await self._in_thread(_present, self._places, list(tags))
        self._connection.tell("queue", present)
        return Finding({tag: NativeId(tag) for tag in present}, frozenset(tags) - present)

    async def poll(self, ids: Collection[NativeId], /) -> Answer:
        """Read the records of these jobs, which are true as long as there is a spooler."""
        await self._connection.ready()
        return await self._answer(ids)

    async def changes(self, since: Cursor | None, /) -> Answer:
        """Wait for news; whoever asks with an old cursor is told again."""
        await self._news.wait(since, _LONG_POLL)
        await self._connection.ready()
        news, cursor = self._news.take()
        seen = {name: said for name, said in news.items() if said is not None}
        answer = await self._answer(news.keys() - seen.keys())
        return Answer({**answer.seen, **seen}, cursor=cursor)

    async def kill(self, ids: Collection[NativeId], /) -> None:
        """Write the wish down; whoever has the job carries it out."""
        wanted = await self._in_thread(_request_ends, self._places, [name for name in ids if not is_adopted(name)])
        self._connection.tell("kill", wanted)
        for native_id in filter(is_adopted, ids):
            self._adopted.kill(native_id)

    async def fetch(self, retrievals: Sequence[Retrieval], /) -> Mapping[NativeId, Retrieved]:
        """Link or copy the files; an adopted process has none."""
        return await self._in_thread(_retrieve, self._places, retrievals)

    async def read(self, native_id: NativeId, stream: Stream, offset: int, /) -> bytes:
        """What is in the file of the stream."""
        if is_adopted(native_id):
            return b""
        return await self._in_thread(_read, self._places.output(native_id, stream.value), offset)

    async def discard(self, ids: Collection[NativeId], /) -> None:
        """Remove all files of these jobs."""
        for native_id in filter(is_adopted, ids):
            self._adopted.forget(native_id)
        await self._in_thread(_discard, self._places, [name for name in ids if not is_adopted(name)])

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


def _write_jobs(places: spool.Places, batch: Sequence[Submission]) -> None:
    for job in batch:
        write_job(places, job)


def _present(places: spool.Places, tags: Sequence[Tag]) -> frozenset[Tag]:
    present = frozenset(tag for tag in tags if os.path.exists(places.record(tag)))
    insist_on(places)
    return present


def _request_ends(places: spool.Places, ids: Sequence[NativeId]) -> list[NativeId]:
    """Leave the wish for each of them that is there; what has ended does not look for it any more."""
    there = [name for name in ids if os.path.exists(places.record(name))]
    for name in there:
        spool.write_bytes(places.wish(name), b"")
    return there


def _retrieve(places: spool.Places, retrievals: Sequence[Retrieval]) -> dict[NativeId, Retrieved]:
    return {
        retrieval.native_id: Retrieved() if is_adopted(retrieval.native_id) else output.retrieve(places, retrieval)
        for retrieval in retrievals
    }


def _read(path: str, offset: int) -> bytes:
    try:
        with open(path, "rb") as file:
            file.seek(offset)
            return file.read(_PIECE)
    except FileNotFoundError:
        return b""


def _discard(places: spool.Places, ids: Sequence[NativeId]) -> None:
    for name in ids:
        output.remove(places, name)
