"""The form in which jobs and events leave a store and come into another: what is moved, archived and brought back."""

from enum import StrEnum

from msgspec import Struct

from ganga.model.event import Event
from ganga.model.ids import JobId, Seq, TargetName
from ganga.model.job import JobRecord, JobSpec, Share, TargetState


class StoredJob(Struct, frozen=True, kw_only=True):
    """A job or a subjob with all that the store keeps of it."""

    record: JobRecord
    #: Of a whole job; None for a subjob, which has that of its job.
    spec: JobSpec | None = None
    #: What a subjob has to itself.
    share: Share = Share()
    #: The record at the end of each attempt that was followed by another, oldest first.
    attempts: tuple[JobRecord, ...] = ()
    #: The attempt that may have reached the back end; None if none was handed over.
    handed_over: int | None = None


class StoredTarget(Struct, frozen=True, kw_only=True):
    """What the store keeps of a target, except for who holds its lease."""

    name: TargetName
    #: The epoch of its newest lease; 0 if there was none.
    epoch: int = 0
    #: None if it was never written.
    state: TargetState | None = None


class Step(StrEnum):
    """How far a store is in a move; nothing else can be written to it meanwhile."""

    #: It is being copied to another place.
    LEAVING = "leaving"
    #: It is to be found at the other place from now on.
    LEFT = "left"
    #: It holds a part of the store at the other place.
    ARRIVING = "arriving"


class Passage(Struct, frozen=True, kw_only=True):
    """A move, as each of the two stores notes it."""

    step: Step
    #: Where the other store is.
    place: str
    #: The same in both stores; each move that begins anew has another.
    mark: str
    #: Of a store that is arriving: the last job that is here. None before the first.
    job: JobId | None = None
    #: Of a store that is arriving: the last event that is here.
    seq: Seq = Seq(0)


class Head(Struct, frozen=True, kw_only=True):
    """What a store knows of itself."""

    #: See `Store.id`.
    id: str
    #: The largest number that was given to a job; 0 if none was.
    last_job: int
    #: The number of the newest event; 0 if there was none.
    last_seq: Seq
    #: The events up to this one were forgotten.
    forgotten: Seq = Seq(0)
    #: The move that the store takes part in.
    passage: Passage | None = None


class Portion(Struct, frozen=True, kw_only=True):
    """A part of what a store holds."""

    head: Head | None = None
    targets: tuple[StoredTarget, ...] = ()
    #: A job before its subjobs, these in the order of their indices and without a gap.
    jobs: tuple[StoredJob, ...] = ()
    #: Numbered.
    events: tuple[Event, ...] = ()
