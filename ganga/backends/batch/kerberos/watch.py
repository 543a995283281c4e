"""Look at tickets now and then, in a thread that nobody waits for."""

import asyncio
import logging
from collections.abc import Callable
from threading import Thread
from time import monotonic
from typing import Final

from ganga.backends.batch.kerberos.tickets import TicketError
from ganga.model.identity import Identity

#: Seconds between two looks.
EVERY: Final = 60.0

_log = logging.getLogger(__name__)


class Watch:
    """Who asks is told what the last look has found, and causes the next when that is a while ago.

    A look may hang, as file systems without tickets do: it has a thread of its own, which ends with the process.
    """

    def __init__(self, look: Callable[[], Identity | None], *, now: Callable[[], float] = monotonic) -> None:
        self._look = look
        self._now = now
        self._identity: Identity | None = None
        self._looked_at = now()
        self._thread = self._begin()

    @property
    def identity(self) -> Identity | None:
        """Whose tickets they were when they were looked at last; None if none matter, or that is not known yet."""
        if self._now() - self._looked_at >= EVERY and not self._thread.is_alive():
            self._looked_at = self._now()
            self._thread = self._begin()
        return self._identity

    async def looked(self, within: float) -> None:
        """Wait for the look that is under way, for so many seconds."""
        if self._thread.is_alive():
            await asyncio.to_thread(self._thread.join, within)

    def _begin(self) -> Thread:
        thread = Thread(target=self._note, name="Kerberos tickets", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            # A machine that has no thread to give now may have one a minute later.
            _log.debug("the Kerberos tickets are not looked at now: %s", error)
        return thread

    def _note(self) -> None:
        try:
            self._identity = self._look()
        except (TicketError, OSError) as error:
            # They may be in the middle of being written: what is known stays, and the next look tells.
            _log.debug("the Kerberos tickets cannot be read: %s", error)
            if self._identity is None:
                self._identity = Identity(name=f"Kerberos: not known: {error}")
