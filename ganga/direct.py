"""What a back end is asked for at once, by whoever wants to know, past the monitor.

None of it is written to the store: what became of a request the monitor finds out, and it alone says so.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from itertools import groupby
from operator import attrgetter
from time import time
from typing import TypeVar

from ganga.backends.base import Deleting, Historied, Peeking, Readable, Rescheduling, Tail
from ganga.errors import BackendUnavailable, UsageError
from ganga.model.clock import Utc
from ganga.model.ids import JobId, NativeId, TargetName
from ganga.model.job import JobRecord
from ganga.model.status import FINAL, JobStatus
from ganga.model.step import Step
from ganga.monitor.service import Service
from ganga.store.base import Store

#: Jobs in one call.
BATCH = 1000
#: Jobs, and reasons, named in one sentence.
NAMED = 5

_BADLY_ENDED = FINAL - {JobStatus.COMPLETED}

ResultT = TypeVar("ResultT")


class Direct:
    """The questions and requests of one client."""

    def __init__(self, store: Store, service: Service) -> None:
        self._store = store
        self._service = service

    async def histories(self, jobs: Sequence[JobId]) -> dict[JobId, list[Step]]:
        """See `Client.histories`."""
        records = [record for job in jobs async for record in self._members(job) if record.native_id is not None]
        steps: dict[JobId, list[Step]] = {}
        for target, some in _by_target(records):
            backend = await self._service.backend(target)
            if not isinstance(backend, Historied):
                raise UsageError(f"target {target} records no history of its jobs")
            names = _names(some)
            told = await self._within(target, partial(backend.history, list(names)))
            steps.update((record.id, list(told.get(native_id, ()))) for native_id, record in names.items())
        return steps

    async def reschedule(self, jobs: Sequence[JobId]) -> list[JobId]:
        """See `Client.reschedule`."""
        members = {job: await self._to_reschedule(job) for job in jobs}
        records = {record.id: record for some in members.values() for record in some}
        refused: dict[JobId, str] = {}
        for target, some in _by_target(records.values()):
            backend = await self._service.backend(target)
            if not isinstance(backend, Rescheduling):
                raise UsageError(f"target {target} runs no job again by itself; 'ganga resubmit' submits it")
            names = _names(some)
            # First, or a monitor that is quicker than the rest of this kills what runs again.
            await self._store.withdraw_kill([record.id for record in some], _now())
            try:
                told = await self._within(target, partial(backend.reschedule, list(names)), "whether they run again")
            finally:
                # Also where nobody knows what came of it: the monitor is to look at once.
                await self._store.request_refresh([job for job in members if members[job][0].target == target], _now())
            refused |= _by_job(told, names)
        _check(refused, len(records), "run again")
        return list(records)

    async def delete(self, jobs: Sequence[JobId]) -> list[JobId]:
        """See `Client.delete`."""
        records = [record for job in jobs for record in await self._to_delete(job)]
        refused: dict[JobId, str] = {}
        for target, some in _by_target(records):
            backend = await self._service.backend(target)
            if not isinstance(backend, Deleting):
                raise UsageError(f"target {target} keeps nothing of a job that could be deleted")
            names = _names(some)
            told = await self._within(target, partial(backend.delete, list(names)), "whether they are deleted")
            refused |= _by_job(told, names)
        _check(refused, len(records), "are deleted")
        return list(dict.fromkeys(record.id for record in records))

    async def peeks(self, record: JobRecord) -> bool:
        """See `Client.peeks`."""
        backend = await self._service.backend(record.target)
        return isinstance(backend, Peeking) and not isinstance(backend, Readable)

    async def peek(self, record: JobRecord) -> Tail:
        """See `Client.peek`."""
        if record.native_id is None or record.status.final:
            raise UsageError(
                f"job {record.id} is {record.status}: there is a glimpse of the output of running jobs only"
            )
        backend = await self._service.backend(record.target)
        if not isinstance(backend, Peeking):
            raise UsageError(f"target {record.target} does not show the end of the output of running jobs")
        return await self._within(record.target, partial(backend.peek, record.native_id))

    async def _to_reschedule(self, job: JobId) -> list[JobRecord]:
        """The job itself, or those of its subjobs that have ended badly."""
        members = [record async for record in self._members(job)]
        if members and members[0].id != job:
            badly = [record for record in members if record.status in _BADLY_ENDED and record.native_id is not None]
            if not badly:
                raise UsageError(f"no subjob of job {job} has ended badly (yet); name those that are to run again")
            return badly
        for record in members:
            if record.native_id is None:
                raise UsageError(f"job {job} is not known to {record.target}; 'ganga resubmit {job}' submits it")
            _check_settled(record)
            if record.kill_requested_by is not None and not record.status.final:
                raise UsageError(f"job {job} is to be killed; wait until it has ended, then reschedule it")
        return members

    async def _to_delete(self, job: JobId) -> list[JobRecord]:
        """The job or its subjobs, and their attempts under other native ids."""
        found = []
        async for record in self._members(job):
            _check_settled(record)
            if not record.status.final:
                raise UsageError(f"job {record.id} is {record.status}; 'ganga kill {record.id}' first, then delete it")
            found += [past for past in await self._store.attempts(record.id) if past.native_id != record.native_id]
            found.append(record)
        return [record for record in found if record.native_id is not None]

    async def _members(self, job: JobId) -> AsyncIterator[JobRecord]:
        """The job, or its subjobs if it has any."""
        [whole] = await self._store.get([job])
        if whole.subjobs is None:
            yield whole
            return
        page = await self._store.concerned(job, limit=BATCH)
        while page:
            for record in page:
                if record.subjobs is None:
                    yield record
            page = await self._store.concerned(job, after=page[-1].id, limit=BATCH)

    async def _within(self, target: TargetName, ask: Callable[[], Awaitable[ResultT]], unknown: str = "") -> ResultT:
        """The answer, within the time that the target has for answers, and out of its budget."""
        seconds = self._service.targets[target].policy.answer_within
        limit = asyncio.timeout(seconds)
        try:
            # Whoever asks for no change waits as the polls do.
            async with self._service.purses[target].call(seconds, urgent=bool(unknown)), limit:
                return await ask()
        except TimeoutError as error:
            if not limit.expired():
                raise
            doubt = f"; {unknown} is not known: 'ganga history' and 'ganga refresh' will tell" if unknown else ""
            raise BackendUnavailable(f"{target} did not answer within {seconds:g} seconds{doubt}") from error


def _check_settled(record: JobRecord) -> None:
    """Raise `UsageError` for a job of which a new attempt is on its way."""
    if record.wanted_attempt > record.attempt:
        raise UsageError(f"job {record.id} is to run again, as somebody asked before; wait until that is settled")


def _by_target(records: Iterable[JobRecord]) -> list[tuple[TargetName, list[JobRecord]]]:
    """In parts that fit one call."""
    of_target = attrgetter("target")
    return [
        (target, some[start : start + BATCH])
        for target, group in groupby(sorted(records, key=of_target), key=of_target)
        for some in [list(group)]
        for start in range(0, len(some), BATCH)
    ]


def _names(records: Collection[JobRecord]) -> dict[NativeId, JobRecord]:
    return {record.native_id: record for record in records if record.native_id is not None}


def _by_job(reasons: Mapping[NativeId, str], names: Mapping[NativeId, JobRecord]) -> dict[JobId, str]:
    return {names[native_id].id: reason for native_id, reason in reasons.items() if native_id in names}


def _check(refused: Mapping[JobId, str], asked: int, what: str) -> None:
    """Raise `UsageError` if any was refused, with the back end's words, each once."""
    if not refused:
        return
    by_reason: dict[str, list[JobId]] = {}
    for job, reason in refused.items():
        by_reason.setdefault(reason, []).append(job)
    said = [f"job {_some(jobs)}: {reason}" for reason, jobs in by_reason.items()]
    done = asked - len(refused)
    others = f"; the others ({done}) {what}" if done else ""
    raise UsageError(f"the back end refused {_some(said, '; ')}{others}")


def _some(items: Sequence[str], between: str = ", ") -> str:
    more = f"{between}and {len(items) - NAMED} more" if len(items) > NAMED else ""
    return between.join(items[:NAMED]) + more


def _now() -> Utc:
    return Utc(time())
