"""The whole machinery of the benchmarks, on stores so small that what it measures means nothing."""

from pathlib import Path

import pytest

from tests.bench.scale.growing import What, growing
from tests.bench.scale.growth import Series, drawn
from tests.bench.scale.places import SQLite, sqlite
from tests.bench.scale.session import Session, session
from tests.bench.scale.size import SMALL
from tests.bench.scale.writing import BATCHES, OURS, writing
from tests.live.needs import needs
from tests.live.postgres_server.install import check
from tests.live.system_packages import NotInstalled


@pytest.fixture
def place(tmp_path: Path) -> SQLite:
    with sqlite(tmp_path) as made:
        return made


def _judge(own: Session) -> None:
    """Every change was stored and read, and nothing was there before it happened."""
    changes = SMALL.changes / 60 * SMALL.seconds
    for load in own.loads.values():
        assert load.unstored == load.unread == 0
        assert len(load.ages) == changes
        assert len(load.deliveries) == changes * SMALL.reading * SMALL.readers
        assert load.ages[0] >= 0
    assert own.takeovers


@pytest.mark.slow
def test_monitors_and_readers_of_a_file(place: SQLite, tmp_path: Path) -> None:
    _judge(session(place, tmp_path, SMALL))


@pytest.mark.slow
def test_monitors_and_readers_of_a_server(tmp_path: Path) -> None:
    needs(check, NotInstalled)
    from tests.bench.scale.postgres import postgres  # noqa: PLC0415 - it needs what is not everywhere

    with postgres(tmp_path) as server:
        own = session(server, tmp_path, SMALL)
        _judge(own)
        assert own.idle.server is not None
        assert own.idle.server.memory > 0
        for rates in writing(server, SMALL).values():
            assert rates.keys() == {OURS, "executemany", "COPY"}


def test_ways_to_write(place: SQLite) -> None:
    rates = writing(place, SMALL)
    assert [*rates] == [*BATCHES]
    assert all(ways.keys() == {OURS, "executemany"} and min(ways.values()) > 0 for ways in rates.values())


@pytest.mark.slow
def test_growth_is_measured_and_drawn(place: SQLite, tmp_path: Path) -> None:
    points = list(growing(place, tmp_path, SMALL.growth, SMALL.followed))
    assert {(point.what, point.jobs) for point in points} == {(what, size) for what in What for size in SMALL.growth}
    picture = drawn([Series("SQLite", SMALL.followed, points)])
    assert all(str(what) in picture for what in What)
