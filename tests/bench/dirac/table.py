"""All ways side by side, as a table."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from tests.bench.dirac.cost import Cost
from tests.bench.dirac.side_by_side import CHANGES
from tests.bench.dirac.ways import JOBS, SAMPLE

WIDTH = 110


def show(costs: Mapping[str, Cost]) -> None:
    """Print them where errors go: what a program reads is the figures."""
    title = f"One cycle of {JOBS:,} jobs of which {CHANGES} changed"
    table = Table("", "seconds", "client CPU, ms", "calls", "kB", title=title)
    for name, way in costs.items():
        table.add_row(
            name, f"{way.seconds:.3f}", f"{way.work * 1e3:,.1f}", f"{way.calls:,.0f}", f"{way.size / 1e3:,.0f}"
        )
    console = Console(stderr=True)
    console.print(table, width=None if console.is_terminal else WIDTH)
    console.print(f"* measured with {SAMPLE} jobs in each of several rounds, and multiplied by {JOBS // SAMPLE}")
