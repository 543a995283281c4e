"""What is so at this moment, as gauges: computed when it is asked for, so that what stands still grows old visibly."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence

from prometheus_client.core import GaugeMetricFamily

from ganga.model.clock import Moment, Monotonic, Utc
from ganga.model.ids import TargetName
from ganga.model.status import POLLED
from ganga.monitor.instruments import Allowed, LeaseStep, LeaseTold, LoopTurned, Standing

#: Beats of the event loop of which the slowest is told: about a minute.
BEATS = 600

#: Name -> (labels, what it says).
GAUGES: dict[str, tuple[tuple[str, ...], str]] = {
    "ganga_info": (("version",), "Which ganga this is; always 1."),
    "ganga_event_loop_lag_seconds": ((), "Longest lag of the event loop in the last minute, this moment included."),
    "ganga_lease_held": (("target",), "Whether this process looks after the target."),
    "ganga_lease_epoch": (("target",), "Number of the lease that this process holds."),
    "ganga_lease_renewal_age_seconds": (("target",), "Seconds since the lease that it holds was taken or renewed."),
    "ganga_jobs": (("target", "status"), "Jobs and subjobs that are followed."),
    "ganga_status_age_seconds": (("target",), "Seconds since the statuses of all jobs there were last confirmed."),
    "ganga_target_up": (("target",), "Whether the target answers."),
    "ganga_target_paused": (("target",), "Whether somebody asked for the target to be left alone."),
    "ganga_stuck_threads": (("target",), "Calls and threads that outlived their time-out and still hang."),
    "ganga_budget_calls_per_second": (
        ("target",),
        "How often the target may be asked, by its budget.",
    ),
    "ganga_budget_calls_left": (("target",), "Calls that its budget had left then."),
    "ganga_credentials_left_seconds": (("target",), "Seconds until the credentials for the target end."),
}


#: What is told of several owners' targets of one name, where it is not the most.
_TOGETHER: dict[str, Callable[[Sequence[float]], float]] = {
    "ganga_jobs": sum,
    "ganga_stuck_threads": sum,
    "ganga_lease_held": sum,
    "ganga_target_up": min,
    "ganga_budget_calls_per_second": min,
    "ganga_budget_calls_left": min,
    "ganga_credentials_left_seconds": min,
}

#: An owner, empty where a process serves one alone, and a target.
_Own = tuple[str, TargetName]

#: A gauge, its labels, and what it has to say.
_Value = tuple[str, tuple[str, ...], float]


class Present:
    """The latest that was told. Not safe for threads."""

    def __init__(self, clock: Callable[[], Moment]) -> None:
        self._clock = clock
        self._lags: deque[float] = deque([0.0], maxlen=BEATS)
        self._next_beat: Monotonic | None = None
        # Where the process serves many, a target is each owner's own.
        self._held = dict[_Own, tuple[int, Monotonic] | None]()
        self._standings = dict[_Own, Standing]()
        self._polling_since = dict[_Own, Utc]()
        self._allowed = dict[_Own, Allowed]()

    def turned(self, fact: LoopTurned) -> None:
        """The event loop is alive."""
        self._lags.append(fact.lag)
        self._next_beat = fact.next_at

    def lease(self, fact: LeaseTold) -> None:
        """Whoever no longer holds the lease of a target knows nothing more of it."""
        own = fact.owner, fact.target
        if fact.step in {LeaseStep.TAKEN, LeaseStep.RENEWED}:
            self._held[own] = fact.epoch, self._clock().monotonic
            return
        if fact.owner and fact.step is not LeaseStep.AWAITED:
            self._held.pop(own, None)  # an owner who has left is forgotten
        else:
            self._held[own] = None
        self._standings.pop(own, None)
        self._polling_since.pop(own, None)
        self._allowed.pop(own, None)

    def allowed(self, fact: Allowed) -> None:
        """How often a target may be asked."""
        self._allowed[fact.owner, fact.target] = fact

    def stands(self, fact: Standing) -> None:
        """How a target fares. While none of its jobs is asked about there is nothing to be confirmed."""
        name = fact.owner, fact.state.name
        before = self._standings.get(name)
        self._standings[name] = fact
        if not any(fact.jobs[status] for status in POLLED):
            self._polling_since.pop(name, None)
        elif name not in self._polling_since:
            known = fact.state.confirmed_at if before is None else None
            self._polling_since[name] = self._clock().utc if known is None else known

    def described(self) -> Iterator[GaugeMetricFamily]:
        """All gauges, without values."""
        for name, (labels, text) in GAUGES.items():
            yield GaugeMetricFamily(name, text, labels=labels)

    def metrics(self, version: str) -> Iterator[GaugeMetricFamily]:
        """All gauges. `version` is that of ganga. Of many owners' targets of one name the worst is told: the oldest,
        the least; and of jobs and threads, how many there are in all.
        """
        now = self._clock()
        values: dict[str, dict[tuple[str, ...], list[float]]] = {name: {} for name in GAUGES}
        for name, labels, value in (("ganga_info", (version,), 1.0), *self._values(now)):
            values[name].setdefault(labels, []).append(value)
        for gauge in self.described():
            for labels, several in values[gauge.name].items():
                gauge.add_metric(labels, _TOGETHER.get(gauge.name, max)(several))
            yield gauge

    def _values(self, now: Moment) -> Iterator[_Value]:
        """What each gauge has to tell of each owner's target."""
        yield "ganga_event_loop_lag_seconds", (), self._lag(now.monotonic)
        for (_, target), held in self._held.items():
            yield "ganga_lease_held", (target,), float(held is not None)
            if held is not None:
                yield "ganga_lease_epoch", (target,), held[0]
                yield "ganga_lease_renewal_age_seconds", (target,), now.monotonic - held[1]
        for own, standing in self._standings.items():
            yield from self._of(standing, self._polling_since.get(own), now.utc)
        for (_, target), allowed in self._allowed.items():
            yield "ganga_budget_calls_per_second", (target,), allowed.rate
            yield "ganga_budget_calls_left", (target,), allowed.left

    def _lag(self, now: Monotonic) -> float:
        overdue = 0.0 if self._next_beat is None else now - self._next_beat
        return max(overdue, *self._lags)

    def _of(self, standing: Standing, polling_since: Utc | None, now: Utc) -> Iterator[_Value]:
        state, target = standing.state, (standing.state.name,)
        for status, count in standing.jobs.items():
            if not status.final:
                yield "ganga_jobs", (*target, status), count
        if polling_since is not None:
            confirmed = polling_since if state.confirmed_at is None else max(polling_since, state.confirmed_at)
            yield "ganga_status_age_seconds", target, max(0.0, now - confirmed)
        yield "ganga_target_up", target, float(state.down_since is None)
        yield "ganga_target_paused", target, float(state.paused)
        yield "ganga_stuck_threads", target, state.stuck_threads
        if state.identity is not None and state.identity.expires_at is not None:
            yield "ganga_credentials_left_seconds", target, state.identity.expires_at - now
