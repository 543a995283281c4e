"""Which jobs are meant, in the language of ClassAds, for commands that must not take others of the same ids."""

from collections.abc import Collection
from typing import Final

from ganga.backends.htcondor import holds, ids
from ganga.backends.htcondor.states import COMPLETED, HELD

#: Held only until all of its files have come.
_ARRIVING: Final = f"JobStatus =?= {HELD} && HoldReasonCode =?= {holds.SPOOLING}"


def completed(jobs: Collection[str]) -> str:
    """Those of these jobs that have ended by themselves."""
    return f"JobStatus =?= {COMPLETED} && ({_any_of(jobs)})"


def unless_completed(jobs: Collection[str]) -> str:
    """The others of these jobs."""
    return f"JobStatus =!= {COMPLETED} && ({_any_of(jobs)})"


def arriving(name: str) -> str:
    """Jobs of this batch, a name of ours, whose files have not all come."""
    return f'{_ARRIVING} && JobBatchName =?= "{name}"'


def _any_of(jobs: Collection[str]) -> str:
    """Numbers only: what is no id of a job is none of these."""
    clusters: dict[str, list[int]] = {}
    for place in filter(None, map(ids.place, dict.fromkeys(jobs))):
        clusters.setdefault(place.job, []).append(place.task)
    terms = (
        f"(ClusterId =?= {cluster} && member(ProcId, {{{', '.join(map(str, tasks))}}}))"
        for cluster, tasks in clusters.items()
    )
    return " || ".join(terms) or "false"
