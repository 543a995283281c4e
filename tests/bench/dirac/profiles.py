"""Where the time goes on each road, in a monitor with its core and its store: ``python -m tests.bench.dirac.profiles``.

Of the event loop, by the processor's time: what is waited for costs nothing here. The store writes in a thread of its
own, which is not in it.
"""

import pstats
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from tests.bench.dirac.age import INTERVAL, monitoring
from tests.bench.dirac.servers import serving
from tests.bench.dirac.side_by_side import CHANGES
from tests.bench.dirac.ways import JOBS

CYCLES = 6

#: A function: its file, its line, its name.
Function = tuple[str, int, str]

#: What is done where: the first word that is found in a function's file or name decides.
PHASES = {
    "TLS": ("_ssl", "ssl.py", "sslproto", "/proxy.py", "/certificates.py"),
    "JSON": ("msgspec.json", "/envelopes.py", "/json/"),
    "records": ("_records.py",),
    "delta": ("/delta.py", "/pages.py"),
    "meaning": ("dirac/states.py", "dirac/backend.py", "dirac/census.py", "dirac/services.py", "dirac/diracx_road.py"),
    "connections": ("aiohttp", "yarl", "multidict", "urllib", "/email/", "_socket", "dirac/"),
    "core": ("ganga/core", "ganga/model"),
}
#: The event loop, what the monitor does without any news too, such as to look for those of other processes, and ours.
OTHERS = "the monitor's own beat"


def main() -> None:
    """Profile all roads at once."""
    with TemporaryDirectory() as folder, serving(Path(folder)) as servers:
        servers.jobs.fill(JOBS)
        with monitoring(servers, Path(folder) / "profiled", profiled=True) as monitors:
            for _ in range(CYCLES):
                servers.jobs.change(servers.jobs.waiting(CHANGES))
                time.sleep(INTERVAL)
        shares = {str(monitor.road): _shares(monitor.profile) for monitor in monitors}
    _show(shares)


def _shares(profile: Path) -> Mapping[str, float]:
    """Milliseconds of each phase in one cycle."""
    found = pstats.Stats(str(profile))
    functions: Mapping[Function, tuple[int, int, float, float, Mapping[Function, tuple[int, int, float, float]]]]
    functions = found.stats  # type: ignore[attr-defined] # - it has, and documents its form
    took: dict[str, float] = defaultdict(float)
    for function, (_, _, own, _, callers) in functions.items():
        phase = _phase(function)
        if phase != OTHERS or not callers:
            took[phase] += own
            continue
        for caller, (_, _, part, _) in callers.items():
            took[_phase(caller)] += part
    return {phase: 1e3 * took[phase] / CYCLES for phase in (*PHASES, OTHERS)}


def _phase(function: Function) -> str:
    place = f"{function[0]}:{function[2]}"
    return next((phase for phase, words in PHASES.items() if any(word in place for word in words)), OTHERS)


def _show(shares: Mapping[str, Mapping[str, float]]) -> None:
    table = Table("ms of a cycle", *shares, title=f"Under the profiler: {CHANGES} of {JOBS:,} jobs changed")
    for phase in (*PHASES, OTHERS):
        table.add_row(phase, *(f"{road[phase]:.2f}" for road in shares.values()))
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
