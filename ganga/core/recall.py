"""Jobs that are not followed and that an answer speaks of: ours that have ended, and those of others.

A back end may run a job again after its end, and only its feed tells of that. Most of what a feed tells beyond the jobs
that are followed is of no concern to us, though: so the store is asked about each such job once.
"""

from ganga.core.orders import Recalled
from ganga.core.roster import Roster
from ganga.model.job import JobRecord


def recalled(roster: Roster, result: Recalled) -> None:
    """Know these jobs until the answer that named them is digested."""
    for parent, counts in result.families.items():
        if parent not in roster.families:
            roster.families.add(parent, counts)
    for record in result.parents:
        if roster.get(record.id) is None:
            roster.visit(record)
    for native_id in result.order.ids:
        found = result.records.get(native_id)
        if found is None:
            roster.past.strange(native_id)
        elif _is_over(found) and roster.get(found.id) is None:
            roster.invite(found)


def _is_over(record: JobRecord) -> bool:
    """Whether no request is on its way to us that would have the job followed in any case."""
    return record.status.final and record.wanted_attempt <= record.attempt
