"""Whose jobs are ours: the name under which the servers know us."""

from collections.abc import Callable
from time import monotonic
from typing import Final

from ganga.backends.dirac.road import Identity, Road

#: Seconds for which an identity is taken for granted.
_TRUSTED_FOR: Final = 600.0


class Owner:
    """The owner of our jobs, looked up now and then, and when the credentials are others than before."""

    def __init__(self, road: Road, *, now: Callable[[], float] = monotonic) -> None:
        self._road = road
        self._now = now
        self._known_until = 0.0
        #: Whom the servers took us for last; None before the first time.
        self.identity: Identity | None = None

    async def name(self) -> str:
        """The owner of our jobs. Raises `BackendUnavailable`."""
        now, known = self._now(), self.identity
        if known is None or now >= self._known_until or known.expires_at != self._road.expires_at:
            known = self.identity = await self._road.whoami()
            self._known_until = now + _TRUSTED_FOR
        return known.owner
