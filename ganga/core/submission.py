"""From the intent to the native id: nothing is submitted anew before it is known that it was not submitted."""

from collections.abc import Mapping

from ganga.core.ending import conclude, kill_unsubmitted
from ganga.core.news import Draft
from ganga.core.orders import Find, Found, Submit, Submitted
from ganga.core.reconcile import accepted, ended
from ganga.core.roster import Roster
from ganga.model.ids import JobId, NativeId
from ganga.model.status import JobStatus


def submitted(roster: Roster, result: Submitted, draft: Draft) -> None:
    """Some jobs were accepted, some refused; the others are looked for."""
    roster.submit.done(result.order.jobs)
    _accept(roster, result.accepted, draft)
    for record in roster.submitting(result.order.jobs):
        if record.id in result.rejected:
            refused = ended(record, JobStatus.FAILED, result.rejected[record.id], draft.moment.utc)
            conclude(roster, record, refused, draft)
        else:
            roster.find.add(record.id)


def found(roster: Roster, result: Found, draft: Draft) -> None:
    """Some jobs are there after all, some surely not: only these are submitted (again). The others are looked for
    again.
    """
    roster.find.done(result.order.jobs)
    _accept(roster, result.present, draft)
    for record in roster.submitting(result.order.jobs):
        if record.id not in result.absent:
            roster.find.retry(record.id, draft.moment.monotonic)
        elif record.kill_requested_by is not None:
            kill_unsubmitted(roster, record, draft)
        else:
            roster.submit.come_around(record.id, draft.moment.monotonic)


def unsubmitted(roster: Roster, order: Submit | Find, draft: Draft) -> None:
    """The order failed: whether the jobs have reached the back end is not known."""
    lane = roster.submit if isinstance(order, Submit) else roster.find
    lane.failed(order.jobs, draft.moment.monotonic)
    for record in roster.submitting(order.jobs):
        roster.find.add(record.id)


def _accept(roster: Roster, receipts: Mapping[JobId, NativeId], draft: Draft) -> None:
    for record in roster.submitting(receipts):
        roster.replace(record, accepted(record, receipts[record.id], draft.moment.utc), draft)
    if receipts:
        roster.sweeper.hurry(draft.moment.monotonic)
