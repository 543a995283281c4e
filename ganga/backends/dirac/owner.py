"""Whose jobs are ours."""

import logging
from datetime import timedelta
from typing import Final

from ganga.backends.dirac.road import Identity, Road
from ganga.model.clock import rfc3339

#: Seconds before the end of the credentials from which on it is worth a warning.
_SOON: Final = timedelta(hours=6).total_seconds()

_log = logging.getLogger(__name__)


class Owner:
    """The name under which the servers know us, asked for once."""

    def __init__(self, road: Road) -> None:
        self._road = road
        self._identity: Identity | None = None

    async def name(self) -> str:
        """The owner of our jobs. Raises `BackendUnavailable`."""
        if self._identity is None:
            self._identity = await self._ask()
        return self._identity.owner

    async def _ask(self) -> Identity:
        identity = await self._road.whoami()
        if identity.expires_at is not None and identity.expires_at - await self._road.clock() < _SOON:
            _log.warning(
                "the credentials of %s for DIRAC end at %s; renew them before",
                identity.owner,
                rfc3339(identity.expires_at),
            )
        return identity
