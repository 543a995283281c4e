"""A cycle of monitoring, in all the ways there are, with the same changes and on the same servers."""

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from tests.bench.dirac.cost import Cost, cost
from tests.bench.dirac.places import Place, place, straight
from tests.bench.dirac.programs import Program, Took
from tests.bench.dirac.relay import Passed, relaying
from tests.bench.dirac.servers import Servers
from tests.bench.dirac.ways import Way

#: Jobs that change before each cycle.
CHANGES = 100
#: Seconds from one change to the next: more than our roads reach back for what may have been committed late, by clocks
#: that are right to a second or two.
APART = 7.5

ResultT = TypeVar("ResultT")


def measured(
    servers: Servers, ways: Mapping[str, Way], folder: Path, *, rounds: int, counted: int
) -> Mapping[str, Cost]:
    """All ways side by side in so many rounds, and then in further ones through the relay."""
    took = _rounds(servers, ways, place(servers, folder / "straight", straight), rounds, lambda cycle: cycle())
    with relaying() as relay:

        def count(cycle: Callable[[], Took]) -> Passed:
            before = replace(relay.passed)
            cycle()
            return relay.passed.since(before)

        passed = _rounds(servers, ways, place(servers, folder / "relayed", relay.to), counted, count)
    return {name: cost(took[name], passed[name], keeps=way.keeps) for name, way in ways.items()}


def _rounds(
    servers: Servers,
    ways: Mapping[str, Way],
    at: Place,
    count: int,
    observe: Callable[[Callable[[], Took]], ResultT],
) -> Mapping[str, list[ResultT]]:
    """What is observed of the cycles of all ways; in each round all of them have the same changes to tell of."""
    results: dict[str, list[ResultT]] = {name: [] for name in ways}
    with ExitStack() as stack:
        programs = {
            name: stack.enter_context(Program(way.command(at), at.root / f"{number}.log"))
            for number, (name, way) in enumerate(ways.items())
        }
        # In the first round they catch up with what changed before.
        for turn in range(count + 1):
            ends_at = time.monotonic() + APART
            servers.jobs.change(_block(turn))
            for name, program in programs.items():
                result = observe(program.cycle)
                if turn:
                    results[name].append(result)
            time.sleep(max(0.0, ends_at - time.monotonic()))
    return results


def _block(turn: int) -> range:
    return range(turn * CHANGES + 1, (turn + 1) * CHANGES + 1)
