"""What follows from the answer to a question about many jobs: evidence, denials, and silence, from which nothing
follows.
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from msgspec.structs import replace

from ganga.core.ending import conclude
from ganga.core.news import Draft
from ganga.core.orders import Answered, Sweep
from ganga.core.questions import Questions
from ganga.core.reconcile import ended, nothing_new, reconcile
from ganga.core.roster import Roster
from ganga.model.ids import NativeId
from ganga.model.job import TargetState
from ganga.model.status import JobStatus


def digest(roster: Roster, questions: Questions, result: Answered, state: TargetState, draft: Draft) -> None:
    """Bring the records up to date with (this part of) an answer."""
    seen, order = result.answer.seen, result.order
    _believe(roster, questions, result, draft)
    _confirm(roster, seen.keys(), draft)
    roster.absences.seen(seen.keys())
    if isinstance(order, Sweep):
        unspoken = questions.unspoken(order.number, seen.keys())
        if result.last:
            for native_id in result.answer.absent & unspoken:
                if _deny(roster, native_id, state, draft):
                    questions.heard(order.number, native_id)
            _fall_silent(roster, unspoken, state, draft)
            roster.dismiss(order.ids)
    roster.dismiss(seen.keys())


def _believe(roster: Roster, questions: Questions, result: Answered, draft: Draft) -> None:
    number, named = result.order.number, roster.named
    for native_id, seen in result.answer.seen.items():
        record = named(native_id)
        if record is None or nothing_new(record, seen) or questions.outdated(number, native_id, seen, record):
            continue
        told = reconcile(record, seen, draft.moment.utc)
        if told is not None:
            questions.heard(number, native_id)
            roster.replace(record, told, draft)


def _confirm(roster: Roster, seen: AbstractSet[NativeId], draft: Draft) -> None:
    """Tell those who asked about one of these jobs that there is nothing new."""
    for native_id in roster.awaited & seen:
        roster.awaited.discard(native_id)
        record = roster.named(native_id)
        if record is not None and record.status.polled and record.confirmed_at != draft.moment.utc:
            confirmed = replace(record, confirmed_at=draft.moment.utc)
            draft.confirm(confirmed)
            roster.visit(confirmed)


def _deny(roster: Roster, native_id: NativeId, state: TargetState, draft: Draft) -> bool:
    """The job was asked for and denied; True if it is given up as lost now."""
    record = roster.named(native_id)
    if record is None or not record.status.polled or not roster.absences.denied(native_id, draft.moment.monotonic):
        return False
    minutes = round(roster.policy.patience.seconds / 60)
    reason = f"{state.name} has denied for {minutes} minutes that it knows {native_id}; how it ended is not known"
    conclude(roster, record, ended(record, JobStatus.LOST, reason, draft.moment.utc), draft)
    return True


def _fall_silent(roster: Roster, unspoken: Iterable[NativeId], state: TargetState, draft: Draft) -> None:
    for native_id in unspoken:
        record = roster.named(native_id)
        if record is not None and record.status.polled and record.silent_since is None:
            silent = replace(record, confirmed_at=record.confirmed(state), silent_since=draft.moment.utc)
            roster.replace(record, silent, draft)
