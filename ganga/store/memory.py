"""A store that lives and dies with its process: for tests and notebooks, and the plainest words for what a
store does.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from itertools import islice
from secrets import token_hex
from types import TracebackType
from typing import Self

from msgspec.structs import replace

from ganga.errors import LeaseLost
from ganga.model.budget import Budget
from ganga.model.clock import Utc
from ganga.model.event import Event, EventKind
from ganga.model.ids import BudgetName, JobId, NativeId, Seq, TargetName, parent_of
from ganga.model.job import JobRecord, JobSpec, Share, TargetState
from ganga.model.status import JobStatus
from ganga.model.update import Update
from ganga.store.base import Adopted, BudgetChange, Holder, Lease, NewJob, Query, ResultT
from ganga.store.creation import adopted_record, check_new, created, first_record, subjob_record
from ganga.store.keys import WHOLE, key_of
from ganga.store.log import Log
from ganga.store.news import News
from ganga.store.portion import Head, Passage, Portion, Step, StoredJob, StoredTarget
from ganga.store.rules import (
    begun,
    check_covers,
    check_load,
    check_open,
    check_removable,
    check_step,
    closed,
    lease_lost,
    not_whole,
    submits,
    written_over,
)
from ganga.store.shelf import Shelf, Stored
from ganga.store.storable import decode_spec, encode_share, encode_spec, storable_struct, storable_text, storable_update


class MemoryStore:
    """A `Store` in this process' memory. Belongs to one event loop, and is usable as ``async with`` like the others."""

    location = "memory"

    def __init__(self) -> None:
        self.id = token_hex(4)
        self._shelf = Shelf()
        self._attempts: dict[JobId, dict[int, JobRecord]] = {}
        self._handed_over: dict[JobId, int] = {}
        self._log = Log()
        self._states: dict[TargetName, TargetState] = {}
        self._holders: dict[TargetName, Holder] = {}
        self._epochs: Counter[TargetName] = Counter()
        self._budgets: dict[BudgetName, Budget] = {}
        self._passage: Passage | None = None
        self._news = News()

    def __repr__(self) -> str:
        return f"<MemoryStore {self.id}: {len(self._log)} events>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """See `Store.close`."""
        self._news.fail(closed(self.location))

    # What people ask for

    async def create(self, job: NewJob, at: Utc, *, place: Callable[[JobId], None] | None = None) -> JobRecord:
        """See `Store.create`."""
        check_open(self.location, self._passage)
        check_new(job)
        spec = decode_spec(encode_spec(job.spec))
        shares = list(job.shares or ())
        for share in shares:
            encode_share(share)
        record = first_record(self._shelf.next_number(), job, at)
        if place is not None:
            await asyncio.to_thread(place, record.id)
        subjobs = [subjob_record(record, index, spec) for index in range(len(shares))]
        return self._put(record, Stored(spec, shares, [record, *subjobs]), at)

    async def adopt(self, job: Adopted, at: Utc, *, place: Callable[[JobId], None] | None = None) -> JobRecord:
        """See `Store.adopt`."""
        check_open(self.location, self._passage)
        record = adopted_record(self._shelf.next_number(), job)
        if place is not None:
            await asyncio.to_thread(place, record.id)
        return self._put(record, Stored(decode_spec(encode_spec(job.spec)), [], [record]), at)

    async def request_kill(self, jobs: Collection[JobId], by: str, at: Utc) -> list[JobId]:
        """See `Store.request_kill`."""
        check_open(self.location, self._passage)
        by = storable_text(by)
        alive = [job for job in self._known(jobs) if not self._shelf.get(job).status.final]
        for job in alive:
            untold = [
                record
                for record in self._shelf.family(job)
                if not record.status.final and record.kill_requested_by is None
            ]
            for record in untold:
                self._shelf.replace(replace(record, kill_requested_by=by))
            if untold:
                self._tell_of(EventKind.KILL_REQUESTED, self._shelf.get(job), at, by)
        return alive

    async def withdraw_kill(self, jobs: Collection[JobId], at: Utc) -> None:
        """See `Store.withdraw_kill`."""
        check_open(self.location, self._passage)
        for job in self._known(jobs):
            record = self._shelf.get(job)
            if record.kill_requested_by is None:
                continue
            self._shelf.replace(replace(record, kill_requested_by=None))
            self._shelf.replace(replace(self._shelf.whole(job), kill_requested_by=None))
            self._tell_of(EventKind.KILL_WITHDRAWN, record, at)

    async def request_submit(self, jobs: Collection[JobId], at: Utc) -> list[JobId]:
        """See `Store.request_submit`."""
        check_open(self.location, self._passage)
        asked_for = []
        for job in self._known(jobs):
            again = [record for record in self._shelf.family(job) if submits(record, job)]
            for record in again:
                self._shelf.replace(replace(record, wanted_attempt=record.attempt + 1, kill_requested_by=None))
            if again:
                self._shelf.replace(replace(self._shelf.whole(job), kill_requested_by=None))
                self._tell_of(EventKind.SUBMIT_REQUESTED, self._shelf.get(job), at)
                asked_for.append(job)
        return asked_for

    async def request_refresh(self, jobs: Collection[JobId], at: Utc) -> None:
        """See `Store.request_refresh`."""
        check_open(self.location, self._passage)
        for job in self._known(jobs):
            self._tell_of(EventKind.REFRESH_REQUESTED, self._shelf.get(job), at)

    async def pause(self, target: TargetName, *, paused: bool, by: str, at: Utc) -> None:
        """See `Store.pause`."""
        check_open(self.location, self._passage)
        state = self._states.get(target, TargetState(name=target))
        self._states[target] = replace(state, paused=paused)
        if state.paused is not paused:
            kind = EventKind.TARGET_PAUSED if paused else EventKind.TARGET_RESUMED
            self._tell([Event(at=at, kind=kind, target=target, reason=storable_text(by))])

    async def remove(self, jobs: Collection[JobId], at: Utc) -> None:
        """See `Store.remove`."""
        check_open(self.location, self._passage)
        records = [self._shelf.get(job) for job in self._known(jobs)]
        for record in records:
            if parent_of(record.id) is not None:
                raise not_whole(record.id)
            check_removable(record)
        for record in records:
            self._forget(record.id)
            self._tell_of(EventKind.JOB_REMOVED, record, at)

    # What the monitor writes

    async def save(self, update: Update, lease: Lease) -> tuple[Event, ...]:
        """See `Store.save`."""
        check_open(self.location, self._passage)
        check_covers(lease, update)
        self._check(lease)
        update = storable_update(update)
        for record in update.records:
            if (old := self._shelf.find(record.id)) is not None:
                self._shelf.replace(written_over(old, record))
        for record in update.attempts:
            if self._shelf.find(record.id) is not None:
                self._attempts.setdefault(record.id, {})[record.attempt] = record
        if (state := update.state) is not None:
            paused = state.name in self._states and self._states[state.name].paused
            self._states[state.name] = replace(state, paused=paused)
        return self._tell(update.events)

    async def hand_over(self, jobs: Collection[JobId], lease: Lease) -> None:
        """See `Store.hand_over`."""
        check_open(self.location, self._passage)
        self._check(lease)
        records = list(filter(None, map(self._shelf.find, jobs)))
        self._handed_over.update((record.id, record.attempt) for record in records)

    # What everybody reads

    async def get(self, jobs: Sequence[JobId]) -> list[JobRecord]:
        """See `Store.get`."""
        return [self._shelf.get(job) for job in jobs]

    async def select(self, query: Query, *, after: JobId | None = None, limit: int = 1000) -> list[JobRecord]:
        """See `Store.select`."""
        records = self._shelf.newest_first(None if after is None else key_of(after))
        return list(islice((record for record in records if _fits(record, query)), limit))

    async def count(self, query: Query) -> Mapping[JobStatus, int]:
        """See `Store.count`."""
        return Counter(record.status for record in self._shelf.oldest_first(None) if _fits(record, query))

    async def specifications(self, jobs: Collection[JobId]) -> Mapping[JobId, tuple[JobSpec, Share]]:
        """See `Store.specifications`."""
        found = {}
        for job in jobs:
            number, index = key_of(job)
            if self._shelf.find(job) is not None:
                stored = self._shelf.job(number)
                found[job] = (stored.spec, stored.shares[index] if index >= 0 else Share())
        return found

    async def attempts(self, job: JobId) -> list[JobRecord]:
        """See `Store.attempts`."""
        key_of(job)
        return [record for _, record in sorted(self._attempts.get(job, {}).items())]

    async def events(self, after: Seq, *, limit: int = 1000, job: JobId | None = None) -> list[Event]:
        """See `Store.events`."""
        if job is not None:
            key_of(job)
        return self._log.read(after, limit, job)

    async def last_seq(self) -> Seq:
        """See `Store.last_seq`."""
        return self._log.last

    async def wait(self, after: Seq, seconds: float) -> bool:
        """See `Store.wait`."""
        return await self._news.wait(after, seconds)

    # What a monitor reads when it takes over, and on requests

    async def live(self, target: TargetName, *, after: JobId | None = None, limit: int = 2000) -> list[JobRecord]:
        """See `Store.live`."""
        records = self._shelf.oldest_first(None if after is None else key_of(after))
        return list(islice((record for record in records if record.target == target and self._live(record)), limit))

    async def handed_over(self, target: TargetName) -> frozenset[JobId]:
        """See `Store.handed_over`."""
        records = filter(None, map(self._shelf.find, self._handed_over))
        return frozenset(
            record.id
            for record in records
            if record.target == target
            and record.status is JobStatus.SUBMITTING
            and record.attempt == self._handed_over[record.id]
        )

    async def families(
        self, target: TargetName, parents: Collection[JobId] | None = None
    ) -> dict[JobId, dict[JobStatus, int]]:
        """See `Store.families`."""
        if parents is None:
            records = [record for record in self._shelf.oldest_first(None) if self._live(record)]
        else:
            records = [record for record in map(self._shelf.find, parents) if record is not None]
        return {
            record.id: dict(Counter(subjob.status for subjob in self._shelf.family(record.id)[1:]))
            for record in records
            if record.subjobs is not None and record.target == target
        }

    async def concerned(self, job: JobId, *, after: JobId | None = None, limit: int = 2000) -> list[JobRecord]:
        """See `Store.concerned`."""
        if self._shelf.find(job) is None:
            return []
        behind = (0, WHOLE) if after is None else key_of(after)
        return list(islice((record for record in self._shelf.family(job) if key_of(record.id) > behind), limit))

    async def ended(self, target: TargetName, native_ids: Collection[NativeId]) -> dict[NativeId, JobRecord]:
        """See `Store.ended`."""
        ended: dict[str | None, JobRecord] = {}
        for record in self._shelf.newest_first(None):
            if record.target == target and record.status.final:
                ended.setdefault(record.native_id, record)
        stored = {native_id: storable_text(native_id) for native_id in native_ids}
        return {native_id: ended[text] for native_id, text in stored.items() if text in ended}

    async def target_states(self) -> dict[TargetName, TargetState]:
        """See `Store.target_states`."""
        return dict(self._states)

    # Leases

    async def holder(self, target: TargetName) -> Holder | None:
        """See `Store.holder`."""
        return self._holders.get(target)

    async def acquire(self, target: TargetName, owner: str, instead_of: Holder | None = None) -> Lease | None:
        """See `Store.acquire`."""
        check_open(self.location, self._passage)
        if self._holders.get(target) not in (None, instead_of):
            return None
        self._epochs[target] += 1
        self._holders[target] = Holder(target, storable_text(owner), self._epochs[target], 0)
        return Lease(target, self._epochs[target])

    async def renew(self, lease: Lease) -> None:
        """See `Store.renew`."""
        check_open(self.location, self._passage)
        holder = self._check(lease)
        self._holders[lease.target] = replace(holder, beat=holder.beat + 1)

    async def release(self, lease: Lease) -> None:
        """See `Store.release`."""
        check_open(self.location, self._passage)
        with suppress(LeaseLost):
            self._check(lease)
            del self._holders[lease.target]

    # Budgets

    async def change_budget(self, name: BudgetName, change: BudgetChange[ResultT]) -> ResultT:
        """See `Store.change_budget`. The clock is that of the event loop."""
        budget, result = change(self._budgets.get(name), asyncio.get_running_loop().time())
        self._budgets[name] = storable_struct(budget)
        return result

    async def budgets(self, names: Collection[BudgetName] | None = None) -> dict[BudgetName, Budget]:
        """See `Store.budgets`."""
        return {name: budget for name, budget in self._budgets.items() if names is None or name in names}

    # Moving

    async def head(self) -> Head:
        """See `Store.head`."""
        return Head(
            id=self.id,
            last_job=self._shelf.last,
            last_seq=self._log.last,
            forgotten=self._log.forgotten,
            passage=self._passage,
        )

    async def stored_targets(self) -> list[StoredTarget]:
        """See `Store.stored_targets`."""
        names = sorted({*self._states, *self._epochs})
        return [StoredTarget(name=name, epoch=self._epochs[name], state=self._states.get(name)) for name in names]

    async def dump(self, *, after: JobId | None = None, limit: int = 1000) -> list[StoredJob]:
        """See `Store.dump`."""
        return list(map(self._stored, await self.select(Query(subjobs=True), after=after, limit=limit)))

    async def load(self, portion: Portion, passage: Passage | None = None) -> None:
        """See `Store.load`."""
        used = bool(self._shelf.last or self._log.last or self._states or self._epochs)
        check_load(self.location, await self.head(), portion.head, passage, used=used)
        self._passage = passage
        if portion.head is not None:
            self.id, self._log.forgotten = portion.head.id, portion.head.forgotten
            self._shelf.last = max(self._shelf.last, portion.head.last_job)
        for target in portion.targets:
            if target.epoch:
                self._epochs[target.name] = max(self._epochs[target.name], target.epoch)
            if target.state is not None:
                self._states.setdefault(target.name, target.state)
        for job in portion.jobs:
            self._load(job)
        self._log.load(portion.events)

    async def pass_over(self, passage: Passage | None) -> None:
        """See `Store.pass_over`."""
        check_step(self.location, self._passage, passage)
        self._passage = passage
        if passage is not None and passage.step is Step.LEAVING:
            self._holders.clear()

    # Keeping

    async def prune(self, jobs: Collection[JobId], as_of: Seq, *, limit: int = 1000) -> bool:
        """See `Store.prune`."""
        check_open(self.location, self._passage)
        for job in jobs:
            if limit <= 0:
                return True
            if key_of(job)[1] != WHOLE:
                raise not_whole(job)
            if self._shelf.find(job) is not None and not self._needed(job, as_of):
                limit -= len(self._shelf.family(job))
                self._forget(job)
        return False

    async def forget_events(self, up_to: Seq, *, limit: int = 1000) -> bool:
        """See `Store.forget_events`."""
        check_open(self.location, self._passage)
        return self._log.forget(up_to, limit)

    # Pieces of the above

    def _put(self, record: JobRecord, stored: Stored, at: Utc) -> JobRecord:
        self._shelf.put(int(record.id), stored)
        self._tell([created(record, at)])
        return record

    def _forget(self, job: JobId) -> None:
        for member in self._shelf.family(job):
            self._attempts.pop(member.id, None)
            self._handed_over.pop(member.id, None)
        self._shelf.remove(int(job))

    def _needed(self, job: JobId, as_of: Seq) -> bool:
        done = all(record.status.final and begun(record) for record in self._shelf.family(job))
        return not done or any(self._log.behind(as_of, job))

    def _stored(self, record: JobRecord) -> StoredJob:
        number, index = key_of(record.id)
        job = self._shelf.job(number)
        return StoredJob(
            record=record,
            spec=job.spec if index == WHOLE else None,
            share=job.shares[index] if index != WHOLE else Share(),
            attempts=tuple(record for _, record in sorted(self._attempts.get(record.id, {}).items())),
            handed_over=self._handed_over.get(record.id),
        )

    def _load(self, job: StoredJob) -> None:
        if self._shelf.load(job):
            self._attempts[job.record.id] = {record.attempt: record for record in job.attempts}
            if job.handed_over is not None:
                self._handed_over[job.record.id] = job.handed_over

    def _known(self, jobs: Collection[JobId]) -> list[JobId]:
        return [self._shelf.get(job).id for job in dict.fromkeys(jobs)]

    def _live(self, record: JobRecord) -> bool:
        return not (record.status.final and all(map(begun, self._shelf.family(record.id))))

    def _tell_of(self, kind: EventKind, job: JobRecord, at: Utc, reason: str | None = None) -> None:
        self._tell([Event(at=at, kind=kind, target=job.target, job=job.id, reason=reason)])

    def _tell(self, events: Sequence[Event]) -> tuple[Event, ...]:
        numbered = self._log.tell(events)
        self._news.announce(self._log.last)
        return numbered

    def _check(self, lease: Lease) -> Holder:
        holder = self._holders.get(lease.target)
        if holder is None or holder.epoch != lease.epoch:
            raise lease_lost(lease)
        return holder


def _fits(record: JobRecord, query: Query) -> bool:
    parent = parent_of(record.id)
    return (
        (parent == query.parent if query.parent is not None else query.subjobs or parent is None)
        and (not query.statuses or record.status in query.statuses)
        and (not query.targets or record.target in query.targets)
        and (query.name is None or fnmatchcase(record.name, storable_text(query.name)))
    )
