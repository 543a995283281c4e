"""Carries out the orders of the tracker: one method for each kind, one result for each order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from ganga.backends.base import Feed, Retrieval, Retrieved, Submission
from ganga.core.orders import (
    Answered,
    CatchUp,
    Ending,
    Find,
    Finish,
    Finished,
    Found,
    JobAttempt,
    Kill,
    KillSent,
    Order,
    Result,
    Submit,
    Submitted,
    Sweep,
)
from ganga.core.target import TargetTracker
from ganga.errors import BackendProtocolError
from ganga.model.ids import JobId, NativeId, Tag
from ganga.model.job import JobRecord
from ganga.monitor.connection import Connection
from ganga.monitor.finisher import Ended, Finisher
from ganga.store.base import Store
from ganga.workspace import Workspace


def tag_of(store_id: str, job: JobId, attempt: int) -> Tag:
    """By which a back end and we find this attempt of this job again: ``ganga-1f0c9d3e-12.3-1``."""
    return Tag(f"ganga-{store_id}-{job}-{attempt}")
