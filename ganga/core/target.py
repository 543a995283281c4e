"""All that is decided about the jobs of one target: what to ask of its back end, when, and what the replies mean."""

from collections.abc import Iterable, Mapping
from random import Random

from msgspec.structs import replace

from ganga.core.circuit import Circuit
from ganga.core.family import Families
from ganga.core.lane import Lane
from ganga.core.news import Draft
from ganga.core.orders import (
    Answered,
    CatchUp,
    Ending,
    Failed,
    Find,
    Finish,
    Finished,
    Found,
    JobAttempt,
    Kill,
    KillSent,
    Order,
    Requested,
    Result,
    Submit,
    Submitted,
    Sweep,
)
from ganga.core.pacing import Pacer
from ganga.core.patience import Absences
from ganga.core.questions import Questions
from ganga.core.reconcile import accepted, ended, nothing_new, reconcile, to_submit
from ganga.core.sweep import Sweeper
from ganga.model.clock import Moment, Monotonic, Utc
from ganga.model.event import EventKind
from ganga.model.ids import Cursor, JobId, NativeId, TargetName, parent_of
from ganga.model.job import JobRecord, TargetState
from ganga.model.policy import Policy
from ganga.model.status import JobStatus
from ganga.model.update import Update


class TargetTracker:
    """The jobs of one target. No I/O, no clock: a day of ten thousand jobs and three outages is a loop over numbers."""

    def __init__(
        self, name: TargetName, policy: Policy, random: Random, *, feed: bool = False, state: TargetState | None = None
    ) -> None:
        self.name = name
        self.state = state or TargetState(name=name)
        self._policy = policy
        self._records: dict[JobId, JobRecord] = {}
        self._by_native: dict[NativeId, JobRecord] = {}
        self._polled: dict[NativeId, None] = {}
        self._families = Families()
        self._absences = Absences(policy.patience)
        self._sweeper = Sweeper(policy.sweep, policy.sweep_width, random)
        self._feed = Pacer(policy.feed, random) if feed else None
        self._submit: Lane[JobId] = Lane(policy.submit, random)
        self._find: Lane[JobId] = Lane(policy.find, random)
        self._kill: Lane[NativeId] = Lane(policy.kill, random)
        self._finish: Lane[JobAttempt] = Lane(policy.finish, random)
        self._circuit = Circuit(policy.failures_until_down)
        self._questions = Questions()

    def __repr__(self) -> str:
        return f"<TargetTracker {self.name}: {len(self._records)} jobs, {len(self._polled)} polled>"

    def __len__(self) -> int:
        return len(self._records)

    def record(self, job: JobId) -> JobRecord | None:
        """The record of a job that is followed, as the tracker sees it now."""
        return self._records.get(job)

    @property
    def interval(self) -> float:
        """Seconds from one sweep to the next while all is well."""
        return self._sweeper.interval

    def due(self, moment: Moment) -> list[Order]:
        """What is to be done now. Each order must come back as one result (an answer may come in parts)."""
        if self.state.paused:
            return []
        now = moment.monotonic
        orders: list[Order] = [Find(self.name, jobs) for jobs in self._find.take(now)]
        orders += [Submit(self.name, jobs) for jobs in self._submit.take(now)]
        orders += [Kill(self.name, ids) for ids in self._kill.take(now)]
        orders += [Finish(self.name, jobs) for jobs in self._finish.take(now)]
        for ids in self._sweeper.take(self._polled, now, moment.utc):
            orders.append(Sweep(self.name, ids, self._questions.ask(now, ids)))
        if self._feed is not None and self._polled and not self._questions.feeding and self._feed.next_at <= now:
            self._feed.asked(now)
            cursor = None if self.state.cursor is None else Cursor(self.state.cursor)
            orders.append(CatchUp(self.name, cursor, self._questions.ask(now)))
        return orders

    def next_wakeup(self) -> Monotonic | None:
        """When `due` may have something; None if nothing will be due before another result comes."""
        if self.state.paused:
            return None
        wakeups = [
            self._find.next_wakeup(),
            self._submit.next_wakeup(),
            self._kill.next_wakeup(),
            self._finish.next_wakeup(),
            self._sweeper.next_wakeup(self._polled),
        ]
        if self._feed is not None and self._polled and not self._questions.feeding:
            wakeups.append(self._feed.next_at)
        return min((wakeup for wakeup in wakeups if wakeup is not None), default=None)

    def receive(self, results: Iterable[Result], moment: Moment) -> Update:
        """What follows from the results. The update must be stored before anybody is told of it."""
        draft = Draft(self.name, moment.utc)
        for result in results:
            self._digest(result, moment, draft)
        for job in self._families.touched():
            self._settle(job, moment.utc, draft)
        return draft.finish()

    def _digest(self, result: Result, moment: Moment, draft: Draft) -> None:  # noqa: C901 - one arm for each kind
        match result:
            case Answered():
                self._answered(result, moment, draft)
            case Submitted():
                self._submitted(result, moment, draft)
            case Found():
                self._found(result, moment, draft)
            case KillSent(order):
                self._kill.done(order.ids)
                for native_id in order.ids:
                    if native_id in self._polled:
                        self._kill.postpone(native_id, Monotonic(moment.monotonic + self._policy.kill_again))
            case Finished():
                self._finished(result, moment, draft)
            case Failed():
                self._failed(result, moment, draft)
            case Requested():
                self._requested(result, moment, draft)
        if not isinstance(result, Failed | Finished | Requested):
            self._heard(draft)

    # Questions and their answers

    def _answered(self, result: Answered, moment: Moment, draft: Draft) -> None:
        order, answer = result.order, result.answer
        number, now, at = order.number, moment.monotonic, moment.utc
        by_native, changes = self._by_native, 0
        for native_id, seen in answer.seen.items():
            record = by_native.get(native_id)
            if record is None or nothing_new(record, seen) or self._questions.outdated(number, native_id, seen, record):
                continue
            told = reconcile(record, seen, at)
            if told is not None:
                changes += 1
                self._questions.heard(number, native_id)
                self._replace(record, told, draft)
        self._absences.seen(answer.seen.keys())
        if isinstance(order, Sweep):
            unspoken = self._questions.unspoken(number, answer.seen.keys())
            if result.last:
                changes += self._denied(answer.absent & unspoken, moment, draft)
                self._fall_silent(unspoken, at, draft)
        if result.last:
            self._questions.close(number)
            self._close_question(order, answer.cursor, changes, now, draft)

    def _close_question(
        self, order: Sweep | CatchUp, cursor: Cursor | None, changes: int, now: Monotonic, draft: Draft
    ) -> None:
        if isinstance(order, Sweep):
            confirmed_at = self._sweeper.answered(now, changes)
            if confirmed_at is not None:
                self._change_state(draft, replace(self.state, confirmed_at=confirmed_at))
        elif self._feed is not None:
            self._feed.answered(now, changes)
            if cursor is not None and cursor != self.state.cursor:
                self._change_state(draft, replace(self.state, cursor=cursor))

    def _denied(self, absent: Iterable[NativeId], moment: Moment, draft: Draft) -> int:
        lost = 0
        for native_id in absent:
            record = self._by_native.get(native_id)
            if record is None or not record.status.polled or not self._absences.denied(native_id, moment.monotonic):
                continue
            lost += 1
            minutes = round(self._policy.patience.seconds / 60)
            reason = (
                f"{self.name} has denied for {minutes} minutes that it knows {native_id}; how it ended is not known"
            )
            self._replace(record, replace(ended(record, JobStatus.LOST, reason, moment.utc)), draft)
        return lost

    def _fall_silent(self, unspoken: Iterable[NativeId], at: Utc, draft: Draft) -> None:
        for native_id in unspoken:
            record = self._by_native.get(native_id)
            if record is not None and record.status.polled and record.silent_since is None:
                confirmed_at = record.confirmed(self.state)
                self._replace(record, replace(record, confirmed_at=confirmed_at, silent_since=at), draft)

    # Submission

    def _submitted(self, result: Submitted, moment: Moment, draft: Draft) -> None:
        self._submit.done(result.order.jobs)
        self._accept(result.accepted, moment, draft)
        for job in result.order.jobs:
            record = self._records.get(job)
            if record is None or record.status is not JobStatus.SUBMITTING:
                continue
            if job in result.rejected:
                self._replace(record, ended(record, JobStatus.FAILED, result.rejected[job], moment.utc), draft)
            else:
                self._find.add(job)

    def _found(self, result: Found, moment: Moment, draft: Draft) -> None:
        self._find.done(result.order.jobs)
        self._accept(result.present, moment, draft)
        for job in result.order.jobs:
            record = self._records.get(job)
            if record is None or record.status is not JobStatus.SUBMITTING:
                continue
            if job not in result.absent:
                self._find.retry(job, moment.monotonic)
            elif record.kill_requested_by is not None:
                self._kill_unsubmitted(record, moment.utc, draft)
            else:
                self._submit.add(job)

    def _accept(self, receipts: Mapping[JobId, NativeId], moment: Moment, draft: Draft) -> None:
        for job, native_id in receipts.items():
            record = self._records.get(job)
            if record is not None and record.status is JobStatus.SUBMITTING:
                self._replace(record, accepted(record, native_id, moment.utc), draft)
        if receipts:
            self._sweeper.hurry(moment.monotonic)

    def _kill_unsubmitted(self, record: JobRecord, at: Utc, draft: Draft) -> None:
        reason = f"killed as {record.kill_requested_by} asked, before it was submitted"
        self._replace(record, ended(record, JobStatus.KILLED, reason, at), draft)

    # The end

    def _finished(self, result: Finished, moment: Moment, draft: Draft) -> None:
        self._finish.done(result.order.jobs)
        for item in result.order.jobs:
            record = self._records.get(item.job)
            if record is None or record.status is not JobStatus.COMPLETING or record.attempt != item.attempt:
                continue
            if item.job in result.endings:
                self._end(record, result.endings[item.job], moment.utc, draft)
                continue
            error = result.errors.get(item.job, "the retrieval did not say why")
            if self._finish.retry(item, moment.monotonic) >= self._policy.finish_attempts:
                missing = f"output missing, `ganga fetch {item.job}` tries again: {error}"
                reason = f"{record.reason}; {missing}" if record.reason else missing
                self._end(record, Ending(record.outcome or JobStatus.FAILED, reason), moment.utc, draft)

    def _end(self, record: JobRecord, ending: Ending, at: Utc, draft: Draft) -> None:
        self._finish.discard(JobAttempt(record.id, record.attempt))
        final = ended(record, ending.status, ending.reason, at)
        if record.subjobs is not None:
            final = replace(final, outcome=record.outcome)
        self._replace(record, final, draft)
        if ending.resubmit:
            self._replace(final, to_submit(final), draft)

    # Failures

    def _failed(self, result: Failed, moment: Moment, draft: Draft) -> None:  # noqa: C901 - one arm for each kind
        order, now = result.order, moment.monotonic
        match order:
            case Sweep(ids=ids):
                self._sweeper.failed(ids, now)
                self._questions.close(order.number)
            case CatchUp():
                if self._feed is not None:
                    self._feed.failed(now)
                self._questions.close(order.number)
            case Submit(jobs=jobs):
                self._submit.failed(jobs, now)
                self._look_for(jobs)
            case Find(jobs=jobs):
                self._find.failed(jobs, now)
                self._look_for(jobs)
            case Kill(ids=ids):
                self._kill.failed(ids, now)
                for native_id in ids:
                    if native_id in self._polled:
                        self._kill.add(native_id)
            case Finish(jobs=items):
                self._finish.failed(items, now)
                for item in items:
                    record = self._records.get(item.job)
                    if record is not None and record.status is JobStatus.COMPLETING and record.attempt == item.attempt:
                        self._finish.add(item)
                return
        if self._circuit.failed(moment.utc):
            self._change_state(draft, replace(self.state, down_since=self._circuit.failing_since, error=result.error))
            draft.target(EventKind.TARGET_DOWN, result.error)

    def _look_for(self, jobs: Iterable[JobId]) -> None:
        for job in jobs:
            record = self._records.get(job)
            if record is not None and record.status is JobStatus.SUBMITTING:
                self._find.add(job)

    def _heard(self, draft: Draft) -> None:
        self._circuit.closed()
        if self.state.down_since is not None:
            self._change_state(draft, replace(self.state, down_since=None, error=None))
            draft.target(EventKind.TARGET_UP, None)

    # Requests

    def _requested(self, result: Requested, moment: Moment, draft: Draft) -> None:
        if result.paused is not None:
            self.state = replace(self.state, paused=result.paused)
        for job in result.removed:
            self._forget(job)
        for parent, counts in result.families.items():
            if parent not in self._families:
                self._families.add(parent, counts)
        for record in result.records:
            self._take_up(record, moment, draft, in_doubt=result.in_doubt)
        for job in result.refresh:
            known = self._records.get(job)
            if known is not None and known.native_id in self._by_native:
                self._sweeper.refresh([known.native_id])

    def _take_up(self, record: JobRecord, moment: Moment, draft: Draft, *, in_doubt: bool) -> None:
        known = self._records.get(record.id)
        if known is None:
            known = record
            if record.status is JobStatus.SUBMITTING and in_doubt and record.subjobs is None:
                self._find.add(record.id)
        else:
            # What a person asked for is theirs to write; the rest of the record is ours, and newer here.
            asked_by, wanted = record.kill_requested_by, record.wanted_attempt
            known = replace(known, kill_requested_by=asked_by, wanted_attempt=max(wanted, known.wanted_attempt))
        self._index(known)
        if known.subjobs is not None:
            return
        if known.wanted_attempt > known.attempt and (known.status.final or known.status is JobStatus.NEW):
            self._replace(known, to_submit(known), draft)
        elif known.kill_requested_by is not None and self._unsubmitted(known):
            self._submit.discard(known.id)
            self._kill_unsubmitted(known, moment.utc, draft)
        if known.status.polled:
            self._sweeper.hurry(moment.monotonic)

    def _unsubmitted(self, record: JobRecord) -> bool:
        if record.status is JobStatus.SUBMITTING:
            return record.id not in self._find and not self._submit.under_way(record.id)
        return record.status is JobStatus.NEW

    # The jobs that are followed

    def _replace(self, old: JobRecord, new: JobRecord, draft: Draft) -> None:
        draft.change(old, new)
        if old.native_id is not None and old.native_id != new.native_id:
            self._unpoll(old.native_id)
        parent = parent_of(new.id)
        if parent is not None and parent in self._families and new.status is not old.status:
            self._families.move(parent, old.status, new.status)
        if new.status.final and new.status is not JobStatus.LOST:
            self._forget(new.id)
        else:
            self._index(new)

    def _index(self, record: JobRecord) -> None:
        """Enter the record where its status belongs."""
        self._records[record.id] = record
        if record.subjobs is not None:
            if record.status is JobStatus.COMPLETING and record.outcome is not None:
                self._finish.add(JobAttempt(record.id, record.attempt))
            return
        if record.native_id is not None:
            self._by_native[record.native_id] = record
            if record.status.polled:
                self._polled[record.native_id] = None
                if record.kill_requested_by is not None:
                    self._kill.add(record.native_id)
            else:
                self._polled.pop(record.native_id, None)
                self._kill.discard(record.native_id)
        if record.status is JobStatus.COMPLETING:
            self._finish.add(JobAttempt(record.id, record.attempt))
        elif record.status is JobStatus.SUBMITTING and record.id not in self._find:
            self._submit.add(record.id)

    def _forget(self, job: JobId) -> None:
        record = self._records.pop(job, None)
        if record is None:
            return
        self._submit.discard(job)
        self._find.discard(job)
        self._finish.discard(JobAttempt(job, record.attempt))
        if record.native_id is not None:
            self._unpoll(record.native_id)
        self._families.discard(job)

    def _unpoll(self, native_id: NativeId) -> None:
        self._by_native.pop(native_id, None)
        self._polled.pop(native_id, None)
        self._kill.discard(native_id)
        self._absences.seen((native_id,))

    def _settle(self, job: JobId, at: Utc, draft: Draft) -> None:
        parent = self._records.get(job)
        if parent is None:
            return
        settled = self._families.settle(parent, at)
        if settled is not parent:
            if settled.outcome is None:
                self._finish.discard(JobAttempt(job, parent.attempt))
            draft.change(parent, settled)
            self._index(settled)
        if settled.status.final and not self._families.lost(job):
            self._forget(job)

    def _change_state(self, draft: Draft, state: TargetState) -> None:
        self.state = state
        draft.state(state)
