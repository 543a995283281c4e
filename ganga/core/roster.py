"""The jobs of one target: where the record of each says that it belongs, and all that waits to be done for them."""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping
from operator import attrgetter
from random import Random

from ganga.core.census import Ours
from ganga.core.family import Families
from ganga.core.finishing import Finishing
from ganga.core.lane import Lane
from ganga.core.news import Draft
from ganga.core.orders import JobAttempt
from ganga.core.past import Past
from ganga.core.patience import Absences
from ganga.core.sweep import Sweeper
from ganga.core.tally import Tally
from ganga.model.ids import JobId, NativeId, parent_of
from ganga.model.job import JobRecord
from ganga.model.observation import Observation
from ganga.model.policy import Policy
from ganga.model.status import POLLED, JobStatus

_ID = attrgetter("id")


class Roster:
    """What is to be done for a job follows from its record: entering the record is all it takes."""

    #: So many jobs that are over are remembered, so that a record read from the store before that is known to be old.
    MEMORY = 10_000
    #: So many jobs with subjobs are followed beyond their end, since subjobs may be tried again.
    FAMILIES = 1_000

    __slots__ = (
        "_by_native",
        "_guests",
        "_over",
        "_records",
        "absences",
        "awaited",
        "families",
        "find",
        "finish",
        "kill",
        "kill_again",
        "past",
        "policy",
        "submit",
        "sweeper",
        "tally",
    )

    def __init__(self, policy: Policy, random: Random) -> None:
        self.policy = policy
        self._records: dict[JobId, JobRecord] = {}
        self._by_native: dict[NativeId, JobRecord] = {}
        self._guests: set[NativeId] = set()
        self._over: OrderedDict[JobId, int] = OrderedDict()
        #: Jobs that somebody waits to hear of.
        self.awaited: set[NativeId] = set()
        self.families = Families()
        self.past = Past()
        self.tally = Tally()
        self.absences = Absences(policy.patience)
        self.sweeper = Sweeper(policy.sweep, policy.sweep_width, random)
        self.submit: Lane[JobId] = Lane(policy.submit, random)
        self.find: Lane[JobId] = Lane(policy.find, random)
        self.kill: Lane[NativeId] = Lane(policy.kill, random)
        #: Those whose end the back end was asked for, so that a first request never stands behind a repeated one.
        self.kill_again: Lane[NativeId] = Lane(policy.kill, random)
        self.finish = Finishing(policy, random)

    def __len__(self) -> int:
        return len(self._records)

    def get(self, job: JobId) -> JobRecord | None:
        """The record of a job; None if it is not followed."""
        return self._records.get(job)

    def named(self, native_id: NativeId) -> JobRecord | None:
        """The record of the job that the back end calls so; None if none is followed."""
        return self._by_native.get(native_id)

    def submitting(self, jobs: Iterable[JobId]) -> Iterator[JobRecord]:
        """The records of those of the jobs whose submission is not decided yet."""
        for job in jobs:
            record = self._records.get(job)
            if record is not None and record.status is JobStatus.SUBMITTING:
                yield record

    def completing(self, item: JobAttempt) -> JobRecord | None:
        """The record of a job if it is this attempt whose end is to be seen to."""
        record = self._records.get(item.job)
        if record is None or record.attempt != item.attempt or record.status is not JobStatus.COMPLETING:
            return None
        return record if record.outcome is not None else None

    def to_kill(self, native_ids: Iterable[NativeId]) -> Iterator[NativeId]:
        """Those of the jobs that live although somebody asked for their end."""
        for native_id in native_ids:
            record = self._by_native.get(native_id)
            if record is not None and _to_be_killed(record):
                yield native_id

    def replace(self, old: JobRecord, new: JobRecord, draft: Draft) -> None:
        """A record changed: it is told, and entered where it belongs now."""
        draft.change(old, new)
        parent = parent_of(new.id)
        if parent is not None and new.status is not old.status:
            self.families.move(parent, old.status, new.status)
        if new.attempt != old.attempt:
            self.finish.discard(old)
        if old.native_id is not None and old.native_id != new.native_id:
            self._drop(old.native_id)
        self.put(new)

    def put(self, record: JobRecord) -> None:
        """Enter the record where it belongs: nowhere, if nothing more is expected of its job."""
        if record.subjobs is not None:
            self._put_family(record)
        elif record.status.final and record.status is not JobStatus.LOST:
            self._conclude(record)
        else:
            self.visit(record)
            self._queue(record)

    def visit(self, record: JobRecord) -> None:
        """Know the record, so that evidence of its job is heard, without anything to be done for it."""
        self.tally.replaced(self._records.get(record.id), record)
        self._records[record.id] = record
        if record.native_id is not None:
            self._by_native[record.native_id] = record

    def admit(self, records: Collection[JobRecord]) -> list[JobRecord]:
        """Follow live jobs of which nothing is known yet, all at once: on taking over, most are. Returns the others."""
        known, over = self._records, self._over
        strangers: list[JobRecord] = []
        others: list[JobRecord] = []
        for record in records:
            new = record.id not in known and record.id not in over
            plain = record.status in POLLED and record.native_id is not None and record.kill_requested_by is None
            (strangers if new and plain else others).append(record)
        named = {record.native_id: record for record in strangers if record.native_id is not None}
        self._records.update(zip(map(_ID, strangers), strangers, strict=True))
        self.tally.added(strangers)
        self._by_native.update(named)
        self.sweeper.welcome(named.keys())
        return others

    def unknown(self, seen: Mapping[NativeId, Observation]) -> list[NativeId]:
        """Those of the jobs that are not followed, and of which the store may know."""
        named, concerns = self._by_native, self.past.concerns
        return [name for name, told in seen.items() if name not in named and concerns(name, told.restart)]

    def believed(self) -> Ours:
        """How many jobs there are to be counted at the back end, as far as is known here."""
        return Ours(len(self.sweeper), self.sweeper.arrived, settled=not (len(self.submit) or len(self.find)))

    def others_ended(self, seen: Mapping[NativeId, Observation]) -> int:
        """How many of these are jobs of others that have ended."""
        return sum(told.status.final and self.past.is_strange(name) for name, told in seen.items())

    def invite(self, record: JobRecord) -> None:
        """Know the record of a job that is over, until an answer has spoken of it once more."""
        self.visit(record)
        if record.native_id is not None:
            self._guests.add(record.native_id)

    def dismiss(self, answered: Iterable[NativeId]) -> None:
        """All was heard of these that is to be heard: those that are still over are no longer followed."""
        if not self._guests:
            return
        leaving = self._guests.intersection(answered)
        self._guests -= leaving
        for native_id in leaving:
            record = self._by_native.get(native_id)
            if record is not None and record.status.final:
                self.put(record)

    def refresh(self, native_ids: Collection[NativeId]) -> None:
        """Somebody wants to know about these now, also if nothing is new."""
        self.sweeper.refresh(native_ids)
        self.awaited.update(native_ids)

    def forget(self, job: JobId) -> None:
        """The job is no longer followed."""
        record = self._records.pop(job, None)
        if record is None:
            return
        self.tally.replaced(record, None)
        self.submit.discard(job)
        self.find.discard(job)
        self.finish.discard(record)
        self.families.discard(job)
        if record.native_id is not None:
            self._drop(record.native_id)

    def over(self, record: JobRecord) -> bool:
        """Whether the record was read before its attempt ended, which it has by now."""
        return not record.status.final and self._over.get(record.id, -1) >= record.attempt

    def _conclude(self, record: JobRecord) -> None:
        self.forget(record.id)
        if record.native_id is not None:
            self.past.ended(record.native_id, record.restart)
        self._over[record.id] = record.attempt
        self._over.move_to_end(record.id)
        if len(self._over) > self.MEMORY:
            self._over.popitem(last=False)

    def _put_family(self, record: JobRecord) -> None:
        self.visit(record)
        if record.status is JobStatus.COMPLETING and record.outcome is not None:
            self.finish.add(record)
        else:
            self.finish.discard(record)
        for job in self.families.retire(record, self.FAMILIES):
            self.forget(job)

    def _queue(self, record: JobRecord) -> None:
        if record.native_id is not None:
            self._follow(record.native_id, record)
        if record.status is not JobStatus.SUBMITTING:
            self.submit.discard(record.id)
            self.find.discard(record.id)
        elif record.id not in self.find:
            self.submit.add(record.id)
        if record.status is JobStatus.COMPLETING:
            self.finish.add(record)

    def _follow(self, native_id: NativeId, record: JobRecord) -> None:
        if record.status.polled:
            self.sweeper.add(native_id)
        else:
            self.sweeper.discard(native_id)
        if not _to_be_killed(record):
            self._spare(native_id)
        elif native_id not in self.kill_again:
            self.kill.add(native_id)

    def _drop(self, native_id: NativeId) -> None:
        self._by_native.pop(native_id, None)
        self.awaited.discard(native_id)
        self.sweeper.discard(native_id)
        self._spare(native_id)
        self.absences.seen((native_id,))

    def _spare(self, native_id: NativeId) -> None:
        self.kill.discard(native_id)
        self.kill_again.discard(native_id)


def _to_be_killed(record: JobRecord) -> bool:
    return record.status.polled and record.kill_requested_by is not None
