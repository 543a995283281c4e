"""What follows the end of a job: its output comes home, it becomes final, and perhaps it is tried again."""

from msgspec.structs import replace

from ganga.core.news import Draft
from ganga.core.orders import Ending, Failed, Finish, Finished
from ganga.core.reconcile import ended, to_submit
from ganga.core.roster import Roster
from ganga.model.job import JobRecord
from ganga.model.status import JobStatus


def finished(roster: Roster, result: Finished, draft: Draft) -> None:
    """Some of these jobs are finished; the others are tried again, or given up on."""
    counting = roster.finish.done(result.order.jobs)
    for item in result.order.jobs:
        record = roster.completing(item)
        if record is None:
            continue
        if item not in counting:
            # It came to life and ended again meanwhile: what was done belongs to the end before.
            roster.finish.add(record)
        elif item.job in result.endings:
            _end(roster, record, result.endings[item.job], draft)
        else:
            error = result.errors.get(item.job, "the retrieval did not say why")
            _retry(roster, record, error, draft, roster.policy.finish_attempts)


def unfinished(roster: Roster, result: Failed, order: Finish, draft: Draft, *, blamed: bool) -> None:
    """The order failed as a whole. A job alone in it is `blamed` for that where the target answers otherwise."""
    records = [record for record in map(roster.completing, order.jobs) if record is not None]
    if blamed and len(order.jobs) == 1 and records:
        roster.finish.done(order.jobs)
        policy = roster.policy
        attempts = policy.unavailable_attempts if result.unavailable else policy.finish_attempts
        _retry(roster, records[0], result.error, draft, attempts)
        return
    roster.finish.failed(order.jobs, draft.moment.monotonic)
    for record in records:
        roster.finish.add(record)


def conclude(roster: Roster, record: JobRecord, final: JobRecord, draft: Draft, *, again: bool = False) -> None:
    """The job ends like this, and starts the next attempt if that is due (`again`) or somebody asked for it."""
    roster.replace(record, final, draft)
    if (again and final.kill_requested_by is None) or final.wanted_attempt > final.attempt:
        begin(roster, final, draft)


def begin(roster: Roster, record: JobRecord, draft: Draft) -> None:
    """The next attempt of the job starts."""
    again = to_submit(record)
    roster.replace(record, again, draft)
    if again.kill_requested_by is not None:
        kill_unsubmitted(roster, again, draft)


def kill_unsubmitted(roster: Roster, record: JobRecord, draft: Draft) -> None:
    """The back end has never seen the job, and never will."""
    reason = f"killed as {record.kill_requested_by} asked, before it was submitted"
    roster.replace(record, ended(record, JobStatus.KILLED, reason, draft.moment.utc), draft)


def _end(roster: Roster, record: JobRecord, ending: Ending, draft: Draft) -> None:
    final = ended(record, ending.status, ending.reason, draft.moment.utc)
    if record.subjobs is None:
        conclude(roster, record, final, draft, again=ending.resubmit)
    else:
        # A job with subjobs keeps what they came to, so that it is known when that changes.
        roster.replace(record, replace(final, outcome=record.outcome), draft)


def _retry(roster: Roster, record: JobRecord, error: str, draft: Draft, attempts: int) -> None:
    if roster.finish.retry(record, draft.moment.monotonic) < attempts:
        return
    outcome = record.outcome or JobStatus.FAILED
    if record.postprocessed:
        # What was to be checked or merged, and is not, has not completed.
        outcome = JobStatus.FAILED if outcome is JobStatus.COMPLETED else outcome
        missing = f"given up after {attempts} attempts to finish it: {error}"
    else:
        missing = f"output missing, `ganga fetch {record.id}` tries again: {error}"
    reason = f"{record.reason}; {missing}" if record.reason else missing
    _end(roster, record, Ending(outcome, reason), draft)
