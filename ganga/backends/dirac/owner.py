"""Whose jobs are ours, and for how long the servers will believe that."""

import logging
from collections.abc import Callable
from time import monotonic
from typing import Final

from ganga.backends.dirac.road import Identity, Road
from ganga.model.clock import Utc, rfc3339

#: Seconds for which an identity is taken for granted.
_TRUSTED_FOR: Final = 600.0

_log = logging.getLogger(__name__)


class Owner:
    """The name under which the servers know us, looked up now and then, with a warning before the credentials end."""

    def __init__(self, road: Road, warn_before: float, *, now: Callable[[], float] = monotonic) -> None:
        self._road = road
        self._warn_before = warn_before
        self._now = now
        self._identity: Identity | None = None
        self._known_until = 0.0
        self._warned_of: Utc | None = None

    async def name(self) -> str:
        """The owner of our jobs. Raises `BackendUnavailable`."""
        now = self._now()
        if self._identity is None or now >= self._known_until:
            self._identity = await self._road.whoami()
            self._known_until = now + _TRUSTED_FOR
            await self._warn(self._identity)
        return self._identity.owner

    async def _warn(self, identity: Identity) -> None:
        """Once of each end."""
        ends_at = identity.expires_at
        if ends_at is None or ends_at == self._warned_of or ends_at - await self._road.clock() > self._warn_before:
            return
        self._warned_of = ends_at
        _log.warning("the credentials of %s for DIRAC end at %s; renew them before", identity.owner, rfc3339(ends_at))
