"""What a store is.

Submitters create jobs and write requests, one monitor for each target (the holder of its lease) writes what happened,
readers read. Every change is one numbered event in one transaction with the record it changed, so a reader asks for
"all after 4711" and misses nothing, whoever crashed in between.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from msgspec import Struct

from ganga.model.budget import Budget
from ganga.model.clock import Utc
from ganga.model.event import Event
from ganga.model.ids import BudgetName, JobId, NativeId, Seq, TargetName
from ganga.model.job import JobRecord, JobSpec, Share, TargetState
from ganga.model.status import JobStatus
from ganga.model.update import Update
from ganga.store.portion import Head, Passage, Portion, StoredJob, StoredTarget

ResultT = TypeVar("ResultT")

#: What becomes of a budget (None: there is none yet) at a time of the store's own clock, and what else is to be known.
#: Nothing is written where the budget comes back as it was.
BudgetChange = Callable[[Budget | None, float], tuple[Budget, ResultT]]


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to be created, with all its subjobs."""

    spec: JobSpec
    target: TargetName
    #: `SUBMITTING` to have it submitted (attempt 1), `NEW` to keep it for later (attempt 0).
    status: JobStatus = JobStatus.SUBMITTING
    #: One for each subjob, from index 0; None for a job without subjobs.
    shares: Sequence[Share] | None = None


@dataclass(frozen=True, slots=True)
class Adopted:
    """A job that something else submitted, to be followed from now on: its record with any id, which is replaced."""

    spec: JobSpec
    record: JobRecord


@dataclass(frozen=True, slots=True)
class Query:
    """Which jobs. Each condition narrows the choice; empty or None means that it does not."""

    statuses: frozenset[JobStatus] = frozenset()
    targets: frozenset[TargetName] = frozenset()
    #: A shell pattern for the whole name (``fit-*``), upper and lower case being different.
    name: str | None = None
    #: Only the subjobs of this job.
    parent: JobId | None = None
    #: Whether subjobs are listed behind their job; without, only whole jobs are.
    subjobs: bool = False


