"""How HTCondor writes the ids of jobs: ``12.3`` for job 3 of cluster 12, and ``12`` for all jobs of that cluster."""

import re
from collections.abc import Collection
from typing import Final

from ganga.backends.batch.dialect import Place
from ganga.model.ids import NativeId

#: More than these go into no cluster that a schedd likes.
MOST_JOBS: Final = 100_000
#: Jobs of one cluster that are called by their own names.
_ONE_BY_ONE: Final = 20

_NUMBER: Final = r"(?:0|[1-9][0-9]{0,9})"
_JOB: Final = re.compile(rf"([1-9][0-9]{{0,9}})\.({_NUMBER})")
_CLUSTER: Final = re.compile(r"[1-9][0-9]{0,9}")


def native_id(cluster: str, proc: int | None) -> NativeId:
    """A cluster of one job has job 0."""
    return NativeId(f"{cluster}.{proc or 0}")


def place(text: str) -> Place | None:
    """What one id means; None for text that is none."""
    match = _JOB.fullmatch(text)
    return None if match is None else Place(match[1], int(match[2]))


def is_reference(text: str) -> bool:
    """Whether the text is a job or a cluster."""
    return _JOB.fullmatch(text) is not None or _CLUSTER.fullmatch(text) is not None


def means(reference: str, native_id: NativeId) -> bool:
    """Whether this job, or its cluster, is what the text means."""
    return reference in {native_id, native_id.partition(".")[0]}


def words(ids: Collection[NativeId]) -> list[str]:
    """By which the commands are asked for these: for many of one cluster by its number, which means all of it."""
    clusters: dict[str, list[NativeId]] = {}
    for text in dict.fromkeys(ids):
        clusters.setdefault(text.partition(".")[0], []).append(text)
    return [
        word for cluster, jobs in clusters.items() for word in ([cluster] if len(jobs) > _ONE_BY_ONE else list(jobs))
    ]
