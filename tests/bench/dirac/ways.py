"""The ways there are to follow jobs on DIRAC, each as a program that makes one cycle after the other."""

from collections.abc import Callable, Mapping
from functools import partial

from msgspec import Struct

from ganga.backends.dirac.settings import RoadName
from tests.bench.dirac.cost import Cost
from tests.bench.dirac.places import Place
from tests.bench.dirac.programs import Command

#: Jobs that are followed; all of them are in the database.
JOBS = 10_000
#: Of the calls for one job each, so many are made in a cycle, and their cost is multiplied: all would take ten minutes.
SAMPLE = 100


class Way(Struct, frozen=True):
    """One of the ways."""

    #: Its program, at a place.
    command: Callable[[Place], Command]
    #: Whether connections are kept, so that each turn on one is a call; otherwise each connection is.
    keeps: bool = False


def ours(road: RoadName) -> str:
    """The name of one of our roads."""
    return f"ganga: {road}"


def bare(road: RoadName) -> str:
    """The name of the bare loop over the same protocol."""
    return f"bare loop: {road}"


#: Those whose protocol we speak ourselves, and all.
NATIVE = (RoadName.DIRACX, RoadName.HTTPS, RoadName.DIPS)
ROADS = (*NATIVE, RoadName.CLIENT)
#: Those that keep their connections.
KEEPING = frozenset({RoadName.DIRACX, RoadName.HTTPS})

#: A bare loop over DiracX's own client.
DIRACX_CLIENT = "AsyncDiracClient"
#: DIRAC's interface for users: all jobs, in two calls.
API = "Dirac.getJobStatus"
#: The way of Ganga up to version 8: all jobs in calls for a thousand each, and besides them one call for each job.
BULK, SAMPLED, EACH = "Ganga 8: bulk calls", f"Ganga 8: calls for {SAMPLE} jobs", "Ganga 8: a call for each job *"
GANGA_8 = "Ganga 8: both *"

WAYS: Mapping[str, Way] = {
    **{ours(road): Way(partial(Place.ours, road=road), road in KEEPING) for road in ROADS},
    **{bare(road): Way(partial(Place.bare, road=road), road in KEEPING) for road in NATIVE},
    DIRACX_CLIENT: Way(Place.diracx_client, keeps=True),
    API: Way(lambda place: place.dirac("dirac_api", str(JOBS))),
    BULK: Way(lambda place: place.dirac("ganga_way", "bulk", str(JOBS))),
    SAMPLED: Way(lambda place: place.dirac("ganga_way", "each", str(SAMPLE))),
}


def completed(costs: Mapping[str, Cost]) -> Mapping[str, Cost]:
    """With what the sample stands for instead of the sample, and the whole of Ganga's way."""
    each = costs[SAMPLED].times(JOBS // SAMPLE)
    others = {name: cost for name, cost in costs.items() if name != SAMPLED}
    return {**others, EACH: each, GANGA_8: costs[BULK] + each}
