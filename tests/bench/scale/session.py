"""All that is measured of one store under load, one after the other."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ganga.model.ids import TargetName
from tests.bench.scale.costs import Costs
from tests.bench.scale.crew import monitors
from tests.bench.scale.filling import fill
from tests.bench.scale.idle import idle
from tests.bench.scale.load import Load, measured
from tests.bench.scale.places import Place, opened
from tests.bench.scale.size import Size
from tests.bench.scale.takeover import takeover
from tests.bench.scale.truth import Truth

#: How many monitors share the targets.
CREWS = (1, 3)


@dataclass(frozen=True)
class Session:
    """What came of it."""

    name: str
    #: Seconds to fill the store.
    filled_in: float
    #: By the number of monitors.
    loads: Mapping[int, Load]
    #: Of a minute, with one monitor.
    idle: Costs
    #: Seconds, for each target that the dead monitor had.
    takeovers: Sequence[float]


def session(place: Place, folder: Path, size: Size) -> Session:
    """Fill the empty store, and have it followed by one monitor and then by three, of which one is killed at last."""
    begun = time.monotonic()
    targets = asyncio.run(_filled(place.where, size))
    place.settle()
    filled_in = time.monotonic() - begun
    home = folder / "home"
    one, three = CREWS
    with monitors(place, home, targets, Truth(0, 0), count=one, lease=size.lease) as crew:
        loads = {one: measured(place, folder, crew, size)}
        quiet = idle(place, crew, size.idle_seconds)
        truth = crew.truth
    with monitors(place, home, targets, truth.next(0, 0.0, 1.0), count=three, lease=size.lease) as crew:
        loads[three] = measured(place, folder, crew, size)
        takeovers = takeover(crew, size)
    return Session(place.name, filled_in, loads, quiet, takeovers)


async def _filled(where: str, size: Size) -> dict[str, str]:
    """The campaign that lives in each target."""
    live, ended = size.live // size.targets, (size.stored - size.live) // size.targets
    targets: dict[str, str] = {}
    async with opened(where) as store:
        for number in range(size.targets):
            name = TargetName(f"site-{number}")
            (targets[name],) = await fill(store, name, ended=ended, live=live)
    return targets
