"""What is so at this moment, as gauges: computed when it is asked for, so that what stands still grows old visibly."""

from collections import deque
from collections.abc import Callable, Iterator

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


class Present:
    """The latest that was told. Not safe for threads."""

    def __init__(self, clock: Callable[[], Moment]) -> None:
        self._clock = clock
        self._lags: deque[float] = deque([0.0], maxlen=BEATS)
        self._next_beat: Monotonic | None = None
        self._held = dict[TargetName, tuple[int, Monotonic] | None]()
        self._standings = dict[TargetName, Standing]()
        self._polling_since = dict[TargetName, Utc]()
        self._allowed = dict[TargetName, Allowed]()

    def turned(self, fact: LoopTurned) -> None:
        """The event loop is alive."""
        self._lags.append(fact.lag)
        self._next_beat = fact.next_at

    def lease(self, fact: LeaseTold) -> None:
        """Whoever no longer holds the lease of a target knows nothing more of it."""
        if fact.step in {LeaseStep.TAKEN, LeaseStep.RENEWED}:
            self._held[fact.target] = fact.epoch, self._clock().monotonic
            return
        self._held[fact.target] = None
        self._standings.pop(fact.target, None)
        self._polling_since.pop(fact.target, None)
        self._allowed.pop(fact.target, None)

    def allowed(self, fact: Allowed) -> None:
        """How often a target may be asked."""
        self._allowed[fact.target] = fact

    def stands(self, fact: Standing) -> None:
        """How a target fares. While none of its jobs is asked about there is nothing to be confirmed."""
        name, before = fact.state.name, self._standings.get(fact.state.name)
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
        """All gauges. `version` is that of ganga."""
        gauges = {gauge.name: gauge for gauge in self.described()}
        now = self._clock()
        gauges["ganga_info"].add_metric([version], 1)
        gauges["ganga_event_loop_lag_seconds"].add_metric([], self._lag(now.monotonic))
        for target, held in self._held.items():
            gauges["ganga_lease_held"].add_metric([target], held is not None)
            if held is not None:
                gauges["ganga_lease_epoch"].add_metric([target], held[0])
                gauges["ganga_lease_renewal_age_seconds"].add_metric([target], now.monotonic - held[1])
        for standing in self._standings.values():
            self._add(standing, now.utc, gauges)
        for allowed in self._allowed.values():
            gauges["ganga_budget_calls_per_second"].add_metric([allowed.target], allowed.rate)
            gauges["ganga_budget_calls_left"].add_metric([allowed.target], allowed.left)
        yield from gauges.values()

    def _lag(self, now: Monotonic) -> float:
        overdue = 0.0 if self._next_beat is None else now - self._next_beat
        return max(overdue, *self._lags)

    def _add(self, standing: Standing, now: Utc, gauges: dict[str, GaugeMetricFamily]) -> None:
        state, target = standing.state, [standing.state.name]
        for status, count in standing.jobs.items():
            if not status.final:
                gauges["ganga_jobs"].add_metric([*target, status], count)
        since = self._polling_since.get(state.name)
        if since is not None:
            confirmed = since if state.confirmed_at is None else max(since, state.confirmed_at)
            gauges["ganga_status_age_seconds"].add_metric(target, max(0.0, now - confirmed))
        gauges["ganga_target_up"].add_metric(target, state.down_since is None)
        gauges["ganga_target_paused"].add_metric(target, state.paused)
        gauges["ganga_stuck_threads"].add_metric(target, state.stuck_threads)
        if state.identity is not None and state.identity.expires_at is not None:
            gauges["ganga_credentials_left_seconds"].add_metric(target, state.identity.expires_at - now)
