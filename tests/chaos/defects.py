"""Deliberate defects of the product, to see that the judgement finds them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import ganga.core.answers
import ganga.monitor.carrier
import ganga.store.writing
from ganga.core.ending import conclude
from ganga.core.news import Draft
from ganga.core.orders import Find, Found
from ganga.core.reconcile import ended
from ganga.core.roster import Roster
from ganga.model.ids import NativeId
from ganga.model.job import TargetState
from ganga.model.status import JobStatus
from ganga.monitor.carrier import Carrier


def ignore_epochs() -> None:
    """The store lets everybody write."""
    setattr(ganga.store.writing, "_check", lambda *_: None)  # noqa: B010 - mypy forbids what is done here on purpose


def believe_silence() -> None:
    """What an answer leaves out has ended."""

    def end(roster: Roster, unspoken: Iterable[NativeId], _state: TargetState, draft: Draft) -> None:
        for native_id in unspoken:
            record = roster.named(native_id)
            if record is not None and record.status.polled:
                conclude(roster, record, ended(record, JobStatus.COMPLETED, None, draft.moment.utc), draft)

    setattr(ganga.core.answers, "_fall_silent", end)  # noqa: B010 - mypy forbids what is done here on purpose


def look_for_no_tag() -> None:
    """Whatever may have been submitted is submitted again."""

    async def find(_self: Carrier, order: Find) -> Found:
        return Found(order, {}, frozenset(order.jobs))

    setattr(Carrier, "_find", find)  # noqa: B010 - mypy forbids what is done here on purpose


DEFECTS: Final[Mapping[str, Callable[[], None]]] = {
    "epochs": ignore_epochs,
    "silence": believe_silence,
    "tags": look_for_no_tag,
}
