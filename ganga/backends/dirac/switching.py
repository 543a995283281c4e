"""The back end on several roads: on the one that was taken until that is closed for long, then on another."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from time import monotonic
from typing import Final, TypeVar

from msgspec.structs import replace

from ganga.backends.base import Finding, Receipts, Retrieval, Retrieved, Strained, Submission, Tail
from ganga.backends.dirac import remembering
from ganga.backends.dirac.backend import DiracBackend
from ganga.backends.dirac.notes import Notes
from ganga.backends.dirac.outage import Outage
from ganga.backends.dirac.remembering import Memory
from ganga.backends.dirac.road import CredentialsExpired, JobState, Road
from ganga.backends.dirac.road import Identity as Known
from ganga.backends.dirac.roads import ROADS, Taken, take
from ganga.backends.dirac.settings import RoadName, Settings
from ganga.errors import BackendUnavailable, ConfigurationError
from ganga.model.identity import Identity
from ganga.model.ids import Cursor, NativeId, Tag
from ganga.model.observation import Answer, Observation
from ganga.model.step import Step

#: Seconds: whoever asks to be left alone for so long announces an outage, for which another road is tried at once.
LONG_REST: Final = 30.0

_T = TypeVar("_T")

_log = logging.getLogger(__name__)


class SwitchingBackend:
    """A `DiracBackend` that goes over to another road when the servers at the end of the present one are silent for
    long, or ask to be left alone for long.

    It has one `DiracBackend` for each road, and asks the present one: what is under way ends on the road on which it
    began. Cursors stay good: all roads to an installation tell the times of the same database. With one road only it
    stays on that.
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
        self._settings = settings
        self._folder = folder
        self._memory = memory
        self._outage = outage
        self._now = now
        self._notes = Notes(heard=self._heard)
        self._taken = taken
        self._present = self._over(taken.road)
        #: The road before the present one: something may still be under way on it.
        self._retired = AsyncExitStack()
        self._trying: asyncio.Task[None] | None = None
        #: One at a time, and each the latest.
        self._saving = asyncio.Lock()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} over {self._taken.road.name}>"

    @property
    def identity(self) -> Identity | None:
        """See `Identified`."""
        return self._present.identity

    @property
    def stuck_threads(self) -> int:
        """See `Strained`."""
        return self._taken.road.stuck_threads if isinstance(self._taken.road, Strained) else 0

    async def submit(self, batch: Sequence[Submission], /) -> Receipts:
        """See `Backend`."""
        await self._remember(replace(self._memory, submitted=True))
        receipts = await self._asked(lambda present: present.submit(batch))
        await self._remember(self._memory.with_news({int(number): tag for tag, number in receipts.accepted.items()}))
        return receipts

    async def find(self, tags: Collection[Tag], /) -> Finding:
        """See `Backend`."""
        return await self._asked(lambda present: present.find(tags))

    async def poll(self, ids: Collection[NativeId], /) -> Answer:
        """See `Backend`."""
        return await self._asked(lambda present: present.poll(ids))

    async def changes(self, since: Cursor | None, /) -> Answer:
        """See `Feed`."""
        return await self._asked(lambda present: present.changes(since))

    async def kill(self, ids: Collection[NativeId], /) -> None:
        """See `Backend`."""
        await self._asked(lambda present: present.kill(ids))

    async def fetch(self, retrievals: Sequence[Retrieval], /) -> Mapping[NativeId, Retrieved]:
        """See `Backend`."""
        return await self._asked(lambda present: present.fetch(retrievals))

    # What a person asks for, and waits for: it says nothing of how the servers are.

    async def history(self, ids: Collection[NativeId], /) -> Mapping[NativeId, Sequence[Step]]:
        """See `Historied`."""
        return await self._present.history(ids)

    async def reschedule(self, ids: Collection[NativeId], /) -> Mapping[NativeId, str]:
        """See `Rescheduling`."""
        return await self._present.reschedule(ids)

    async def delete(self, ids: Collection[NativeId], /) -> Mapping[NativeId, str]:
        """See `Deleting`."""
        return await self._present.delete(ids)

    async def peek(self, native_id: NativeId, /) -> Tail:
        """See `Peeking`."""
        return await self._present.peek(native_id)

    async def adopt(self, references: Sequence[str], /) -> Mapping[NativeId, Observation]:
        """See `Adopting`."""
        return await self._present.adopt(references)

    async def close(self) -> None:
        """Close all roads."""
        if self._trying is not None:
            self._trying.cancel()
            await asyncio.gather(self._trying, return_exceptions=True)
        await self._retired.aclose()
        await self._taken.stack.aclose()

    # What is kept of the jobs, by which the installation is known again

    async def _heard(self, asked: Collection[NativeId], states: Mapping[NativeId, JobState]) -> None:
        numbers = frozenset(asked)
        denied = {number for number in self._memory.witnesses if str(number) in numbers and str(number) not in states}
        present = {state.id: state.name for state in states.values()}
        await self._remember(self._memory.with_news(present, frozenset(denied)))

    async def _remember(self, memory: Memory) -> None:
        if memory != self._memory and self._settings.road is RoadName.AUTO:
            self._memory = memory
            await self._save()

    async def _save(self) -> None:
        async with self._saving:
            await asyncio.to_thread(remembering.save, self._folder, self._memory)

    # From one road to another

    def _over(self, road: Road) -> DiracBackend:
        return DiracBackend(road, self._settings, self._folder, self._notes)

    async def _asked(self, verb: Callable[[DiracBackend], Awaitable[_T]]) -> _T:
        """The answer over the present road, of which it shows how that is."""
        present = self._present
        try:
            answer = await verb(present)
        except CredentialsExpired:
            raise
        except asyncio.CancelledError:
            # Whoever cancels has waited for too long.
            self._failed(present)
            raise
        except BackendUnavailable as error:
            rest = error.retry_after or 0.0
            self._failed(present, announced=rest >= LONG_REST)
            if rest >= LONG_REST:
                await self._tried()
            if rest and present is not self._present:
                # It was the other road that asked to be left alone.
                raise BackendUnavailable(f"{error}; it is asked over {self._taken.name} from now on") from error
            raise
        self._outage.succeeded()
        return answer

    def _failed(self, backend: DiracBackend, *, announced: bool = False) -> None:
        if backend is not self._present or self._settings.road is not RoadName.AUTO:
            return
        if self._outage.failed(self._now(), announced=announced) and (self._trying is None or self._trying.done()):
            # Who asked to be left alone is.
            names = [name for name in ROADS if not (announced and name is self._taken.name)]
            self._trying = asyncio.create_task(self._try_roads(names), name="roads to DIRAC")

    async def _tried(self) -> None:
        """Wait until it is known whether another road is open."""
        if self._trying is not None:
            await asyncio.wait({self._trying})

    async def _try_roads(self, names: Sequence[RoadName]) -> None:
        try:
            taken = await take(names, self._settings, self._check)
        except (BackendUnavailable, ConfigurationError) as error:
            _log.debug("no road to DIRAC is open: %s", error)
            return
        if taken.name is self._taken.name:
            await taken.stack.aclose()
        else:
            await self._go_over_to(taken)

    async def _check(self, name: RoadName, road: Road, identity: Known) -> None:
        await remembering.check(self._memory, name, road, identity)

    async def _go_over_to(self, taken: Taken) -> None:
        _log.info(
            "DIRAC is spoken to over %s from now on: its servers do not answer over %s", taken.name, self._taken.name
        )
        closing, self._retired = self._retired, self._taken.stack
        self._taken, self._present = taken, self._over(taken.road)
        self._outage.succeeded()
        self._memory = remembering.remembered(taken.name, taken.identity, self._settings, self._memory)
        try:
            await self._save()
        finally:
            await closing.aclose()
