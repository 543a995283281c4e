"""What people asked for, and what a monitor takes over: records fresh from the store."""

from msgspec.structs import replace

from ganga.core.ending import begin, kill_unsubmitted
from ganga.core.news import Draft
from ganga.core.orders import Requested
from ganga.core.roster import Roster
from ganga.model.ids import JobId, job_id, number_and_index
from ganga.model.job import JobRecord
from ganga.model.status import JobStatus


def requested(roster: Roster, result: Requested, draft: Draft) -> None:
    """Take up what is new, merge what was asked for, and let go of what was removed."""
    for job in result.removed:
        _remove(roster, job)
    for parent, counts in result.families.items():
        if parent not in roster.families:
            roster.families.add(parent, counts)
    refresh = frozenset(result.refresh)
    if any(record.status.polled for record in result.records):
        roster.sweeper.hurry(draft.moment.monotonic)
    for fresh in roster.admit(result.records):
        if roster.over(fresh):
            continue
        if fresh.subjobs is None:
            _take_up(roster, fresh, draft, in_doubt=fresh.id in result.in_doubt, refresh=fresh.id in refresh)
        elif fresh.id in roster.families:
            roster.visit(_merged(roster, fresh))
            roster.families.touch(fresh.id)
    known = filter(None, map(roster.get, result.refresh))
    roster.refresh([record.native_id for record in known if record.native_id is not None])


def _take_up(roster: Roster, fresh: JobRecord, draft: Draft, *, in_doubt: bool, refresh: bool) -> None:
    record = _merged(roster, fresh)
    if in_doubt and record is fresh and fresh.status is JobStatus.SUBMITTING:
        roster.find.add(fresh.id)
    if record.wanted_attempt > record.attempt and (record.status.final or record.status is JobStatus.NEW):
        begin(roster, record, draft)
    elif record.kill_requested_by is not None and _untouched(roster, record):
        kill_unsubmitted(roster, record, draft)
    elif refresh and record.status.final:
        roster.invite(record)
    else:
        roster.put(record)
        if record is fresh and record.status.polled and record.native_id is not None:
            roster.sweeper.doubt((record.native_id,))


def _untouched(roster: Roster, record: JobRecord) -> bool:
    """Whether the back end surely knows nothing of the job."""
    if record.status is JobStatus.SUBMITTING:
        return record.id not in roster.find and not roster.submit.under_way(record.id)
    return record.status is JobStatus.NEW


def _merged(roster: Roster, fresh: JobRecord) -> JobRecord:
    """What a person asked for is theirs to write; the rest of a record that is followed is ours, and newer here."""
    known = roster.get(fresh.id)
    if known is None:
        return fresh
    wanted = max(fresh.wanted_attempt, known.wanted_attempt)
    return replace(known, kill_requested_by=fresh.kill_requested_by, wanted_attempt=wanted)


def _remove(roster: Roster, job: JobId) -> None:
    record = roster.get(job)
    if record is not None and record.subjobs is not None and roster.families.lost(job):
        number, _ = number_and_index(job)
        for index in range(record.subjobs):
            roster.forget(job_id(number, index))
    roster.forget(job)