class Holder(Struct, frozen=True):
    """Who holds the lease of a target, as last written there."""

    target: TargetName
    #: The process, as `ganga.monitor.process` describes itself: a JSON object.
    owner: str
    #: Grows by one with each holder; a write with an older one is refused.
    epoch: int
    #: Grows with each renewal: who sees it stand still for long enough may take over.
    beat: int


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to ask a target and to write what it says, until somebody takes over."""

    target: TargetName
    epoch: int


class Store(Protocol):
    """Every method may raise `StoreUnavailable`, after which nothing of what was asked has happened.

    Only where a server went away in the very moment in which it was written, and did not come back in time, nobody can
    know: then the text says so.
    """

    @property
    def id(self) -> str:
        """Eight lower-case hexadecimal digits, chosen when the store was made; part of every tag."""
        ...

    @property
    def location(self) -> str:
        """Where it is, for people."""
        ...

    async def close(self) -> None:
        """Let go of everything; nothing may be asked afterwards."""
        ...

    # What people ask for

    async def create(self, job: NewJob, at: Utc, *, place: Callable[[JobId], None] | None = None) -> JobRecord:
        """Store a job with its subjobs under the next number, with one `JOB_CREATED` event for all. Returns the job.

        `place` is called with its id, in some thread, before anybody can see the job; if it raises, nothing is stored.
        """
        ...

    async def adopt(self, job: Adopted, at: Utc, *, place: Callable[[JobId], None] | None = None) -> JobRecord:
        """Store a job as it stands at its back end, under the next number, with a `JOB_CREATED` event; `place` as
        above.

        Raises `UsageError` for a job with subjobs, and for what cannot be stored.
        """
        ...

    async def request_kill(self, jobs: Collection[JobId], by: str, at: Utc) -> list[JobId]:
        """Note on each of these jobs that is not final, and on its subjobs, who wants it killed.

        One `KILL_REQUESTED` event for each job named that is not final (its `reason` is `by`), and none for its
        subjobs; a job that was asked to be killed before, with all its subjobs, is not told again. Returns the jobs
        named that are not final. Raises `UnknownJob`.
        """
        ...

    async def withdraw_kill(self, jobs: Collection[JobId], at: Utc) -> None:
        """Forget who wanted each of these jobs killed, and the job that it is a subjob of.

        One `KILL_WITHDRAWN` event for each of which that was noted. Raises `UnknownJob`.
        """
        ...

    async def request_submit(self, jobs: Collection[JobId], at: Utc) -> list[JobId]:
        """Ask for the next attempt of each of these that is new or final, and of the subjobs of a job that are new,
        failed, killed or lost.

        One `SUBMIT_REQUESTED` event for each job or subjob named of which anything is to be submitted; these are
        returned. Clears `kill_requested_by` of what is to be submitted, and of the job it is a subjob of. Raises
        `UnknownJob`.
        """
        ...

    async def request_refresh(self, jobs: Collection[JobId], at: Utc) -> None:
        """One `REFRESH_REQUESTED` event for each of these. Raises `UnknownJob`."""
        ...

    async def pause(self, target: TargetName, *, paused: bool, by: str, at: Utc) -> None:
        """Have the target left alone, or no longer; an event if that is a change."""
        ...

    async def remove(self, jobs: Collection[JobId], at: Utc) -> None:
        """Forget these whole jobs with their subjobs, specifications and attempts; their events stay.

        One `JOB_REMOVED` event each. Raises `UnknownJob`, and `UsageError` for a subjob or for a job that is neither
        new nor final; then nothing is removed.
        """
        ...

    # What the monitor writes

    async def save(self, update: Update, lease: Lease) -> tuple[Event, ...]:
        """Store the update in one transaction and return its events, numbered.

        Of a record, `kill_requested_by` is not written, and `wanted_attempt` never lowered: these belong to whoever
        asks. Only where an attempt has ended and the next one begins, a request to kill the former is over. Neither is
        what is fixed at creation: name, target, `created_at`, `subjobs`, `postprocessed`. A record whose job was
        removed meanwhile is left out. Lone surrogates in text become U+FFFD, and integers are cut to 64 bits. Raises
        `LeaseLost` if the lease is no longer the newest or was given back, and `StoreUnavailable`; in both cases
        nothing is written.
        """
        ...

    async def hand_over(self, jobs: Collection[JobId], lease: Lease) -> None:
        """Note, before these jobs are submitted, that their present attempts may have reached the back end from now on.

        Raises `LeaseLost`; jobs that were removed meanwhile are left out.
        """
        ...

    # What everybody reads

    async def get(self, jobs: Sequence[JobId]) -> list[JobRecord]:
        """The records, in the order asked for. Raises `UnknownJob`."""
        ...

    async def select(self, query: Query, *, after: JobId | None = None, limit: int = 1000) -> list[JobRecord]:
        """A page of the jobs, newest job first, its subjobs behind it from index 0 on; `after` is the last of the page
        before.
        """
        ...

    async def count(self, query: Query) -> Mapping[JobStatus, int]:
        """How many jobs there are of each status; statuses without any are left out."""
        ...

    async def specifications(self, jobs: Collection[JobId]) -> Mapping[JobId, tuple[JobSpec, Share]]:
        """What each job is to run; jobs that do not exist are left out. Subjobs share one object of their job's
        specification.
        """
        ...

    async def attempts(self, job: JobId) -> list[JobRecord]:
        """The record at the end of each attempt that was followed by another, oldest first."""
        ...

    async def events(self, after: Seq, *, limit: int = 1000, job: JobId | None = None) -> list[Event]:
        """The events behind `after`, in order, of all jobs or of one job and its subjobs.

        Behind 0, the first are those that were not forgotten; behind any other number, raises `EventsForgotten` where
        some are missing.
        """
        ...

    async def last_seq(self) -> Seq:
        """The number of the newest event; 0 if there is none."""
        ...

    async def wait(self, after: Seq, seconds: float) -> bool:
        """Return True as soon as there is an event behind `after`, whoever wrote it; False after so many seconds
        without.
        """
        ...

    # What a monitor reads when it takes over, and on requests

    async def live(self, target: TargetName, *, after: JobId | None = None, limit: int = 2000) -> list[JobRecord]:
        """A page of the jobs and subjobs of a target that are not final, or of which an attempt is wanted (a job also
        while one is wanted of any of its subjobs); ordered by number and index, a job before its subjobs.
        """
        ...

    async def handed_over(self, target: TargetName) -> frozenset[JobId]:
        """The submitting jobs and subjobs of the target whose present attempts were handed over: whether they have
        reached the back end is in doubt.
        """
        ...

    async def families(
        self, target: TargetName, parents: Collection[JobId] | None = None
    ) -> dict[JobId, dict[JobStatus, int]]:
        """For each job of the target with subjobs that `live` gives, or for the given ones, how many subjobs there are
        of each status. Of the given ones, those that are not such jobs are left out.
        """
        ...

    async def concerned(self, job: JobId, *, after: JobId | None = None, limit: int = 2000) -> list[JobRecord]:
        """What a request for this job is about: a page of the job and its subjobs, as in `live` whether or not final.

        For a subjob, of itself alone. Nothing for a job that does not exist.
        """
        ...

    async def ended(self, target: TargetName, native_ids: Collection[NativeId]) -> dict[NativeId, JobRecord]:
        """The jobs and subjobs of the target that are final and that its back end calls so; of several with the same
        native id the newest.
        """
        ...

    async def target_states(self) -> dict[TargetName, TargetState]:
        """The state of each target that was ever written."""
        ...

    # Leases

    async def holder(self, target: TargetName) -> Holder | None:
        """Who holds the lease; None if nobody does."""
        ...

    async def acquire(self, target: TargetName, owner: str, instead_of: Holder | None = None) -> Lease | None:
        """Take the lease if nobody holds it, or if its holder is still exactly `instead_of`. None if somebody else was
        faster.

        The epoch is one more than the last, also after a release.
        """
        ...

    async def renew(self, lease: Lease) -> None:
        """Show that we live. Raises `LeaseLost`."""
        ...

    async def release(self, lease: Lease) -> None:
        """Give the lease back; nothing happens if it is no longer ours."""
        ...

    # Budgets

    async def change_budget(self, name: BudgetName, change: BudgetChange[ResultT]) -> ResultT:
        """Write what `change` makes of the budget, in one transaction that nobody else's comes between; returns the
        rest of what it returns.

        `change` is called in some thread, quickly, and again if need be. The time that it is given is in seconds and is
        the store's own, the same for all processes and hosts as far as the store has one. Of a name that was never
        written there is no budget yet. Lone surrogates in text become U+FFFD.
        """
        ...

    async def budgets(self, names: Collection[BudgetName] | None = None) -> dict[BudgetName, Budget]:
        """Each budget that was ever written, as it was then; with `names` only these. One that cannot be read, because
        another user has spoilt it, is none.
        """
        ...

    # Moving: a store that takes part in a move raises `StoreUnavailable` for everything that writes, but for these

    async def head(self) -> Head:
        """What the store knows of itself."""
        ...

    async def stored_targets(self) -> list[StoredTarget]:
        """All targets that ever had a state or a lease, by name."""
        ...

    async def dump(self, *, after: JobId | None = None, limit: int = 1000) -> list[StoredJob]:
        """A page of all jobs and subjobs, by number and index, a job before its subjobs; `after` is the last of the
        page before.
        """
        ...

    async def load(self, portion: Portion, passage: Passage | None = None) -> None:
        """Add what the portion holds and is not here yet, in one transaction; what is here stays as it is.

        With `passage`, which is noted in the same transaction, this store is arriving: with a head it takes the id of
        the other store. Raises `UsageError` unless it is empty and was never used, or is arriving already by the same
        move. Without `passage` jobs and events come back to the store that they were in: raises `UsageError` for the
        head of another store, and `StoreUnavailable` during a move.

        Epochs and the last number of a job never fall. Which events were forgotten is as the head says.
        """
        ...

    async def pass_over(self, passage: Passage | None) -> None:
        """Begin a move of this store (`LEAVING`), after which nobody holds a lease of it; end it (`LEFT`, of the same
        move); or have the store used again, or for the first time (None).

        Raises `UsageError` for any other step.
        """
        ...

    # Keeping: old things leave in small portions, so that nobody who writes waits for long

    async def prune(self, jobs: Collection[JobId], as_of: Seq, *, limit: int = 1000) -> bool:
        """Forget these whole jobs with their subjobs, as far as they are final and no event behind `as_of` speaks of
        them; their events stay, and none is written. Returns whether there is more to do: then call again.

        One call forgets some `limit` records in one transaction. A job is gone at once; of one with many subjobs, some
        may be seen in lists until the last call, and nothing can be asked for them.
        """
        ...

    async def forget_events(self, up_to: Seq, *, limit: int = 1000) -> bool:
        """Forget the events up to this one, some `limit` in one transaction. Returns whether there is more to do: then
        call again. No number is given twice.
        """
        ...
