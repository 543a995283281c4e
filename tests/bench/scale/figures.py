"""Figures of a store of a million jobs in which much happens, each kind of store beside the others.

Takes about five minutes for each. Where no PostgreSQL is provisioned, it is left out. The tables of `tables` tell more
than the figures, which are what has a goal.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.bench.figures import Figure, at_least, at_most
from tests.bench.scale.load import Load
from tests.bench.scale.moving import NEWS
from tests.bench.scale.places import kinds
from tests.bench.scale.session import Session, session
from tests.bench.scale.size import FULL, SMALL, Size
from tests.bench.scale.tables import quantile, show_sessions, show_writing
from tests.bench.scale.writing import OURS, writing

#: Of the changes that there are, those that are stored meanwhile: what changes in the last second is stored behind it.
_IN_TIME = 0.95
#: Seconds from a change to its event beyond the time between two questions: half of that on average, all of it at most.
_MEDIAN_AGE, _LAST_AGE = NEWS / 2 + 0.5, NEWS + 2.0
#: Seconds from a stored event to its reader.
_MEDIAN_DELIVERY, _LAST_DELIVERY = 0.1, 1.0
#: Seconds beyond the lease, which runs out first.
_TAKEOVER = 3.0
#: Share of a processor that an idle monitor takes.
_IDLE = 0.1
#: What our care may cost beside each way to write without it.
_WRITING = {"executemany": 0.5, "COPY": 0.4}


def figures(*, small: bool = False) -> Iterator[Figure]:
    """All figures, measured now."""
    size = SMALL if small else FULL
    sessions, rates = [], {}
    for kind in kinds():
        with TemporaryDirectory() as name, kind(Path(name)) as place:
            sessions.append(session(place, Path(name), size))
        with TemporaryDirectory() as name, kind(Path(name)) as place:
            rates[place.name] = writing(place, size)
    show_sessions(sessions, size)
    show_writing(rates)
    for own in sessions:
        yield from _of_session(own, size)
    for store, by_batch in rates.items():
        yield from _of_writing(store, by_batch)


def _of_session(own: Session, size: Size) -> Iterator[Figure]:
    what = f"{own.name}, {size.stored:,} jobs"
    for count, load in own.loads.items():
        yield from _of_load(f"{what}, {count} monitor{'s' * (count > 1)}", load)
    last, limit = max(own.takeovers), size.lease + _TAKEOVER
    yield at_most(f"{what}: longest take-over", last, "s", limit, f"the lease and {_TAKEOVER:g} s")
    work = own.idle.monitors.work / 60
    yield at_most(f"{what}: CPU of an idle monitor", work, "of a CPU", _IDLE, f"at most {_IDLE:g}")


def _of_load(what: str, load: Load) -> Iterator[Figure]:
    goal = f"{_IN_TIME:.0%} of those that there are"
    yield at_least(f"{what}: changes stored", load.stored, "a second", _IN_TIME * load.wanted, goal)
    lost = load.unstored + load.unread
    events = len(load.ages) + len(load.deliveries) + lost
    yield Figure(f"{what}: changes not stored or not read", lost, "of all", events, lost / events, "none", met=not lost)
    for kind, times, middle, end in (
        ("change to event", load.ages, _MEDIAN_AGE, _LAST_AGE),
        ("event to reader", load.deliveries, _MEDIAN_DELIVERY, _LAST_DELIVERY),
    ):
        yield at_most(f"{what}: {kind}, median", median(times), "s", middle, f"<= {middle:g} s")
        yield at_most(f"{what}: {kind}, p99", quantile(times, 0.99), "s", end, f"<= {end:g} s")


def _of_writing(store: str, by_batch: Mapping[int, Mapping[str, float]]) -> Iterator[Figure]:
    for batch, rates in by_batch.items():
        for way in rates.keys() & _WRITING.keys():
            share = _WRITING[way]
            name = f"saving changes, {store}, {batch} at once, beside {way}"
            goal = f"at least {share:g} times the rate of bare {way}"
            yield at_least(name, rates[OURS], "records/s", share * rates[way], goal)
