"""Following jobs to their end: their output as they write it, or how far they are."""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import BinaryIO, Protocol

from ganga.backends.base import Stream
from ganga.cli.handover import troubles_of
from ganga.cli.interruption import Interrupted
from ganga.cli.repeats import take_repeats_as_one
from ganga.cli.words import plural, safe, tell
from ganga.client import Client
from ganga.errors import BackendError, UsageError
from ganga.model.ids import JobId, TargetName
from ganga.model.job import JobRecord
from ganga.model.status import FINAL, JobStatus
from ganga.store.base import Query
from ganga.store.ends import is_over

#: Seconds between two looks at the output of a running job: at least, and at most where it is far away. In between, a
#: look that takes long is followed by a pause of so many times as long.
LOOK = 0.2
LONGEST = 5.0
PAUSE = 9
#: Seconds between two lines about progress where there is no terminal.
LINE_EVERY = 10.0

#: Jobs named to a person in one sentence.
NAMED = 20

#: The exit code of a program that was ended by signal 9 is 137, as shells have it.
SIGNAL_BASE = 128


@contextmanager
def coming_back(jobs: Sequence[JobId], command: str = "wait") -> Iterator[None]:
    """Turn Ctrl-C within the block into a sentence on how to come back; the jobs go on."""
    take_repeats_as_one()
    try:
        yield
    except asyncio.CancelledError:
        ids = " ".join(jobs[:NAMED]) + (" ..." if len(jobs) > NAMED else "")
        verb = "go on" if len(jobs) > 1 else "goes on"
        raise Interrupted(f"interrupted; job {ids} {verb}: 'ganga {command} {ids}' comes back to it") from None


class Echo:
    """Copies what a job writes to a stream of ours as it grows; a new attempt begins anew."""

    def __init__(self, client: Client, stream: Stream, to: BinaryIO) -> None:
        self._client = client
        self._stream = stream
        self._to = to
        self._attempt = 0
        self._offset = 0

    async def catch_up(self, record: JobRecord) -> None:
        """Copy what is new. Raises what `Client.read` raises."""
        if record.attempt != self._attempt:
            self._attempt, self._offset = record.attempt, 0
        while chunk := await self._client.read(record, self._stream, self._offset):
            await self.write(chunk)
            self._offset += len(chunk)

    async def write(self, chunk: bytes) -> None:
        """Put this on the stream, wherever it comes from."""
        await asyncio.to_thread(_write, self._to, chunk)


class Following(Protocol):
    """Prints what is new of a job's output, as often as it is asked to."""

    async def catch_up(self, record: JobRecord) -> None:
        """Raises `BackendError`, and `UsageError` where nothing is shown before the end."""
        ...


async def follow_output(client: Client, job: JobId, echoes: Sequence[Following]) -> JobRecord:
    """Copy the job's output until it has ended; what cannot be read before its end is copied then, and that is told."""
    told: dict[TargetName, str] = {}
    hidden = False
    while True:
        seq = await client.store.last_seq()
        record = await client.get(job)
        troubles = await troubles_of(client, [record])
        if troubles != told and troubles:
            tell("; ".join(troubles.values()))
        told = troubles
        over, begun = await is_over(client.store, record), time.monotonic()
        try:
            await _catch_up(record, echoes)
        except UsageError as error:
            if over:
                raise
            if not hidden:
                tell(f"{error}; waiting until it has ended")
            hidden = True
        if over:
            return record
        await client.store.wait(seq, min(max(LOOK, PAUSE * (time.monotonic() - begun)), LONGEST))


async def _catch_up(record: JobRecord, echoes: Sequence[Following]) -> None:
    """What cannot be had now is tried for again."""
    if record.attempt:
        with suppress(BackendError):
            for echo in echoes:
                await echo.catch_up(record)


class Tally:
    """How far some jobs are."""

    def __init__(self, counts: Counter[JobStatus], trouble: str) -> None:
        self._counts = counts
        self._trouble = trouble

    @property
    def total(self) -> int:
        """All of them."""
        return self._counts.total()

    @property
    def ended(self) -> int:
        """Those that have ended."""
        return sum(self._counts[status] for status in FINAL)

    def __str__(self) -> str:
        told = (
            JobStatus.NEW,
            JobStatus.RUNNING,
            JobStatus.COMPLETING,
            JobStatus.FAILED,
            JobStatus.KILLED,
            JobStatus.LOST,
        )
        details = [f"{self._counts[status]:,} {status}" for status in told if self._counts[status]]
        text = ", ".join([f"{self.ended:,} of {self.total:,} ended", *details])
        return f"{text}; {self._trouble}" if self._trouble else text


Show = Callable[[Tally], None]


async def follow_progress(client: Client, jobs: Sequence[JobId], *, any_one: bool = False) -> list[JobRecord]:
    """Show how far the jobs are until all of them have ended, or one of them; return them as they then stand."""
    with _progress() as show:
        async for records, tally in _looks(client, jobs):
            show(tally)
            ended = [await is_over(client.store, record) for record in records]
            if all(ended) or (any_one and True in ended):
                return records
    raise AssertionError("the looks at jobs do not end by themselves")


async def _looks(client: Client, jobs: Sequence[JobId]) -> AsyncIterator[tuple[list[JobRecord], Tally]]:
    """Look whenever there is news, but never spend more than a third of the time on it."""
    while True:
        seq = await client.store.last_seq()
        begun = time.monotonic()
        records = await client.store.get(jobs)
        yield records, await _tally(client, records)
        await asyncio.sleep(2 * (time.monotonic() - begun))
        await client.store.wait(seq, LINE_EVERY)


async def _tally(client: Client, records: Sequence[JobRecord]) -> Tally:
    counts: Counter[JobStatus] = Counter()
    for record in records:
        if record.subjobs is None:
            counts[record.status] += 1
        else:
            counts.update(await client.store.count(Query(parent=record.id, subjobs=True)))
    troubles = await troubles_of(client, [record for record in records if not record.status.final])
    return Tally(counts, "; ".join(troubles.values()))


@contextmanager
def _progress() -> Iterator[Show]:
    """A bar on a terminal, lines elsewhere; on the standard error, since the output is somebody else's."""
    if not sys.stderr.isatty():
        yield _Lines().show
        return
    from ganga.cli.bar import progress_bar  # noqa: PLC0415 - slow to load, and for people only

    with progress_bar() as update:
        yield lambda tally: update(tally.ended, tally.total, str(tally))


class _Lines:
    """Progress as lines: one when it changes, and not too often."""

    def __init__(self) -> None:
        self._told = ""
        self._at = 0.0

    def show(self, tally: Tally) -> None:
        now = time.monotonic()
        text = str(tally)
        if text != self._told and (now - self._at >= LINE_EVERY or tally.ended == tally.total):
            print(text, file=sys.stderr, flush=True)
            self._told, self._at = text, now


def exit_code(record: JobRecord) -> int:
    """The job's own, as a shell would have it; 1 if it failed without one."""
    if record.status is JobStatus.COMPLETED:
        return 0
    if record.signal is not None:
        return SIGNAL_BASE + record.signal
    return record.exit_code or 1


def ending(record: JobRecord) -> str:
    """How it ended, in a line."""
    what = f"job {record.id}" + (f" with {plural(record.subjobs, 'subjob')}" if record.subjobs is not None else "")
    return f"{what} {record.status}" + (f": {safe(record.reason)}" if record.reason else "")


def _write(to: BinaryIO, chunk: bytes) -> None:
    to.write(chunk)
    to.flush()
