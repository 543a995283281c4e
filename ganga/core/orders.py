"""What the tracker wants done, and what came of it.

An order is carried out by one task, which ends by putting exactly one result into the inbox, whatever happens.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ganga.model.identity import Identity
from ganga.model.ids import Cursor, JobId, NativeId, TargetName
from ganga.model.job import JobRecord
from ganga.model.observation import Answer
from ganga.model.status import JobStatus


@dataclass(frozen=True, slots=True)
class Sweep:
    """Ask about each of these jobs."""

    target: TargetName
    ids: tuple[NativeId, ...]
    #: Tells the questions of one target apart.
    number: int = 0


@dataclass(frozen=True, slots=True)
class CatchUp:
    """Ask what is new since the cursor."""

    target: TargetName
    since: Cursor | None
    #: Tells the questions of one target apart.
    number: int = 0


@dataclass(frozen=True, slots=True)
class Submit:
    """Hand these jobs to the back end; none of them can be there yet."""

    target: TargetName
    jobs: tuple[JobId, ...]


@dataclass(frozen=True, slots=True)
class Find:
    """Look whether an interrupted submission of these jobs has reached the back end."""

    target: TargetName
    jobs: tuple[JobId, ...]


@dataclass(frozen=True, slots=True)
class Kill:
    """Ask the back end to end these jobs."""

    target: TargetName
    ids: tuple[NativeId, ...]
    #: Whether it took this request before, and they have not ended: nobody waits for that one.
    again: bool = False


class JobAttempt(NamedTuple):
    """One attempt of a job."""

    job: JobId
    attempt: int


@dataclass(frozen=True, slots=True)
class Finish:
    """Bring the output of these jobs home and do what follows the end."""

    target: TargetName
    jobs: tuple[JobAttempt, ...]


Order = Sweep | CatchUp | Submit | Find | Kill | Finish


@dataclass(frozen=True, slots=True)
class Answered:
    """The reply to a `Sweep` or a `CatchUp`; of a long one, a part with `last` false comes first."""

    order: Sweep | CatchUp
    answer: Answer
    last: bool = True


@dataclass(frozen=True, slots=True)
class Submitted:
    """Which jobs were accepted, and which were refused and why; of the others nothing is known."""

    order: Submit
    accepted: Mapping[JobId, NativeId] = field(default_factory=dict)
    rejected: Mapping[JobId, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """Which jobs the back end has after all, and which it surely has not; of the others nothing is known."""

    order: Find
    present: Mapping[JobId, NativeId] = field(default_factory=dict)
    absent: frozenset[JobId] = frozenset()


@dataclass(frozen=True, slots=True)
class KillSent:
    """The back end took the request; that the jobs end, it will say itself."""

    order: Kill


@dataclass(frozen=True, slots=True)
class Ending:
    """What the end of a job came to, after its output was fetched and checked."""

    status: JobStatus
    reason: str | None = None
    #: Whether the policy asks for another attempt.
    resubmit: bool = False


@dataclass(frozen=True, slots=True)
class Finished:
    """How these jobs ended. A job of the order that is missing here could not be finished yet; `errors` says why."""

    order: Finish
    endings: Mapping[JobId, Ending] = field(default_factory=dict)
    errors: Mapping[JobId, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failed:
    """The order could not be carried out, and nothing is known beyond that."""

    order: Order
    error: str
    #: Whether the trouble is on our side, a full disk for one: neither the target nor any job is to blame.
    ours: bool = False
    #: Whether it could not be asked at all: it is to be asked later, and that says nothing of any job.
    unavailable: bool = False
    #: Seconds for which the target asked to be left alone; None if it did not.
    retry_after: float | None = None
    #: Whether the target said that it is asked too much.
    overloaded: bool = False


@dataclass(frozen=True, slots=True)
class Requested:
    """Records fresh from the store: on taking a target over, or after somebody asked for something.

    Fresh means: read after the last update was saved, and handed over before the next result is, for the tracker is
    ahead of a record that was read before. A subjob comes after its job and the counts of its job, in this or an
    earlier one.
    """

    target: TargetName
    records: tuple[JobRecord, ...] = ()
    #: For each job with subjobs among them, how many subjobs there are of each status.
    families: Mapping[JobId, Mapping[JobStatus, int]] = field(default_factory=dict)
    #: Those of them whose submission may have been interrupted, so that they must be looked for.
    in_doubt: frozenset[JobId] = frozenset()
    removed: tuple[JobId, ...] = ()
    #: Jobs to ask about now.
    refresh: tuple[JobId, ...] = ()
    paused: bool | None = None


@dataclass(frozen=True, slots=True)
class Recall:
    """Read from the store which jobs these are, before the answers that name them are digested.

    No call of the back end, and never out: the answer waits for it, so that nothing it tells is lost if we end here.
    """

    target: TargetName
    ids: tuple[NativeId, ...]


@dataclass(frozen=True, slots=True)
class Recalled:
    """Records of the jobs that were recalled, fresh from the store (see `Requested`); the others are nobody's here."""

    order: Recall
    records: Mapping[NativeId, JobRecord] = field(default_factory=dict)
    #: The jobs of which some of these are subjobs, and how many subjobs of each status these have.
    parents: tuple[JobRecord, ...] = ()
    families: Mapping[JobId, Mapping[JobStatus, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Strain:
    """How many calls of the target's back end outlived their time-out and are still hanging."""

    target: TargetName
    stuck: int


@dataclass(frozen=True, slots=True)
class Presented:
    """Whom the target takes us for from now on."""

    target: TargetName
    identity: Identity


Result = Answered | Submitted | Found | KillSent | Finished | Failed | Requested | Recalled | Strain | Presented
