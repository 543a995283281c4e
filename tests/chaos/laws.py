"""The laws, each a function of the evidence that yields what breaks it, in words."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final

from ganga.model.event import Event, EventKind
from ganga.model.ids import JobId, Seq, parent_of
from ganga.model.job import JobRecord
from ganga.model.status import JobStatus, derived_status, may_follow
from tests.chaos.monitor import Note, Saved, Took
from tests.chaos.reader import Read
from tests.chaos.submitter import Deed, Intent, KillIntent, Refused, Told
from tests.chaos.truth import Run

#: Which attempt of which job.
Attempt = tuple[JobId, int]

#: Seconds by which the clock of local jobs is coarser than ours.
COARSE: Final = 0.02


@dataclass(frozen=True)
class Evidence:
    """All that is known at the end, from all sides. Times are monotonic seconds."""

    deeds: Sequence[Deed] = ()
    runs: Sequence[Run] = ()
    #: All jobs and subjobs as they stand in the store.
    records: Sequence[JobRecord] = ()
    #: As earlier attempts ended.
    attempts: Sequence[JobRecord] = ()
    #: As the store tells them.
    events: Sequence[Event] = ()
    #: As a reader has seen them.
    read: Sequence[Read] = ()
    notes: Sequence[Note] = ()

    @cached_property
    def leaves(self) -> list[JobRecord]:
        """What targets know: subjobs, and jobs without."""
        return [record for record in self.records if record.subjobs is None]

    @cached_property
    def truth(self) -> dict[Attempt, Run]:
        """What really became of each attempt."""
        return {(run.job, run.attempt): run for run in self.runs}

    @cached_property
    def doomed(self) -> frozenset[JobId]:
        """The jobs that somebody may have asked to end."""
        return frozenset(deed.job for deed in self.deeds if isinstance(deed, KillIntent))

    @cached_property
    def known_at(self) -> dict[Seq, float]:
        """When each event was in the store, at the latest."""
        known = {seen.event.seq: seen.at for seen in self.read}
        for note in self.notes:
            if isinstance(note, Saved):
                for seq in map(Seq, range(note.first, note.last + 1)):
                    known[seq] = min(known.get(seq, note.at), note.at)
        return known


#: What a store says that went away in the middle of a write and did not come back in time.
_UNKNOWN: Final = "is not known"

Law = Callable[[Evidence], Iterator[str]]


def no_job_lost(evidence: Evidence) -> Iterator[str]:
    """Every job that `submit` has returned is there and ended as it really did, and whatever ran is known."""
    names = {record.id: record.name for record in evidence.records}
    for deed in evidence.deeds:
        if isinstance(deed, Told) and names.get(deed.job) != deed.name:
            yield f"job {deed.job} ({deed.name}) was returned by submit and is not in the store"
    for run in evidence.runs:
        if run.job not in names:
            yield f"job {run.job} ran, and is not in the store"
    yield from _ended_wrongly(evidence)


def _ended_wrongly(evidence: Evidence) -> Iterator[str]:
    for record in evidence.leaves:
        if record.wanted_attempt > record.attempt:
            yield f"job {record.id} was to be submitted again, and was not"
    for record in (*evidence.leaves, *evidence.attempts):
        if record.subjobs is None:
            yield from _untrue(evidence, record)


def _untrue(evidence: Evidence, record: JobRecord) -> Iterator[str]:
    what = f"job {record.id}, attempt {record.attempt}"
    run = evidence.truth.get((record.id, record.attempt))
    if not record.status.final:
        yield f"{what} is {record.status} and has not come to its end"
    elif run is None or run.status is None or (run.accepted is None and record.status is JobStatus.KILLED):
        # A local job that is killed does not note its end, or notes one that did not come to pass.
        if record.status is not JobStatus.KILLED or not {record.id, parent_of(record.id)} & evidence.doomed:
            yield f"{what} is {record.status} ({record.reason}), and nobody knows of such an end"
    elif record.status is not run.status:
        yield f"{what} is {record.status} ({record.reason}), and was {run.status}"
    elif run.status is not JobStatus.KILLED and record.exit_code != run.exit_code:
        yield f"{what} has the exit code {record.exit_code}, and ended with {run.exit_code}"


def families_agree(evidence: Evidence) -> Iterator[str]:
    """A job with subjobs stands as these do."""
    counts: defaultdict[JobId, Counter[JobStatus]] = defaultdict(Counter)
    for record in evidence.leaves:
        counts[parent_of(record.id) or record.id][record.status] += 1
    for record in evidence.records:
        if record.subjobs is not None and record.status is not derived_status(counts[record.id]):
            yield f"job {record.id} is {record.status}, and its subjobs are {dict(counts[record.id])}"


def none_run_twice(evidence: Evidence) -> Iterator[str]:
    """Each attempt of each job was executed once at most."""
    for (job, attempt), count in Counter((run.job, run.attempt) for run in evidence.runs).items():
        if count > 1:
            yield f"job {job}, attempt {attempt} was executed {count} times"


def none_told_twice(evidence: Evidence) -> Iterator[str]:
    """Numbers rise, what follows may follow, and each attempt that ended has one end."""
    for before, event in pairwise(evidence.events):
        if event.seq <= before.seq:
            yield f"event {event.seq} stands behind event {before.seq}"
    ends: Counter[Attempt] = Counter()
    stands: dict[JobId, JobStatus] = {}
    parents = {record.id for record in evidence.records if record.subjobs is not None}
    for event in evidence.events:
        if event.job is None or event.new is None or event.attempt is None:
            continue
        yield from _illegal(event, stands.get(event.job, JobStatus.SUBMITTING), parent=event.job in parents)
        stands[event.job] = event.new
        if event.new.final and event.job not in parents:
            ends[event.job, event.attempt] += 1
    for record in (*evidence.leaves, *evidence.attempts):
        told = ends[record.id, record.attempt]
        if record.subjobs is None and record.status.final and told != 1:
            yield f"the end of job {record.id}, attempt {record.attempt} was told {told} times"


def _illegal(event: Event, stood: JobStatus, *, parent: bool) -> Iterator[str]:
    if event.old is not stood:
        yield f"event {event.seq} says that job {event.job} was {event.old}; it was {stood}"
    fresh = parent or event.kind is EventKind.ATTEMPT_STARTED
    if not fresh and event.old is not None and event.new is not None and not may_follow(event.old, event.new):
        yield f"event {event.seq}: job {event.job} became {event.new} after {event.old}"


def readers_miss_nothing(evidence: Evidence) -> Iterator[str]:
    """Who reads along sees exactly the events of the store, each once and in order."""
    seen = [entry.event for entry in evidence.read]
    for before, event in pairwise(seen):
        if event.seq <= before.seq:
            yield f"a reader saw event {event.seq} after event {before.seq}"
    stored = {event.seq: event for event in evidence.events}
    told = {event.seq: event for event in seen}
    for seq in sorted(stored.keys() | told.keys()):
        if stored.get(seq) != told.get(seq):
            yield f"event {seq} is {stored.get(seq)} in the store, and a reader saw {told.get(seq)}"


def no_false_end(evidence: Evidence) -> Iterator[str]:
    """No job is told to have ended before it did."""
    for event in evidence.events:
        if event.job is None or event.attempt is None or event.new is None:
            continue
        run = evidence.truth.get((event.job, event.attempt))
        known = evidence.known_at.get(event.seq)
        if not (event.new.final or event.new is JobStatus.COMPLETING) or run is None or run.ends is None:
            continue
        if known is not None and known < run.ends - COARSE:
            early = f"{run.ends - known:.2f} s early"
            yield f"event {event.seq} told the end of job {event.job}, attempt {event.attempt} {early}"


def no_write_by_an_old_lease(evidence: Evidence) -> Iterator[str]:
    """Whoever holds a lease writes behind everybody who held it before, and nobody holds the same one."""
    taken = Counter((note.target, note.epoch) for note in evidence.notes if isinstance(note, Took))
    for (target, epoch), count in taken.items():
        if count > 1:
            yield f"the lease {epoch} of {target} was taken {count} times"
    newest: dict[str, Saved] = {}
    saves = [note for note in evidence.notes if isinstance(note, Saved)]
    for save in sorted(saves, key=lambda save: save.first):
        before = newest.get(save.target, save)
        if save.epoch < before.epoch:
            yield (
                f"monitor {save.monitor} wrote event {save.first} under lease {save.epoch} of {save.target}, behind "
                f"event {before.last} under lease {before.epoch}"
            )
        newest[save.target] = max(before, save, key=lambda save: save.epoch)


def refusals_are_honest(evidence: Evidence) -> Iterator[str]:
    """What the store said that it could not take is not there, unless it said that it does not know."""
    names = {record.name for record in evidence.records}
    for deed in evidence.deeds:
        if isinstance(deed, Refused) and deed.name in names and _UNKNOWN not in deed.error:
            yield f"{deed.name} is in the store, and whoever submitted it was told: {deed.error}"


def nothing_comes_from_nowhere(evidence: Evidence) -> Iterator[str]:
    """Every job in the store was meant to be submitted, to its target, and once."""
    meant = {deed.name: deed for deed in evidence.deeds if isinstance(deed, Intent)}
    whole = [record for record in evidence.records if parent_of(record.id) is None]
    for record in whole:
        if record.name not in meant or meant[record.name].target != record.target:
            yield f"job {record.id} ({record.name}, {record.target}) was never submitted"
    for name, count in Counter(record.name for record in whole).items():
        if count > 1:
            yield f"{name} was submitted once and is in the store {count} times"


def something_happened(evidence: Evidence) -> Iterator[str]:
    """Where nobody did anything no law can be broken."""
    told = [deed for deed in evidence.deeds if isinstance(deed, Told)]
    done = {"submitted": told, "executed": evidence.runs, "read": evidence.read, "saved": evidence.notes}
    for what, found in done.items():
        if not found:
            yield f"nothing was {what}"


LAWS: Final[Mapping[str, Law]] = {
    "no job lost": no_job_lost,
    "families agree": families_agree,
    "none run twice": none_run_twice,
    "none told twice": none_told_twice,
    "readers miss nothing": readers_miss_nothing,
    "no false end": no_false_end,
    "no write by an old lease": no_write_by_an_old_lease,
    "refusals are honest": refusals_are_honest,
    "nothing comes from nowhere": nothing_comes_from_nowhere,
    "something happened": something_happened,
}


def breaches(evidence: Evidence) -> dict[str, list[str]]:
    """What breaks each law; empty lists where all is well."""
    return {name: list(law(evidence)) for name, law in LAWS.items()}
