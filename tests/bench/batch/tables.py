"""All programs side by side, as tables."""

import sys
from collections.abc import Callable, Mapping, Sequence

from rich.console import Console
from rich.table import Table

from tests.bench.batch.ends import Judged
from tests.bench.batch.loads import INTERVAL, Load
from tests.bench.batch.ways import BARE, CONDOR, FEED, OVER_REST, PARSL, PSIJ, SLURM, SWEEP, THERE

WIDTH = 150
#: What the README calls the programs.
_ROWS = {
    SLURM: {
        BARE: "Slurm: a bare loop (`squeue`, and `sacct` for what it leaves out)",
        SWEEP: "ganga",
        FEED: "ganga with `completion_log`",
        OVER_REST: "ganga with `rest_url`",
        PSIJ: "PSI/J",
        PARSL: "Parsl's `SlurmProvider`",
    },
    CONDOR: {
        BARE: "HTCondor: a bare loop (`condor_q`, and `condor_history`)",
        SWEEP: "ganga, asking only",
        FEED: "ganga with its event log",
        PARSL: "Parsl's `CondorProvider`",
    },
}


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


def show_for_the_readme(found: Mapping[str, Mapping[int, Mapping[str, Load]]]) -> None:
    """The loads by their system and the number of jobs, as the lines of a table."""
    for system, loads in found.items():
        for name in [name for name in THERE[system] if all(name in own for own in loads.values())]:
            cells = [_cell([own[name] for own in loads.values()], show) for show in _SHOWN]
            sys.stderr.write(f"| {' | '.join([_ROWS[system][name], *cells])} |\n")


_SHOWN: Sequence[Callable[[Load], str]] = (
    lambda load: f"{load.calls:.0f}",
    lambda load: f"{load.busy_calls:.0f}",
    lambda load: f"{load.daemons * 1e3:,.0f}",
    lambda load: f"{load.age:.1f}",
)


def _cell(loads: Sequence[Load], show: Callable[[Load], str]) -> str:
    return " / ".join(map(show, loads))


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
