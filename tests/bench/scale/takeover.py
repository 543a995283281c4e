"""A monitor dies: how long its targets stand still."""

import time
from collections.abc import Sequence

from tests.bench.scale.children import Child
from tests.bench.scale.crew import Monitors, until
from tests.bench.scale.load import following
from tests.bench.scale.size import Size


def takeover(crew: Monitors, size: Size) -> Sequence[float]:
    """Kill the monitor with the most targets while jobs change. For each of these, the seconds until another saves."""
    led = {id(one): {saved.target for saved in one.saved} for one in crew.children}
    victim = max(crew.children, key=lambda one: len(led[id(one)]))
    crew.tell(following(crew.truth, size, size.takeover_seconds))
    time.sleep(size.takeover_seconds / 3)
    killed_at = time.time()
    victim.kill()
    crew.lose(victim)
    targets = led[id(victim)]
    until(lambda: _first(crew.children, killed_at, targets).keys() == targets, f"somebody takes over {targets}")
    return sorted(at - killed_at for at in _first(crew.children, killed_at, targets).values())


def _first(children: Sequence[Child], after: float, targets: set[str]) -> dict[str, float]:
    """When others first stored something of these targets after that moment."""
    first: dict[str, float] = {}
    for one in children:
        for saved in list(one.saved):
            if saved.at > after and saved.target in targets:
                first[saved.target] = min(saved.at, first.get(saved.target, saved.at))
    return first
