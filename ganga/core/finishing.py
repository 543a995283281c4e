"""The jobs of one target that have ended and are to be finished: in batches, or one by one where plug-ins are
to run.
"""

from collections.abc import Collection
from random import Random

from ganga.core.lane import Lane
from ganga.core.orders import JobAttempt
from ganga.model.clock import Monotonic
from ganga.model.job import JobRecord
from ganga.model.policy import Policy


def item_of(record: JobRecord) -> JobAttempt:
    """The attempt that the record is of."""
    return JobAttempt(record.id, record.attempt)


class Finishing:
    """Two lanes, used like one. A plug-in may take long or hang: a job with any shares neither batch nor lane with
    others.
    """

    __slots__ = ("_alone", "_together")

    def __init__(self, policy: Policy, random: Random) -> None:
        self._together: Lane[JobAttempt] = Lane(policy.finish, random)
        self._alone: Lane[JobAttempt] = Lane(policy.postprocess, random)

    def __len__(self) -> int:
        return len(self._together) + len(self._alone)

    def add(self, record: JobRecord) -> None:
        """The job is to be finished; nothing happens if that is known."""
        self._lane(record).add(item_of(record))

    def discard(self, record: JobRecord) -> None:
        """The job need not be finished, and what comes of it no longer counts."""
        self._lane(record).discard(item_of(record))

    def take(self, now: Monotonic) -> list[tuple[JobAttempt, ...]]:
        """See `Lane.take`."""
        return self._together.take(now) + self._alone.take(now)

    def done(self, batch: Collection[JobAttempt]) -> frozenset[JobAttempt]:
        """See `Lane.done`."""
        return self._sent_by(batch).done(batch)

    def failed(self, batch: Collection[JobAttempt], now: Monotonic) -> None:
        """See `Lane.failed`."""
        self._sent_by(batch).failed(batch, now)

    def retry(self, record: JobRecord, now: Monotonic) -> int:
        """See `Lane.retry`."""
        return self._lane(record).retry(item_of(record), now)

    def next_wakeup(self) -> Monotonic | None:
        """See `Lane.next_wakeup`."""
        wakeups = (self._together.next_wakeup(), self._alone.next_wakeup())
        return min((wakeup for wakeup in wakeups if wakeup is not None), default=None)

    def _lane(self, record: JobRecord) -> Lane[JobAttempt]:
        return self._alone if record.postprocessed else self._together

    def _sent_by(self, batch: Collection[JobAttempt]) -> Lane[JobAttempt]:
        return self._alone if any(map(self._alone.under_way, batch)) else self._together
