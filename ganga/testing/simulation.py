"""Days of a target's life in seconds: the core with a made-up batch system, as a plain loop over numbers."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from random import Random
from typing import assert_never

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
    Requested,
    Result,
    Submit,
    Submitted,
    Sweep,
)
from ganga.core.tracker import Tracker
from ganga.model.clock import Utc
from ganga.model.event import Event
from ganga.model.ids import JobId, Tag, TargetName, job_id
from ganga.model.job import JobRecord
from ganga.model.policy import Policy
from ganga.model.status import JobStatus
from ganga.model.update import Update
from ganga.testing.clock import VirtualClock
from ganga.testing.world import Script, World

TARGET = TargetName("simulated")


@dataclass(frozen=True, slots=True)
class Outage:
    """From when to when no call works, in seconds since the start."""

    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class Simulated:
    """What came of a simulation. Times are virtual seconds."""

    seconds: float
    #: How often each kind of order went out (``Sweep``, ``Submit``), and how many jobs these named in all.
    calls: Mapping[str, int]
    named: Mapping[str, int]
    #: How many records were stored, and the events in order.
    changes: int
    events: Sequence[Event]
    #: For each job that ended: how long that took to be known.
    ages: Sequence[float]
    #: How many jobs stood where at the end.
    statuses: Mapping[JobStatus, int]


def simulate(
    scripts: Iterable[Script],
    *,
    policy: Policy | None = None,
    seconds: float = 86400.0,
    latency: float = 0.5,
    outages: Sequence[Outage] = (),
    seed: int = 0,
) -> Simulated:
    """Submit a job for each script at once and follow them until all have ended, or for so many seconds.

    Each call takes `latency` seconds; one that begins or ends in an outage fails.
    """
    return _Simulation(policy or Policy(), latency, tuple(outages), seed=seed).run(list(scripts), seconds)


class _Simulation:
    def __init__(self, policy: Policy, latency: float, outages: tuple[Outage, ...], *, seed: int) -> None:
        self._clock = VirtualClock()
        random = Random(seed)  # noqa: S311 - chance that can be repeated, no secret
        self._tracker = Tracker(TARGET, policy, random)
        self._world = World()
        self._latency = latency
        self._outages = outages
        self._scripts: dict[JobId, Script] = {}
        self._records: dict[JobId, JobRecord] = {}
        self._live = 0
        self._out: list[tuple[float, int, Order]] = []
        self._calls: Counter[str] = Counter()
        self._named: Counter[str] = Counter()
        self._changes = 0
        self._events: list[Event] = []
        self._ages: list[float] = []

    def run(self, scripts: list[Script], seconds: float) -> Simulated:
        self._create(scripts)
        while self._live and self._clock.elapsed < seconds:
            for order in self._tracker.due(self._clock()):
                self._send(order)
            self._wait(seconds)
            while self._out and self._out[0][0] <= self._clock.elapsed:
                self._receive(self._carry_out(heappop(self._out)[2]))
        return Simulated(
            self._clock.elapsed,
            self._calls,
            self._named,
            self._changes,
            self._events,
            self._ages,
            Counter(record.status for record in self._records.values()),
        )

    def _create(self, scripts: list[Script]) -> None:
        at = self._clock().utc
        for number, script in enumerate(scripts, 1):
            record = JobRecord(
                id=job_id(number),
                name="",
                target=TARGET,
                status=JobStatus.SUBMITTING,
                created_at=at,
                attempt=1,
                wanted_attempt=1,
            )
            self._scripts[record.id], self._records[record.id] = script, record
        self._live = len(scripts)
        self._receive(Requested(TARGET, tuple(self._records.values())))

    def _send(self, order: Order) -> None:
        kind = type(order).__name__
        self._calls[kind] += 1
        self._named[kind] += 0 if isinstance(order, CatchUp) else _size(order)
        heappush(self._out, (self._clock.elapsed + self._latency, self._calls.total(), order))

    def _wait(self, seconds: float) -> None:
        wakeup = self._tracker.next_wakeup()
        times = [seconds, *(self._out[0][:1] if self._out else ()), *(() if wakeup is None else (wakeup,))]
        self._clock.advance(max(min(times) - self._clock.elapsed, 0.0))

    def _receive(self, result: Result) -> None:
        update = self._tracker.receive([result], self._clock())
        self._changes += len(update.records)
        self._events += update.events
        self._count(update)

    def _count(self, update: Update) -> None:
        for record in update.records:
            old = self._records[record.id]
            self._records[record.id] = record
            if record.status.final and not old.status.final:
                self._live -= 1
            if record.status is JobStatus.COMPLETING and record.ended_at is not None:
                self._ages.append(self._clock().utc - record.ended_at)

    def _carry_out(self, order: Order) -> Result:  # noqa: PLR0911 - one for each kind of order
        now = self._clock.elapsed
        if any(outage.begin < now and now - self._latency < outage.end for outage in self._outages):
            return Failed(order, "the outage of the simulation")
        at = Utc(self._clock().utc)
        match order:
            case Sweep(ids=ids):
                return Answered(order, self._world.poll(ids, at))
            case CatchUp(since=since):
                return Answered(order, self._world.changes(since, at))
            case Submit():
                return self._submit(order, at)
            case Find():
                return self._find(order)
            case Kill(ids=ids):
                for native_id in ids:
                    self._world.kill(native_id, at)
                return KillSent(order)
            case Finish(jobs=items):
                return Finished(order, {item.job: self._ending(item.job) for item in items})
            case _:
                assert_never(order)

    def _submit(self, order: Submit, at: Utc) -> Submitted:
        refused = {job: why for job in order.jobs if (why := self._scripts[job].rejected) is not None}
        accepted = {
            job: self._world.accept(Tag(job), self._scripts[job], at) for job in order.jobs if job not in refused
        }
        return Submitted(order, accepted, refused)

    def _find(self, order: Find) -> Found:
        there = {job: self._world.find(Tag(job)) for job in order.jobs}
        present = {job: native_id for job, native_id in there.items() if native_id is not None}
        return Found(order, present, frozenset(order.jobs) - present.keys())

    def _ending(self, job: JobId) -> Ending:
        record = self._records[job]
        return Ending(record.outcome or record.status, record.reason)


def _size(order: Sweep | Submit | Find | Kill | Finish) -> int:
    return len(order.ids) if isinstance(order, Sweep | Kill) else len(order.jobs)
