"""As of when a status is true."""

from msgspec.structs import replace

from ganga.model.clock import Utc
from ganga.model.job import TargetState
from ganga.model.status import JobStatus
from tests.core.examples import TARGET, record


def test_a_sweep_confirms_unchanged_live_jobs() -> None:
    state = TargetState(name=TARGET, confirmed_at=Utc(2000.0))
    assert record(status=JobStatus.RUNNING).confirmed(state) == 2000.0


def test_a_sweep_confirms_nothing_else() -> None:
    state = TargetState(name=TARGET, confirmed_at=Utc(2000.0))
    running = record(status=JobStatus.RUNNING)
    assert replace(running, silent_since=Utc(1500.0)).confirmed(state) == 950.0
    assert record(status=JobStatus.COMPLETED).confirmed(state) == 950.0
    assert running.confirmed(None) == 950.0
    assert running.confirmed(TargetState(name=TARGET)) == 950.0


def test_an_older_sweep_takes_nothing_back() -> None:
    state = TargetState(name=TARGET, confirmed_at=Utc(920.0))
    running = record(status=JobStatus.RUNNING)
    assert running.confirmed(state) == 950.0
    assert replace(running, confirmed_at=None).confirmed(state) == 920.0
    assert replace(running, confirmed_at=None, created_at=Utc(930.0)).confirmed(state) is None
