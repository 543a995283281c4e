"""Jobs live, and nothing happens: what that costs."""

import time

from tests.bench.scale.children import Usage
from tests.bench.scale.costs import Costs
from tests.bench.scale.crew import Monitors
from tests.bench.scale.places import Place


def idle(place: Place, crew: Monitors, seconds: float) -> Costs:
    """Of a minute, measured for so long."""
    before = _costs(place, crew)
    time.sleep(seconds)
    return _costs(place, crew).since(before)


def _costs(place: Place, crew: Monitors) -> Costs:
    return Costs.now(crew.usage(), Usage(0.0, 0, 0), place.spent())
