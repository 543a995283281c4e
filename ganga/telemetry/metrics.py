"""What Prometheus is told. Labels are names of targets and words of ours: their number does not grow with the jobs."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Lock

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

import ganga
from ganga.model.clock import Moment
from ganga.monitor.clock import system_clock
from ganga.monitor.instruments import (
    Allowed,
    Call,
    Fact,
    LeaseStep,
    LeaseTold,
    LoopHeld,
    LoopTurned,
    Outcome,
    Save,
    Standing,
    Work,
    outcome_of,
)
from ganga.telemetry.present import Present

#: Seconds; calls take from milliseconds (a local spooler) to the ten minutes of a large fetch.
CALL_BUCKETS = (0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 600)
#: Seconds; a transaction takes from a fraction of a millisecond to the patience for a lock.
SAVE_BUCKETS = (0.001, 0.005, 0.02, 0.1, 0.5, 1, 5, 30)


class Metrics(Collector):
    """An observer that counts, and that tells the present when it is asked: scrapes come in threads of their own, and
    are answered while the event loop is held too.
    """

    def __init__(self, registry: CollectorRegistry, clock: Callable[[], Moment] = system_clock) -> None:
        self._present = Present(clock)
        self._lock = Lock()
        by_target = ("target",)
        self._calls = Counter(
            "ganga_backend_calls", "Calls of back ends.", ("target", "verb", "outcome"), registry=registry
        )
        self._call_seconds = Histogram(
            "ganga_backend_call_seconds",
            "How long calls of back ends took.",
            ("target", "verb"),
            registry=registry,
            buckets=CALL_BUCKETS,
        )
        self._saves = Counter("ganga_saves", "Transactions of monitors.", ("target", "outcome"), registry=registry)
        self._save_seconds = Histogram(
            "ganga_save_seconds", "How long these took.", by_target, registry=registry, buckets=SAVE_BUCKETS
        )
        self._records = Counter("ganga_saved_records", "Changed jobs that were saved.", by_target, registry=registry)
        self._events = Counter("ganga_saved_events", "Events that were saved.", by_target, registry=registry)
        self._leases = Counter(
            "ganga_lease_changes", "Leases taken, returned and lost.", ("target", "change"), registry=registry
        )
        self._holds = Counter("ganga_event_loop_holds", "Times that the event loop was held.", registry=registry)
        registry.register(self)

    @contextmanager
    def during(self, work: Work, /) -> Iterator[None]:
        """See `Observer.during`."""
        began = time.perf_counter()
        error: BaseException | None = None
        try:
            yield
        except BaseException as raised:
            error = raised
            raise
        finally:
            self._ended(work, time.perf_counter() - began, outcome_of(error))

    def tell(self, fact: Fact, /) -> None:
        """See `Observer.tell`."""
        match fact:
            case LoopHeld():
                self._holds.inc()
            case LoopTurned():
                with self._lock:
                    self._present.turned(fact)
            case Standing():
                with self._lock:
                    self._present.stands(fact)
            case Allowed():
                with self._lock:
                    self._present.allowed(fact)
            case LeaseTold():
                with self._lock:
                    self._present.lease(fact)
                if fact.step in {LeaseStep.TAKEN, LeaseStep.RETURNED, LeaseStep.LOST}:
                    self._leases.labels(fact.target, fact.step).inc()

    def collect(self) -> Iterable[Metric]:
        """What is so at this moment, for the registry."""
        with self._lock:
            return list(self._present.metrics(ganga.__version__))

    def describe(self) -> Iterable[Metric]:
        """The same without being asked: the registry wants to know the names."""
        return self._present.described()

    def _ended(self, work: Work, seconds: float, outcome: Outcome) -> None:
        match work:
            case Call(target=target, verb=verb):
                self._calls.labels(target, verb, outcome).inc()
                self._call_seconds.labels(target, verb).observe(seconds)
            case Save(target=target):
                self._saves.labels(target, outcome).inc()
                self._save_seconds.labels(target).observe(seconds)
                if outcome is Outcome.OK:
                    self._records.labels(target).inc(work.records)
                    self._events.labels(target).inc(work.events)
            case _:
                # An order is seen in its calls.
                pass
