"""A monitor without a loop: a tracker, a store, a batch system that may fail in all ways, and the laws as checks."""

import dataclasses
from collections import Counter
from dataclasses import dataclass
from random import Random

from msgspec.structs import replace

from ganga.core.orders import (
    Answered,
    CatchUp,
    Ending,
    Failed,
    Find,
    Finish,
    Finished,
    Found,
    Kill,
    KillSent,
    Order,
    Presented,
    Recalled,
    Requested,
    Result,
    Submit,
    Submitted,
    Sweep,
)
from ganga.core.reconcile import nothing_new
from ganga.core.tracker import Tracker
from ganga.model.clock import Moment, Monotonic, Utc
from ganga.model.event import Event, EventKind
from ganga.model.identity import Identity
from ganga.model.ids import Cursor, JobId, NativeId, Tag, job_id, parent_of
from ganga.model.job import JobRecord, TargetState
from ganga.model.observation import Answer
from ganga.model.status import ENDED, JobStatus, derived_status, may_follow
from ganga.model.update import Update
from ganga.testing.world import Script, World
from tests.core.examples import FEED, POLICY, TARGET

Told = tuple[JobStatus, int, bool]
_LIVE_UNSEEN = frozenset({JobStatus.NEW, JobStatus.SUBMITTING, JobStatus.LOST})


@dataclass
class Out:
    """An order that is being carried out, with the answer as the back end would give it at the time of asking."""

    order: Order
    asked: Answer


