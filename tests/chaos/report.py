"""What came of a run, for people and for machines."""

import json
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from tests.chaos.figures import Delays
from tests.chaos.plan import Fault
from tests.chaos.run import Outcome

#: Breaches of one law that are shown to people.
SHOWN = 5
WIDTH = 120


def print_plan(faults: Sequence[Fault], console: Console) -> None:
    """What is going to happen."""
    table = Table("second", "for", "fault", "host", "degree", title="Plan")
    for fault in faults:
        table.add_row(f"{fault.at:.2f}", f"{fault.seconds:.2f}", fault.kind, str(fault.host), f"{fault.degree:.2f}")
    console.print(table)


def print_outcome(outcome: Outcome, console: Console) -> None:
    """How each law fared, and how late the news was."""
    figures = outcome.figures
    laws = Table("law", "breaches", "the first of them", title="Judgement")
    for law, breaches in outcome.breaches.items():
        laws.add_row(law, str(len(breaches)), "\n".join(breaches[:SHOWN]))
    console.print(laws)
    stale = Table("meanwhile", "ends", "median", "longest", title="Seconds from the end of a job to its event")
    for kind, delays in figures.stale.items():
        stale.add_row(kind, *_columns(delays))
    console.print(stale)
    taken = figures.takeovers
    console.print(
        f"{figures.jobs} jobs, {figures.attempts} executions, {figures.events} events, {figures.faults} faults; "
        + (f"{taken.count} take-overs, median {taken.median:.2f} s, longest {taken.longest:.2f} s; " if taken else "")
        + ("not settled" if figures.settled_after is None else f"settled after {figures.settled_after:.1f} s")
    )
    for excuse in outcome.excuses:
        console.print(f"left out: {excuse}")
    if not outcome.lawful:
        console.print(f"everything is kept in {outcome.folder}")


def as_json(outcome: Outcome) -> str:
    """The same in one object."""
    figures = outcome.figures
    return json.dumps(
        {
            "seed": outcome.wish.seed,
            "seconds": outcome.wish.seconds,
            "lawful": outcome.lawful,
            "breaches": outcome.breaches,
            "faults": [[fault.at, fault.seconds, fault.kind, fault.host, fault.degree] for fault in outcome.faults],
            "jobs": figures.jobs,
            "executions": figures.attempts,
            "events": figures.events,
            "stale": {kind: _object(delays) for kind, delays in figures.stale.items()},
            "takeovers": None if figures.takeovers is None else _object(figures.takeovers),
            "settled_after": figures.settled_after,
            "left_out": outcome.excuses,
            "folder": None if outcome.lawful else str(outcome.folder),
        }
    )


def _columns(delays: Delays) -> tuple[str, str, str]:
    return str(delays.count), f"{delays.median:.2f}", f"{delays.longest:.2f}"


def _object(delays: Delays) -> dict[str, float]:
    return {"count": delays.count, "median": delays.median, "longest": delays.longest}
