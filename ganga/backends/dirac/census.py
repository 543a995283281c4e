"""One grouped count now and then, where the servers can count: a cheap look at whether jobs have vanished."""

import logging
from collections.abc import Mapping
from typing import Final

from ganga.backends.dirac.road import Road
from ganga.backends.dirac.states import STATUSES
from ganga.errors import BackendError
from ganga.model.status import JobStatus

#: One count for so many questions for what is new.
ONE_IN: Final = 12

_log = logging.getLogger(__name__)


class Census:
    """Counts the live jobs of an owner in one of `ONE_IN` calls, and never again where the servers cannot."""

    def __init__(self, road: Road) -> None:
        self._road = road
        self._questions = 0
        self._able = True

    async def living(self, owner: str) -> int | None:
        """How many of the owner's jobs live; None if that was not counted. What goes wrong with it is no failure."""
        self._questions += 1
        if not self._able or self._questions % ONE_IN:
            return None
        try:
            counts = await self._road.counts(owner=owner)
        except BackendError as error:
            _log.debug("the jobs of %s were not counted: %s", owner, error)
            return None
        self._able = counts is not None
        return None if counts is None else _living(counts)


def _living(counts: Mapping[str, int]) -> int:
    """A word that is not known is no end."""
    return sum(count for word, count in counts.items() if not STATUSES.get(word, JobStatus.RUNNING).final)