class Harness:
    """Everything around the core. Each step checks the laws that concern it."""

    def __init__(self, *, feed: bool, seed: int = 0) -> None:
        self.world = World()
        self.now = 0.0
        self.scripts: dict[JobId, Script] = {}
        self.records: dict[JobId, JobRecord] = {}
        self.told: dict[JobId, Told] = {}
        self.state = TargetState(name=TARGET)
        self.down = False
        self._policy = POLICY if feed else dataclasses.replace(POLICY, feed=None)
        self.out: list[Out] = []
        self.denied: Counter[NativeId] = Counter()
        self._random = Random(seed)
        self._asked_at: dict[NativeId, float] = {}
        self._refreshed_at: dict[NativeId, float] = {}
        self._fed_at = -1000.0
        self._jobs = 0
        #: Credentials whose end was told.
        self._warned: list[Identity] = []
        #: Until when the target has asked to be left alone.
        self._left_alone_until = -1000.0
        #: Jobs that the back end has run again since there is a feed to tell of it.
        self._rerun: set[NativeId] = set()
        #: Jobs of others, by their native ids, that this monitor has looked up in the store.
        self._looked_up: set[NativeId] = set()
        #: The attempt of each job that was handed over last, which is noted before the back end hears of it.
        self._handed_over: dict[JobId, int] = {}
        self.tracker = self._new_tracker()

    @property
    def moment(self) -> Moment:
        return Moment(Monotonic(self.now), Utc(1e6 + self.now))

    def present(self, identity: Identity) -> None:
        """The target takes us for somebody from now on."""
        if identity != self.tracker.state.identity:
            self.receive(Presented(TARGET, identity))

    # What people do

    def create(self, script: Script, status: JobStatus = JobStatus.SUBMITTING, subjobs: int | None = None) -> JobId:
        self._jobs += 1
        whole = job_id(self._jobs)
        ids = [whole] if subjobs is None else [whole, *(job_id(self._jobs, index) for index in range(subjobs))]
        attempt = 1 if status is JobStatus.SUBMITTING else 0
        for job in ids:
            record = JobRecord(
                id=job,
                name="",
                target=TARGET,
                status=status,
                created_at=self.moment.utc,
                attempt=attempt,
                wanted_attempt=attempt,
                subjobs=subjobs if job == whole else None,
                postprocessed=job == whole and self._jobs % 2 == 0,
            )
            self.records[job] = record
            self.told[job] = (status, attempt, False)
            self.scripts[job] = script
        self._request(whole)
        return whole

    def kill(self, job: JobId) -> None:
        for member in self._members(job):
            if not self.records[member].status.final:
                self.records[member] = replace(self.records[member], kill_requested_by="ada")
        self._request(job)

    def resubmit(self, job: JobId) -> None:
        for member in self._members(job):
            record = self.records[member]
            again = record.status.final or record.status is JobStatus.NEW
            if again and record.subjobs is None and record.wanted_attempt <= record.attempt:
                wanted = record.attempt + 1
                self.records[member] = replace(record, wanted_attempt=wanted, kill_requested_by=None)
        self._request(job)

    def refresh(self, job: JobId) -> None:
        for member in self._members(job):
            native_id = self.records[member].native_id
            if native_id is not None:
                self._refreshed_at[native_id] = self.now
        self._request(job, refresh=True)

    def pause(self, *, paused: bool) -> None:
        self.state = replace(self.state, paused=paused)
        self.receive(Requested(TARGET, paused=paused))

    # What the back end does by itself

    def requeue(self, native_id: NativeId) -> None:
        """Run the job again, also after its end; the feed tells of it, if there is one."""
        self.world.requeue(native_id, self.moment.utc)
        if self.state.cursor is not None:
            self._rerun.add(native_id)

    # What the monitor does

    def wake(self) -> None:
        for order in self.tracker.due(self.moment):
            self._check_order(order)
            answer = Answer()
            if isinstance(order, Sweep):
                answer = self.world.poll(order.ids, self.moment.utc)
            elif isinstance(order, CatchUp):
                answer = self._news(order.since)
            self.out.append(Out(order, answer))

    def restart(self, landed: int) -> None:
        """The monitor dies; what was under way reached the back end or not, as the bits of `landed` say."""
        for position, out in enumerate(self.out):
            if landed >> (position % 8) & 1:
                self.carry_out(out.order)
        self.out.clear()
        self.tracker = self._new_tracker()

    def receive(self, result: Result, *, stored: bool = True) -> None:
        expect_quiet = isinstance(result, Answered) and self._nothing_new(result)
        if isinstance(result, Failed) and result.retry_after is not None:
            self._left_alone_until = max(self._left_alone_until, self.now + result.retry_after)
        before = self.tracker.state
        update = self.tracker.receive([*self._recalled(result), result], self.moment)
        if expect_quiet:
            asked_for = {event.job for event in update.events if event.kind is EventKind.CONFIRMED}
            assert {changed.id for changed in update.records} == asked_for, "an unchanged job costs no write"
            assert all(self.records[job].native_id in self._refreshed_at for job in asked_for if job is not None)
        if not stored:
            self.restart(0)
            return
        self._save(update, silent=isinstance(result, Failed) and not isinstance(result.order, Finish))
        assert update.state is not None or before is self.tracker.state or isinstance(result, Requested)

    def carry_out(self, order: Order) -> Result:
        """What the back end does when all is well."""
        now = self.moment.utc
        match order:
            case Sweep(ids=ids):
                return Answered(order, self.world.poll(ids, now))
            case CatchUp(since=since):
                return Answered(order, self._news(since))
            case Submit(jobs=jobs):
                return Submitted(order, {job: self.world.accept(self.tag(job), self.scripts[job], now) for job in jobs})
            case Find(jobs=jobs):
                there = {job: self.world.find(self.tag(job)) for job in jobs}
                present = {job: native_id for job, native_id in there.items() if native_id is not None}
                return Found(order, present, frozenset(jobs) - present.keys())
            case Kill(ids=ids):
                for native_id in ids:
                    self.world.kill(native_id, now)
                return KillSent(order)
            case Finish(jobs=items):
                return Finished(order, {item.job: self._ending(item.job) for item in items})

    def tag(self, job: JobId) -> Tag:
        record = self.tracker.record(job) or self.records[job]
        return Tag(f"{job}#{record.attempt}")

    def calm(self, seconds: float = 1500.0) -> None:
        """Nothing fails any more: within bounded time every job reaches its true end."""
        end = self.now + seconds
        if self.state.paused:
            self.pause(paused=False)
        steps = 0
        while self.now < end and not self.settled():
            steps += 1
            assert steps < 10 * seconds, f"{self.tracker!r} is woken for nothing: {self._open()}"
            while self.out:
                self.receive(self.carry_out(self.out.pop(0).order))
            self.wake()
            wakeup = self.tracker.next_wakeup()
            if not self.out and not self.settled():
                assert wakeup is not None, f"{self.tracker!r} would sleep for ever over {self._open()}"
                self.now = max(self.now, min(wakeup, end))
        assert self.settled(), f"not at the end after {seconds} calm seconds: {self._open()}"
        for record in self.records.values():
            self._check_true_end(record)
        self.check_families()

    def settled(self) -> bool:
        return not self._open()

    def check_families(self) -> None:
        """A job with subjobs is what its subjobs make it."""
        for record in self.records.values():
            if record.subjobs is not None:
                counts = Counter(r.status for r in self.records.values() if parent_of(r.id) == record.id)
                derived = derived_status(counts)
                truth = record.outcome if derived.final else record.status
                assert truth is derived, f"{record} has subjobs {counts}"

    # The laws

    def _save(self, update: Update, *, silent: bool) -> None:
        assert not (silent and update.records), "silence is not an answer"
        for event in update.events:
            self._tell(event)
        for new in update.records:
            old = self.records[new.id]
            self._check_change(old, new)
            assert self.told[new.id] == _told(new), f"{new} is not what was told: {update.events}"
            kept = max(new.wanted_attempt, old.wanted_attempt)
            wanted_by = None if old.status in ENDED and new.attempt > old.attempt else old.kill_requested_by
            self.records[new.id] = replace(new, kill_requested_by=wanted_by, wanted_attempt=kept)
            assert new.kill_requested_by == wanted_by, "who asked for the end is not the monitor's to write"
        for old in update.attempts:
            assert self.records[old.id].attempt > old.attempt
        if update.state is not None:
            self.state = replace(update.state, paused=self.state.paused)

    def _tell(self, event: Event) -> None:
        if event.kind is EventKind.CREDENTIALS_EXPIRING:
            identity = self.tracker.state.identity
            assert identity is not None
            assert identity.about_to_end(event.at)
            assert identity not in self._warned, "told once of each"
            self._warned.append(identity)
            return
        if event.job is None:
            assert event.kind is (EventKind.TARGET_UP if self.down else EventKind.TARGET_DOWN), "told once"
            self.down = not self.down
            return
        status, attempt, silent = self.told[event.job]
        assert event.old in {None, status}, f"{event} does not follow {status}"
        if event.new is not None:
            assert event.attempt is not None
            assert event.attempt >= attempt
            silent = silent and event.new is JobStatus.LOST
            status, attempt = event.new, event.attempt
        silent = event.kind is EventKind.FELL_SILENT or (silent and event.kind is not EventKind.HEARD_AGAIN)
        self.told[event.job] = (status, attempt, silent)

    def _check_change(self, old: JobRecord, new: JobRecord) -> None:
        if new.subjobs is not None:
            return
        if old.status.final and old.status is not JobStatus.LOST:
            assert new.attempt > old.attempt, f"final is final: {old} became {new}"
        if new.attempt == old.attempt and new.status is not old.status:
            assert may_follow(old.status, new.status), f"{old} became {new}"
        if new.native_id is None or new.status in _LIVE_UNSEEN:
            if new.status is JobStatus.LOST and old.status is not JobStatus.LOST:
                assert self.denied[old.native_id or NativeId("")] >= POLICY.patience.denials, "lost without denials"
            return
        truth = self.world.observe(new.native_id, self.moment.utc)
        if truth.restart == new.restart and (new.status.final or new.status is JobStatus.COMPLETING):
            assert truth.status.final, f"{new} has not ended: {truth}"

    def _check_order(self, order: Order) -> None:
        out = [other.order for other in self.out]
        assert not self.state.paused
        assert self.now >= self._left_alone_until, "a target that asked for it is left alone"
        match order:
            case Sweep(ids=ids):
                assert len(ids) <= POLICY.sweep_width.batch
                assert sum(isinstance(other, Sweep) for other in out) < POLICY.sweep_width.parallel
                for native_id in ids:
                    asked_at = self._asked_at.get(native_id, -1000.0)
                    wanted = self.now - self._refreshed_at.get(native_id, -1000.0) < 200.0
                    assert (
                        wanted or self.now - asked_at >= POLICY.sweep.fastest / 2 - 1e-6
                    ), f"{native_id} asked too soon"
                    self._asked_at[native_id] = self.now
            case CatchUp():
                assert not any(isinstance(other, CatchUp) for other in out)
                assert self.now - self._fed_at >= FEED.fastest - 1e-6
                self._fed_at = self.now
            case Submit(jobs=jobs):
                assert len(jobs) <= POLICY.submit.batch
                for job in jobs:
                    assert self.world.find(self.tag(job)) is None, f"{job} is submitted twice"
                    self._handed_over[job] = self.records[job].attempt
            case _:
                width = POLICY.finish.parallel + POLICY.postprocess.parallel if isinstance(order, Finish) else 1
                assert sum(type(other) is type(order) for other in out) < width

    def failed_sweep(self, ids: tuple[NativeId, ...]) -> None:
        for native_id in ids:
            self._refreshed_at[native_id] = self.now

    def _check_true_end(self, record: JobRecord) -> None:
        if record.native_id is None or record.status is JobStatus.LOST:
            return
        truth = self.world.observe(record.native_id, self.moment.utc)
        if truth.restart == record.restart:
            assert record.status is truth.status, f"{record} ended as {truth}"

    def _nothing_new(self, result: Answered) -> bool:
        if isinstance(result.order, Sweep) and result.last and set(result.order.ids) - result.answer.seen.keys():
            return False
        by_native = {record.native_id: record for record in self.records.values()}
        known = ((by_native.get(native_id), seen) for native_id, seen in result.answer.seen.items())
        return all(record is None or nothing_new(record, seen) for record, seen in known)

    # Details

    def _news(self, since: Cursor | None) -> Answer:
        """With any count, right or wrong: it may hasten a sweep, within its pace, and change nothing else."""
        return dataclasses.replace(
            self.world.changes(since, self.moment.utc), living=self._random.choice([None, 0, 1, 5])
        )

    def _new_tracker(self) -> Tracker:
        self.tracker = Tracker(TARGET, self._policy, self._random, state=self.state)
        self._asked_at.clear()
        # What it asked the last monitor is not known to the next.
        self._left_alone_until = -1000.0
        self._looked_up.clear()
        self._fed_at = -1000.0
        self.receive(Requested(TARGET, families=self._families(None)))
        live = [r for r in self.records.values() if not r.status.final or r.wanted_attempt > r.attempt]
        in_doubt = frozenset(r.id for r in live if self._handed_over.get(r.id) == r.attempt)
        for begin in range(0, len(live), 2):
            self.receive(Requested(TARGET, tuple(live[begin : begin + 2]), in_doubt=in_doubt))
        return self.tracker

    def _request(self, job: JobId, *, refresh: bool = False) -> None:
        whole = parent_of(job) or job
        parents = (self.records[whole],) if whole != job else ()
        self.receive(Requested(TARGET, parents, self._families(whole)))
        members = self._members(job)
        for begin in range(0, len(members), 2):
            page = tuple(self.records[member] for member in members[begin : begin + 2])
            self.receive(Requested(TARGET, page, refresh=tuple(r.id for r in page) if refresh else ()))

    def _recalled(self, result: Result) -> list[Recalled]:
        """What the store knows of the native ids that the result speaks of and that are not followed."""
        recall = self.tracker.recall([result])
        if recall is None:
            return []
        ended = {r.native_id: r for r in self.records.values() if r.status.final}
        records = {native_id: ended[native_id] for native_id in recall.ids if native_id in ended}
        others = set(recall.ids) - {r.native_id for r in self.records.values()}
        assert not others & self._looked_up, "nobody is asked twice about the jobs of others"
        self._looked_up |= others
        wholes = {parent for r in records.values() if (parent := parent_of(r.id)) is not None}
        families = {whole: counts for parent in wholes for whole, counts in self._families(parent).items()}
        return [Recalled(recall, records, tuple(self.records[whole] for whole in wholes), families)]

    def _families(self, whole: JobId | None) -> dict[JobId, Counter[JobStatus]]:
        families: dict[JobId, Counter[JobStatus]] = {}
        for record in self.records.values():
            family = parent_of(record.id)
            if family is not None and (whole == family or (whole is None and not self.records[family].status.final)):
                families.setdefault(family, Counter())[record.status] += 1
        return families

    def _members(self, job: JobId) -> list[JobId]:
        return [job, *(member for member in self.records if parent_of(member) == job)]

    def _ending(self, job: JobId) -> Ending:
        record = self.records[job]
        # Of a job whose subjobs run again meanwhile the outcome is gone, and what came of its end does not count.
        return Ending(record.outcome or JobStatus.COMPLETED, record.reason)

    def _open(self) -> list[JobRecord]:
        return [
            r for r in self.records.values() if (not r.status.final and r.status is not JobStatus.NEW) or self._deaf(r)
        ]

    def _deaf(self, record: JobRecord) -> bool:
        """Whether the feed has told, or will tell, of a run of the job that is not known yet."""
        if record.native_id is None or record.native_id not in self._rerun:
            return False
        return self.world.observe(record.native_id, self.moment.utc).restart > record.restart


def _told(record: JobRecord) -> Told:
    return record.status, record.attempt, record.silent_since is not None
