"""All programs side by side, as tables."""

import sys
from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from tests.bench.batch.ends import Judged
from tests.bench.batch.loads import INTERVAL, Load

WIDTH = 150


def show_loads(title: str, loads: Mapping[str, Load]) -> None:
    """Print them where errors go: what a program reads is the figures."""
    table = Table(
        "",
        "calls a minute",
        "while jobs end",
        "CPU of the monitor, ms a minute",
        "CPU of the daemons, ms a minute",
        "while jobs end, and for these",
        "age of an end, s",
        "untold",
        title=f"{title}, asked every {INTERVAL:g} s",
    )
    for name, load in loads.items():
        calls = (f"{calls:.0f}" for calls in (load.calls, load.busy_calls))
        works = (f"{seconds * 1e3:,.0f}" for seconds in (load.work, load.daemons, load.busy_daemons))
        table.add_row(name, *calls, *works, f"{load.age:.2f}", str(load.untold))
    _print(table)


def show_ends(judged: Mapping[str, Judged]) -> None:
    """Likewise, with what was said wrong."""
    table = Table("", "right", "wrong", "lost", "which", title="Ends of jobs on Slurm, and what is said of them")
    for name, own in judged.items():
        wrong = [f"{kind}: {', '.join(counts)}" for kind, counts in own.wrong.items()]
        lost = [f"{kind}: nothing" for kind in own.lost]
        table.add_row(name, str(own.right), str(own.wrongs), str(own.lost.total()), "; ".join(wrong + lost))
    _print(table)


def _print(table: Table) -> None:
    Console(stderr=True, width=None if sys.stderr.isatty() else WIDTH).print(table)
