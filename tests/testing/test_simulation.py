"""Days of a target's life, in a second."""

import pytest

from ganga.model.event import EventKind
from ganga.model.policy import Pace, Policy, Width
from ganga.model.status import JobStatus
from ganga.testing.simulation import Outage, simulate
from ganga.testing.world import Script


def test_a_day_with_three_outages_ends_as_the_scripts_say() -> None:
    scripts = [Script(queued=n % 900, running=60.0 * (n % 700), exit_code=n % 10 == 0) for n in range(2000)]
    outages = [Outage(0.0, 300.0), Outage(7200.0, 10800.0), Outage(20000.0, 20600.0)]
    day = simulate(scripts, outages=outages)
    assert day.statuses == {JobStatus.COMPLETED: 1800, JobStatus.FAILED: 200}
    told = [event.kind for event in day.events if event.job is None]
    assert told == [EventKind.TARGET_DOWN, EventKind.TARGET_UP] * 3
    assert len(day.ages) == 2000
    assert sorted(day.ages)[1000] < 300.0
    assert max(day.ages) < 4500.0


def test_cost_follows_change() -> None:
    """Jobs that run all day cost questions at the slowest pace, and no write."""
    day = simulate([Script(running=1e9)] * 1500, seconds=43200.0)
    assert day.changes == 3000
    assert day.calls["Sweep"] <= 2 * (43200 / 300 + 50)
    assert day.statuses == {JobStatus.RUNNING: 1500}


@pytest.mark.parametrize("feed", [False, True])
def test_a_feed_brings_news_sooner(*, feed: bool) -> None:
    policy = Policy(
        sweep=Pace(fastest=600.0, slowest=600.0),
        feed=Pace(fastest=10.0, slowest=10.0) if feed else None,
        finish=Width(batch=100),
    )
    day = simulate([Script(running=100.0 + n) for n in range(100)], policy=policy)
    assert (max(day.ages) < 30.0) is feed
    assert (day.calls.get("CatchUp", 0) > 0) is feed


def test_refusals_are_failures() -> None:
    assert simulate([Script(rejected="no such queue")]).statuses == {JobStatus.FAILED: 1}
