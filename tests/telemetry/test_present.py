"""Ages are those of the moment that somebody asks, and what another process looks after is left to that one."""

import pytest
from msgspec.structs import replace

from ganga.model.clock import Moment, Monotonic, Utc
from ganga.model.identity import Identity
from ganga.model.ids import TargetName
from ganga.model.job import TargetState
from ganga.model.status import JobStatus
from ganga.monitor.instruments import Allowed, LeaseStep, LeaseTold, LoopTurned, Standing
from ganga.telemetry.present import BEATS, GAUGES, Present

SITE = TargetName("site")
NOON = 1_800_000_000.0
NONE = dict.fromkeys(JobStatus, 0)
RUNNING = NONE | {JobStatus.RUNNING: 2}


class Watched:
    """The gauges of a process in which time passes as the test says."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.present = Present(self.clock)
        self.state = TargetState(name=SITE)

    def clock(self) -> Moment:
        return Moment(Monotonic(1000.0 + self.seconds), Utc(NOON + self.seconds))

    def stands(self, jobs: dict[JobStatus, int], confirmed_at: float | None = None) -> None:
        confirmed = None if confirmed_at is None else Utc(NOON + confirmed_at)
        self.present.stands(Standing(replace(self.state, confirmed_at=confirmed), jobs))

    def value(self, name: str, **labels: str) -> float | None:
        metrics = {metric.name: metric for metric in self.present.metrics("1.2.3")}
        values = [sample.value for sample in metrics[name].samples if labels.items() <= sample.labels.items()]
        assert len(values) <= 1
        return values[0] if values else None


def test_every_gauge_is_described_and_told_even_if_empty() -> None:
    watched = Watched()
    assert [metric.name for metric in watched.present.described()] == list(GAUGES)
    assert [metric.name for metric in watched.present.metrics("1.2.3")] == list(GAUGES)
    assert watched.value("ganga_info", version="1.2.3") == 1


def test_the_age_of_a_status_grows_until_it_is_confirmed() -> None:
    watched = Watched()
    watched.stands(RUNNING, confirmed_at=-30.0)
    assert watched.value("ganga_status_age_seconds") == 30.0
    watched.seconds = 10.0
    assert watched.value("ganga_status_age_seconds") == 40.0
    watched.stands(RUNNING, confirmed_at=9.0)
    assert watched.value("ganga_status_age_seconds") == 1.0


def test_without_jobs_nothing_grows_old() -> None:
    watched = Watched()
    watched.stands(NONE, confirmed_at=-1e6)
    assert watched.value("ganga_status_age_seconds") is None
    watched.stands(RUNNING, confirmed_at=-1e6)
    watched.seconds = 2.0
    assert watched.value("ganga_status_age_seconds") == 2.0, "the first job after a quiet weekend"
    watched.stands(NONE | {JobStatus.COMPLETING: 1}, confirmed_at=-1e6)
    assert watched.value("ganga_status_age_seconds") is None


def test_a_target_that_never_answered_grows_old_too() -> None:
    watched = Watched()
    watched.stands(RUNNING)
    watched.seconds = 600.0
    watched.stands(RUNNING)
    assert watched.value("ganga_status_age_seconds") == 600.0


def test_a_lease_and_what_goes_with_it() -> None:
    watched = Watched()
    watched.present.lease(LeaseTold(SITE, LeaseStep.AWAITED))
    assert watched.value("ganga_lease_held", target="site") == 0
    watched.present.lease(LeaseTold(SITE, LeaseStep.TAKEN, 7))
    watched.stands(RUNNING)
    watched.seconds = 3.0
    assert watched.value("ganga_lease_held") == 1
    assert watched.value("ganga_lease_epoch") == 7
    assert watched.value("ganga_lease_renewal_age_seconds") == 3.0
    watched.present.lease(LeaseTold(SITE, LeaseStep.RENEWED, 7))
    assert watched.value("ganga_lease_renewal_age_seconds") == 0.0
    watched.present.lease(LeaseTold(SITE, LeaseStep.LOST, 7))
    assert watched.value("ganga_lease_held") == 0
    for gone in ("ganga_lease_epoch", "ganga_jobs", "ganga_target_up", "ganga_status_age_seconds"):
        assert watched.value(gone) is None


def test_how_often_a_target_may_be_asked_is_told_by_who_asks() -> None:
    watched = Watched()
    watched.present.lease(LeaseTold(SITE, LeaseStep.TAKEN, 7))
    watched.present.allowed(Allowed(SITE, 2.5, 4.0))
    watched.present.allowed(Allowed(SITE, 1.75, 0.5))
    assert watched.value("ganga_budget_calls_per_second", target="site") == 1.75
    assert watched.value("ganga_budget_calls_left", target="site") == 0.5
    watched.present.lease(LeaseTold(SITE, LeaseStep.RETURNED, 7))
    assert watched.value("ganga_budget_calls_per_second") is None


def test_the_lag_is_the_longest_of_a_minute_and_grows_while_the_loop_is_held() -> None:
    watched = Watched()
    watched.present.turned(LoopTurned(0.5, Monotonic(1000.1)))
    assert watched.value("ganga_event_loop_lag_seconds") == 0.5
    watched.seconds = 30.1
    assert watched.value("ganga_event_loop_lag_seconds") == pytest.approx(30.0)
    for _ in range(BEATS):
        watched.present.turned(LoopTurned(0.01, Monotonic(1030.2)))
    assert watched.value("ganga_event_loop_lag_seconds") == 0.01


def test_how_a_target_fares() -> None:
    watched = Watched()
    watched.state = TargetState(
        name=SITE,
        down_since=Utc(NOON),
        paused=True,
        stuck_threads=3,
        identity=Identity(name="somebody", expires_at=Utc(NOON + 60.0)),
    )
    watched.stands(RUNNING)
    assert watched.value("ganga_jobs", status="running") == 2
    assert watched.value("ganga_jobs", status="held") == 0
    assert watched.value("ganga_jobs", status="completed") is None
    assert watched.value("ganga_target_up") == 0
    assert watched.value("ganga_target_paused") == 1
    assert watched.value("ganga_stuck_threads") == 3
    assert watched.value("ganga_credentials_left_seconds") == 60.0


def test_of_several_owners_the_worst_is_told_and_the_sum_of_their_jobs() -> None:
    watched = Watched()
    for owner, down_since, confirmed_at, expires_at in (("ada", None, -5.0, 60.0), ("bob", -9.0, -50.0, 3600.0)):
        state = TargetState(
            name=SITE,
            down_since=None if down_since is None else Utc(NOON + down_since),
            confirmed_at=Utc(NOON + confirmed_at),
            stuck_threads=1,
            identity=Identity(name=owner, expires_at=Utc(NOON + expires_at)),
        )
        watched.present.lease(LeaseTold(SITE, LeaseStep.TAKEN, 1, owner))
        watched.present.stands(Standing(state, RUNNING, owner))
    assert watched.value("ganga_jobs", target=SITE, status="running") == 4
    assert watched.value("ganga_stuck_threads") == 2
    assert watched.value("ganga_status_age_seconds") == 50.0
    assert watched.value("ganga_target_up") == 0
    assert watched.value("ganga_credentials_left_seconds") == 60.0
    assert watched.value("ganga_lease_held") == 2
    for metric in watched.present.metrics("1.2.3"):
        assert not [label for sample in metric.samples for label in sample.labels.values() if label in {"ada", "bob"}]


def test_an_owner_who_has_left_is_not_remembered() -> None:
    watched = Watched()
    for owner in ("ada", "bob"):
        watched.present.lease(LeaseTold(SITE, LeaseStep.TAKEN, 1, owner))
        watched.present.stands(Standing(watched.state, RUNNING, owner))
    watched.present.lease(LeaseTold(SITE, LeaseStep.RETURNED, 1, "bob"))
    assert watched.value("ganga_jobs", status="running") == 2
    assert watched.value("ganga_lease_held") == 1
    assert len(watched.present._held) == 1
