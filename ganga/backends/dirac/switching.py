"""The back end on several roads: on the one that was taken until that is closed for long, then on another."""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from time import monotonic
from typing import Final

from msgspec.structs import replace

from ganga.backends.base import Finding, Receipts, Strained, Submission
from ganga.backends.dirac import remembering
from ganga.backends.dirac.backend import DiracBackend
from ganga.backends.dirac.remembering import Memory
from ganga.backends.dirac.road import CredentialsExpired, Identity, JobState, Road
from ganga.backends.dirac.roads import ROADS, Taken, take
from ganga.backends.dirac.settings import RoadName, Settings
from ganga.errors import BackendUnavailable, ConfigurationError
from ganga.model.ids import Cursor, NativeId, Tag
from ganga.model.observation import Answer

#: So many failures on end, over so many seconds at least, and the other roads are tried. A server that is started
#: again is back before.
FAILURES: Final = 3
LASTING: Final = 60.0
#: Seconds between two rounds of trying them while none works: at first, and at most.
_FIRST_PAUSE: Final = 60.0
_LONGEST_PAUSE: Final = 960.0

_log = logging.getLogger(__name__)


class Outage:
    """When the other roads are worth a try. Pure: the time is an argument.

    Only servers that do not answer count. Credentials that have expired are neither a failure of the road nor a sign
    of its health: they are renewed by a person, and count for nothing here.
    """

    def __init__(self, failures: int = FAILURES, lasting: float = LASTING) -> None:
        self._most = failures
        self._lasting = lasting
        self._failures = 0
        self._began = 0.0
        self._pause = _FIRST_PAUSE
        self._not_before = 0.0

    def succeeded(self) -> None:
        """The servers have answered."""
        self._failures = 0
        self._pause = _FIRST_PAUSE

    def failed(self, now: float) -> bool:
        """They have not; whether the roads are to be tried now."""
        if not self._failures:
            self._began = now
        self._failures += 1
        if self._failures < self._most or now - self._began < self._lasting or now < self._not_before:
            return False
        self._not_before = now + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        return True


class SwitchingBackend(DiracBackend):
    """Goes over to another road when the servers at the end of the present one have been silent for long.

    What is under way ends on the road on which it began. Cursors stay good: all roads to an installation tell the times
    of the same database. With one road only it stays on that.
    """

    def __init__(
        self,
        taken: Taken,
        settings: Settings,
        folder: Path,
        memory: Memory,
        outage: Outage,
        *,
        now: Callable[[], float] = monotonic,
    ) -> None:
        super().__init__(taken.road, settings, folder)
        self._settings = settings
        self._folder = folder
        self._memory = memory
        self._outage = outage
        self._now = now
        self._open = taken.stack
        #: The road before the present one: something may still be under way on it.
        self._retired = AsyncExitStack()
        self._trying: asyncio.Task[None] | None = None
        #: One at a time, and each the latest.
        self._saving = asyncio.Lock()

    @property
    def stuck_threads(self) -> int:
        """See `Strained`."""
        return self._road.stuck_threads if isinstance(self._road, Strained) else 0

    async def submit(self, batch: Sequence[Submission], /) -> Receipts:
        """See `DiracBackend.submit`."""
        await self._remember(replace(self._memory, submitted=True))
        with self._watched():
            receipts = await super().submit(batch)
        await self._remember(self._memory.with_news({int(number): tag for tag, number in receipts.accepted.items()}))
        return receipts

    async def find(self, tags: Collection[Tag], /) -> Finding:
        """See `DiracBackend.find`."""
        with self._watched():
            return await super().find(tags)

    async def poll(self, ids: Collection[NativeId], /) -> Answer:
        """See `DiracBackend.poll`."""
        with self._watched():
            return await super().poll(ids)

    async def changes(self, since: Cursor | None, /) -> Answer:
        """See `DiracBackend.changes`."""
        with self._watched():
            return await super().changes(since)

    async def close(self) -> None:
        """Close all roads."""
        if self._trying is not None:
            self._trying.cancel()
            await asyncio.gather(self._trying, return_exceptions=True)
        await self._retired.aclose()
        await self._open.aclose()

    async def _states(self, ids: Collection[NativeId]) -> dict[NativeId, JobState]:
        states = await super()._states(ids)
        asked = frozenset(ids)
        denied = {number for number in self._memory.witnesses if str(number) in asked and str(number) not in states}
        present = {state.id: state.name for state in states.values()}
        await self._remember(self._memory.with_news(present, frozenset(denied)))
        return states

    async def _remember(self, memory: Memory) -> None:
        if memory != self._memory and self._settings.road is RoadName.AUTO:
            self._memory = memory
            await self._save()

    async def _save(self) -> None:
        async with self._saving:
            await asyncio.to_thread(remembering.save, self._folder, self._memory)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except CredentialsExpired:
            raise
        except (BackendUnavailable, asyncio.CancelledError):
            # Whoever cancels has waited for too long.
            self._failed()
            raise
        self._outage.succeeded()

    def _failed(self) -> None:
        if self._settings.road is not RoadName.AUTO or not self._outage.failed(self._now()):
            return
        if self._trying is None or self._trying.done():
            self._trying = asyncio.create_task(self._try_roads(), name="roads to DIRAC")

    async def _try_roads(self) -> None:
        try:
            taken = await take(list(ROADS), self._settings, self._check)
        except (BackendUnavailable, ConfigurationError) as error:
            _log.debug("no road to DIRAC is open: %s", error)
            return
        if taken.name is self._memory.road:
            await taken.stack.aclose()
        else:
            await self._go_over_to(taken)

    async def _check(self, name: RoadName, road: Road, identity: Identity) -> None:
        await remembering.check(self._memory, name, road, identity)

    async def _go_over_to(self, taken: Taken) -> None:
        _log.info(
            "DIRAC is spoken to over %s from now on: its servers do not answer over %s", taken.name, self._memory.road
        )
        retired, self._retired, self._open = self._retired, self._open, taken.stack
        super().__init__(taken.road, self._settings, self._folder)
        self._outage.succeeded()
        self._memory = remembering.remembered(taken.name, taken.identity, self._settings, self._memory)
        try:
            await self._save()
        finally:
            await retired.aclose()
