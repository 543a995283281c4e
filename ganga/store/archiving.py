"""Old jobs and events leave a store for an archive, and come back from it.

The archive is written whole, read back and compared with its digest before anything is deleted, and what is deleted is
what it holds, in small steps with a pause after each, so that nobody who writes waits for long. Interrupted at any
point, nothing is lost: begun again with the same archive, it goes on.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from ganga.errors import UsageError
from ganga.model.clock import Utc
from ganga.model.ids import LARGEST_NUMBER, JobId, Seq, job_id, number_and_index
from ganga.model.job import JobRecord
from ganga.model.status import FINAL
from ganga.store import archive
from ganga.store.archive import Heading
from ganga.store.base import Query, Store
from ganga.store.contents import PAGE, Progress
from ganga.store.ends import is_over
from ganga.store.portion import Portion

#: Records or events that are written, or events that are deleted, in one transaction: some hundredths of a second.
STEP = 1000
#: Jobs and subjobs that are deleted in one transaction, each from several tables and their indexes: as long.
JOBS = 200
#: Seconds between two of these, for others to write.
PAUSE = 0.02

Pause = Callable[[], Awaitable[None]]

_Thing = TypeVar("_Thing")


class Outcome(Struct, frozen=True, kw_only=True):
    """What an archive holds, and what has become of it."""

    jobs: int = 0
    subjobs: int = 0
    events: int = 0
    #: Of the jobs, those that stayed in the store, since something was said of them while they were archived.
    stayed: int = 0


async def breathe() -> None:
    """The usual pause."""
    await asyncio.sleep(PAUSE)


async def put_away(store: Store, path: Path, before: Utc, tell: Progress, pause: Pause = breathe) -> Outcome:
    """Archive the whole jobs that ended, with all their subjobs, and the events that happened, before this time, and
    delete them here. With an archive that exists, go on to delete what it holds.

    Without any, no archive is made. Raises `UsageError` for the archive of another store, for one of which all has been
    deleted already, and where somebody else archives meanwhile.
    """
    goes_on = await asyncio.to_thread(path.exists)
    if not goes_on and not await _write(store, path, before, tell):
        return Outcome()
    heading, ending = await asyncio.to_thread(archive.check, path)
    _check_same(store, heading, path)
    forgotten = (await store.head()).forgotten
    gone, stayed = await _delete(store, path, heading, ending.jobs, tell, pause)
    if goes_on and not gone and forgotten >= heading.up_to:
        raise UsageError(f"{path} is complete, and all of it has left the store; name another file")
    return Outcome(jobs=ending.jobs, subjobs=ending.subjobs, events=ending.events, stayed=stayed)


async def bring_back(store: Store, path: Path, tell: Progress, pause: Pause = breathe) -> Outcome:
    """Load what an archive holds into the store that it came from; what is here stays as it is.

    Its events come back only if all later ones are here: nobody shall take a part for the whole. Raises `UsageError`
    for the archive of another store.
    """
    heading, ending = await asyncio.to_thread(archive.check, path)
    _check_same(store, heading, path)
    head = await store.head()
    with_events = heading.up_to >= head.forgotten
    total, done = ending.jobs + ending.subjobs + ending.events, 0
    for page in _pages(archive.lines(path), STEP):
        jobs = tuple(line.job for line in page if line.job is not None)
        events = tuple(line.event for line in page if line.event is not None) if with_events else ()
        await store.load(Portion(jobs=jobs, events=events))
        done += len(page)
        tell(done, total, f"reading {path.name}")
        await pause()
    if with_events and heading.after < head.forgotten:
        await store.load(Portion(head=replace(await store.head(), forgotten=heading.after)))
    return Outcome(jobs=ending.jobs, subjobs=ending.subjobs, events=ending.events if with_events else 0)


async def _write(store: Store, path: Path, before: Utc, tell: Progress) -> bool:
    """Write the archive, unless there would be nothing in it. Returns whether there was."""
    head = await store.head()
    up_to = await _last_before(store, head.forgotten, before)
    chosen = await _chosen(store, before, tell)
    if not chosen and up_to == head.forgotten:
        return False
    heading = Heading(store=head.id, before=before, as_of=head.last_seq, after=head.forgotten, up_to=up_to)
    with archive.writing(path) as writer:
        writer.add(heading=heading)
        await _write_jobs(store, writer, chosen, tell)
        await _write_events(store, writer, heading, tell)
        if (await store.head()).forgotten > heading.after:
            raise UsageError(f"another process has archived events meanwhile, and {path} was not made; begin again")
    return True


async def _last_before(store: Store, after: Seq, before: Utc) -> Seq:
    """The last event of which all up to it are older; clocks jump, and numbers do not."""
    while page := await store.events(after, limit=PAGE):
        for event in page:
            if event.at >= before:
                return after
            after = event.seq
    return after


async def _chosen(store: Store, before: Utc, tell: Progress) -> set[int]:
    """The numbers of the whole jobs that ended long ago, of which nothing more is wanted."""
    chosen: set[int] = set()
    query = Query(statuses=FINAL)
    total, done = sum((await store.count(query)).values()), 0
    last: JobId | None = None
    while page := await store.select(query, after=last, limit=PAGE):
        chosen.update(
            [int(record.id) for record in page if _known_until(record) < before and await _is_done(store, record)]
        )
        last, done = page[-1].id, done + len(page)
        tell(done, total, "looking for old jobs")
    return chosen


def _known_until(record: JobRecord) -> float:
    """When it was last heard of."""
    times = (record.created_at, record.submitted_at, record.confirmed_at, record.silent_since, record.ended_at)
    return max(time for time in times if time is not None)


async def _is_done(store: Store, record: JobRecord) -> bool:
    if not await is_over(store, record):
        return False
    if record.subjobs is None:
        return True
    counts = await store.families(record.target, [record.id])
    return all(status.final for status in counts[record.id])


async def _write_jobs(store: Store, writer: archive.Writer, chosen: set[int], tell: Progress) -> None:
    if not chosen:
        return
    first = min(chosen) - 1
    done, last = 0, job_id(max(chosen) + 1, LARGEST_NUMBER)
    while page := await store.dump(after=last, limit=PAGE):
        wanted = [job for job in page if number_and_index(job.record.id)[0] in chosen]
        await asyncio.to_thread(writer.add, jobs=wanted)
        last, done = page[-1].record.id, done + sum(job.spec is not None for job in wanted)
        tell(done, len(chosen), "archiving jobs")
        if number_and_index(last)[0] <= first:
            return


async def _write_events(store: Store, writer: archive.Writer, heading: Heading, tell: Progress) -> None:
    after = heading.after
    while after < heading.up_to and (page := await store.events(after, limit=PAGE)):
        await asyncio.to_thread(writer.add, events=[event for event in page if event.seq <= heading.up_to])
        after = page[-1].seq
        tell(min(after, heading.up_to) - heading.after, heading.up_to - heading.after, "archiving events")


async def _delete(
    store: Store, path: Path, heading: Heading, total: int, tell: Progress, pause: Pause
) -> tuple[int, int]:
    """Delete what the archive holds. Returns how many jobs are gone by that, and how many have stayed."""
    gone = stayed = done = 0
    jobs = (line.job.record.id for line in archive.lines(path) if line.job is not None and line.job.spec is not None)
    for page in _pages(jobs, JOBS):
        before = len(await store.specifications(page))
        while await store.prune(page, heading.as_of, limit=JOBS):
            await pause()
        left = len(await store.specifications(page))
        gone, stayed, done = gone + before - left, stayed + left, done + len(page)
        tell(done, total, "deleting jobs")
        await pause()
    while await store.forget_events(heading.up_to, limit=STEP):
        tell((await store.head()).forgotten - heading.after, heading.up_to - heading.after, "deleting events")
        await pause()
    return gone, stayed


def _check_same(store: Store, heading: Heading, path: Path) -> None:
    if heading.store != store.id:
        raise UsageError(f"{path} is an archive of the store {heading.store}, and {store.location} is {store.id}")


def _pages(things: Iterable[_Thing], length: int) -> Iterator[list[_Thing]]:
    iterator = iter(things)
    while page := list(islice(iterator, length)):
        yield page
