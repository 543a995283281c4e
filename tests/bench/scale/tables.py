"""All stores side by side, as tables."""

import sys
from collections.abc import Callable, Mapping, Sequence
from statistics import median

from rich.console import Console
from rich.table import Table

from tests.bench.scale.costs import Costs
from tests.bench.scale.load import Load
from tests.bench.scale.places import Spent
from tests.bench.scale.session import Session
from tests.bench.scale.size import Size

WIDTH = 150
#: Minutes of an hour.
_HOUR = 60

_ROWS: Mapping[str, Callable[[Load], str]] = {
    "changes a second, stored / wanted": lambda load: f"{load.stored:.0f} / {load.wanted:.0f}",
    "changes not stored; not read": lambda load: f"{load.unstored}; {load.unread}",
    "change to event, s: median / p99": lambda load: _middle_and_end(load.ages),
    "event to each reader, s: median / p99": lambda load: _middle_and_end(load.deliveries),
    "CPU, s a minute: monitors": lambda load: f"{load.costs.monitors.work:.1f}",
    "CPU, s a minute: readers": lambda load: f"{load.costs.readers.work:.1f}",
    "CPU, s a minute: server": lambda load: _server(load.costs, lambda spent: f"{spent.work:.1f}"),
    "memory, MB: monitors": lambda load: f"{load.costs.monitors.memory / 1e6:,.0f}",
    "memory, MB: readers": lambda load: f"{load.costs.readers.memory / 1e6:,.0f}",
    "memory, MB: server": lambda load: _server(load.costs, lambda spent: f"{spent.memory / 1e6:,.0f}"),
}

_OTHERS: Mapping[str, Callable[[Session], str]] = {
    "seconds to fill the store": lambda own: f"{own.filled_in:.0f}",
    "take-over, s: median / longest": lambda own: _middle_and_end(own.takeovers, 1.0),
    "idle hour: CPU of the monitor, s": lambda own: f"{own.idle.monitors.work * _HOUR:.0f}",
    "idle hour: written by the monitor, MB": lambda own: f"{own.idle.monitors.written * _HOUR / 1e6:.1f}",
    "idle hour: CPU of the server, s": lambda own: _server(own.idle, lambda spent: f"{spent.work * _HOUR:.0f}"),
    "idle hour: transactions": lambda own: _server(own.idle, lambda spent: f"{spent.transactions * _HOUR:,}"),
    "idle hour: log of the server, MB": lambda own: _server(
        own.idle, lambda spent: f"{spent.written * _HOUR / 1e6:.1f}"
    ),
}


def show_sessions(sessions: Sequence[Session], size: Size) -> None:
    """Print them where errors go: what a program reads is the figures."""
    title = (
        f"{size.stored:,} jobs, {size.live:,} of them followed, at {size.targets} targets; {size.changes:,.0f} changes "
        f"a minute; {size.reading * size.readers} readers"
    )
    columns = [(own.name, count, load) for own in sessions for count, load in own.loads.items()]
    table = Table("", *(f"{name}, {count} monitor{'s' * (count > 1)}" for name, count, _ in columns), title=title)
    for what, told in _ROWS.items():
        table.add_row(what, *(told(load) for _, _, load in columns))
    _print(table)
    others = Table("", *(own.name for own in sessions), title="Take-over, and an hour in which nothing happens")
    for what, tell in _OTHERS.items():
        others.add_row(what, *map(tell, sessions))
    _print(others)


def show_writing(rates: Mapping[str, Mapping[int, Mapping[str, float]]]) -> None:
    """Likewise, records a second."""
    table = Table("", "at once", "way", "records a second", title="Saving changes, with one event each")
    for store, by_batch in rates.items():
        for batch, ways in by_batch.items():
            for way, rate in ways.items():
                table.add_row(store, f"{batch:,}", way, f"{rate:,.0f}")
    _print(table)


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which so many of these lie, which are in order."""
    return values[min(int(len(values) * share), len(values) - 1)]


def _middle_and_end(values: Sequence[float], share: float = 0.99) -> str:
    return f"{median(values):.3f} / {quantile(values, share):.3f}" if values else "-"


def _server(costs: Costs, told: Callable[[Spent], str]) -> str:
    return "-" if costs.server is None else told(costs.server)


def _print(table: Table) -> None:
    Console(stderr=True, width=None if sys.stderr.isatty() else WIDTH).print(table)
