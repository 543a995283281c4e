"""A back end that does all that people can ask of one directly."""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from ganga.backends.base import Tail
from ganga.model.clock import Utc
from ganga.model.ids import NativeId
from ganga.model.step import Step
from ganga.testing.backend import ScriptedBackend


class Obliging(ScriptedBackend):
    """Refuses the jobs in `refuses`, with the reasons there; shows `tail` of each, and may end a job when it does."""

    refuses: Mapping[NativeId, str] = MappingProxyType({})
    ends_when_shown = False
    tail = Tail("step 1\nstep 2\n", Utc(1_800_000_000.0))

    async def history(self, ids: Collection[NativeId], /) -> Mapping[NativeId, Sequence[Step]]:
        """Each was accepted, and those that run were started."""
        await self._begin("history", len(ids))
        step = Step(status="PD", minor_status="Priority", at=Utc(1.0), source="scheduler")
        return {native_id: [step] for native_id in ids if native_id in self.world}

    async def reschedule(self, ids: Collection[NativeId], /) -> Mapping[NativeId, str]:
        """Requeue them."""
        await self._begin("reschedule", len(ids))
        for native_id in ids:
            if native_id not in self.refuses:
                self.world.requeue(native_id, self._now())
        return self._of(ids)

    async def delete(self, ids: Collection[NativeId], /) -> Mapping[NativeId, str]:
        """Take note of it."""
        await self._begin("delete", len(ids))
        return self._of(ids)

    async def peek(self, native_id: NativeId, /) -> Tail:
        """The same of all."""
        if self.ends_when_shown:
            self.world.kill(native_id, self._now())
        await self._begin("peek", len([native_id]))
        return self.tail

    def _of(self, ids: Collection[NativeId]) -> dict[NativeId, str]:
        return {native_id: reason for native_id, reason in self.refuses.items() if native_id in ids}
