"""A fake back end whose jobs follow scripts and whose replies can be made to go wrong in every way that real
ones do.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from enum import Enum, auto
from typing import TypeVar

from ganga.backends.base import Finding, Receipts, Retrieval, Retrieved, Submission
from ganga.errors import BackendUnavailable
from ganga.model.ids import Cursor, NativeId, Tag
from ganga.model.observation import Answer
from ganga.testing.world import Script, World


class Fault(Enum):
    """What goes wrong with one call."""

    #: It is not carried out, and says so.
    FAIL = auto()
    #: It is carried out, but says that it failed.
    FAIL_AFTER = auto()
    #: It is never carried out and never returns.
    HANG = auto()
    #: It is carried out at once and answers with what was true then, much later.
    LATE = auto()
    #: The reply leaves out every second item.
    PARTIAL = auto()
    #: The reply ends after the first item, as if there were no more.
    TRUNCATED = auto()
    #: Everything that was asked for one by one is denied.
    DENY = auto()
    #: The items come in reverse.
    SHUFFLED = auto()


class ScriptedBackend:
    """A `Backend` in virtual or real time: faults are queued for a verb, and each call of it takes the next one.

    `now` tells the time in seconds, `latency` is what each call takes of it. `calls` keeps what was asked: the verb and
    how many items it named.
    """

    #: Seconds that a late reply takes.
    LATE = 3600.0

    def __init__(
        self,
        now: Callable[[], float],
        script: Callable[[Submission], Script] | None = None,
        *,
        world: World | None = None,
        latency: float = 0.0,
    ) -> None:
        self.world = world or World()
        self.calls: list[tuple[str, int]] = []
        self._now = now
        self._script = script or (lambda _: Script())
        self._latency = latency
        self._faults: dict[str, deque[Fault]] = {}

    def goes_wrong(self, verb: str, *faults: Fault) -> None:
        """The next calls of this verb (``submit find poll kill fetch changes``) go wrong like this, one after
        another.
        """
        self._faults.setdefault(verb, deque()).extend(faults)

    async def submit(self, batch: Sequence[Submission], /) -> Receipts:
        """See `Backend.submit`."""
        fault = await self._begin("submit", len(batch))
        accepted: dict[Tag, NativeId] = {}
        rejected: dict[Tag, str] = {}
        for submission in _reached(batch, fault):
            script = self._script(submission)
            if script.rejected is None:
                accepted[submission.tag] = self.world.accept(submission.tag, script, self._now())
            else:
                rejected[submission.tag] = script.rejected
        await self._end("submit", fault)
        return Receipts(_spoken(accepted, fault), rejected)

    async def find(self, tags: Collection[Tag], /) -> Finding:
        """See `Backend.find`."""
        fault = await self._begin("find", len(tags))
        there = {tag: self.world.find(tag) for tag in tags}
        present = {tag: native_id for tag, native_id in there.items() if native_id is not None}
        absent = frozenset(tags) - present.keys()
        await self._end("find", fault)
        return Finding(_spoken(present, fault), frozenset(_reached(sorted(absent), fault)))

    async def poll(self, ids: Collection[NativeId], /) -> Answer:
        """See `Backend.poll`."""
        fault = await self._begin("poll", len(ids))
        answer = self.world.poll(ids, self._now())
        await self._end("poll", fault)
        if fault is Fault.DENY:
            return Answer(absent=frozenset(ids))
        absent = frozenset() if fault in _INCOMPLETE else answer.absent
        return Answer(_spoken(answer.seen, fault), absent)

    async def kill(self, ids: Collection[NativeId], /) -> None:
        """See `Backend.kill`."""
        fault = await self._begin("kill", len(ids))
        for native_id in _reached(list(ids), fault):
            self.world.kill(native_id, self._now())
        await self._end("kill", fault)

    async def fetch(self, retrievals: Sequence[Retrieval], /) -> Mapping[NativeId, Retrieved]:
        """See `Backend.fetch`."""
        fault = await self._begin("fetch", len(retrievals))
        brought = {retrieval.native_id: self._bring(retrieval) for retrieval in _reached(retrievals, fault)}
        await self._end("fetch", fault)
        return brought

    async def _begin(self, verb: str, items: int) -> Fault | None:
        self.calls.append((verb, items))
        waiting = self._faults.get(verb)
        fault = waiting.popleft() if waiting else None
        if fault is Fault.HANG:
            await asyncio.get_running_loop().create_future()
        await asyncio.sleep(self._latency)
        if fault is Fault.FAIL:
            raise BackendUnavailable(f"{verb} fails as the script demands; ask again later")
        return fault

    async def _end(self, verb: str, fault: Fault | None) -> None:
        if fault is Fault.LATE:
            await asyncio.sleep(self.LATE)
        if fault is Fault.FAIL_AFTER:
            raise BackendUnavailable(f"{verb} fails after it was carried out, as the script demands; ask again later")

    def _bring(self, retrieval: Retrieval) -> Retrieved:
        if retrieval.native_id not in self.world:
            return Retrieved(error=f"there is no job {retrieval.native_id}")
        script = self.world.script(retrieval.native_id)
        for name, content in {"stdout": script.stdout, "stderr": script.stderr, **script.outputs}.items():
            (retrieval.into / name).write_bytes(content)
        return Retrieved(tuple(pattern for pattern in retrieval.outputs if not any(retrieval.into.glob(pattern))))


class ScriptedFeed(ScriptedBackend):
    """A `ScriptedBackend` that can also say what is new."""

    async def changes(self, since: Cursor | None, /) -> Answer:
        """See `Feed.changes`."""
        fault = await self._begin("changes", 0)
        answer = self.world.changes(since, self._now())
        await self._end("changes", fault)
        if fault in _INCOMPLETE:
            return Answer(_spoken(answer.seen, fault), cursor=since)
        return Answer(_spoken(answer.seen, fault), cursor=answer.cursor)


_INCOMPLETE = frozenset({Fault.PARTIAL, Fault.TRUNCATED})
_Key = TypeVar("_Key", bound=str)
_Value = TypeVar("_Value")
_Item = TypeVar("_Item")


def _reached(items: Sequence[_Item], fault: Fault | None) -> Sequence[_Item]:
    """The items to which the call gets."""
    if fault is Fault.PARTIAL:
        return items[::2]
    return items[:1] if fault is Fault.TRUNCATED else items


def _spoken(said: Mapping[_Key, _Value], fault: Fault | None) -> dict[_Key, _Value]:
    """What the reply tells of all that is true."""
    items = _reached(list(said.items()), fault)
    return dict(reversed(items) if fault is Fault.SHUFFLED else items)
