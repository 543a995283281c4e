"""Jobs on DIRAC, as a back end: what changed is asked for often, everything seldom, and one job never.

The native id of a job is DIRAC's number. Everything that depends on the protocol is the road's.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice
from pathlib import Path
from secrets import token_hex
from typing import Final

from ganga.backends.base import Finding, Receipts, Retrieval, Retrieved, Submission, Tail
from ganga.backends.dirac.census import Census
from ganga.backends.dirac.changing import Changer
from ganga.backends.dirac.delta import Delta
from ganga.backends.dirac.notes import Notes
from ganga.backends.dirac.owner import Owner
from ganga.backends.dirac.peeking import tail
from ganga.backends.dirac.retrieving import Retriever
from ganga.backends.dirac.road import JobState, Road
from ganga.backends.dirac.settings import Settings
from ganga.backends.dirac.states import observation, status_of
from ganga.backends.dirac.submitting import Submitter
from ganga.errors import UsageError
from ganga.model.identity import Identity
from ganga.model.ids import Cursor, NativeId, Tag, shortened
from ganga.model.observation import Answer, Observation
from ganga.model.step import Step

#: Jobs in one question: servers answer a thousand in well under a second.
CHUNK: Final = 1000

#: DIRAC's numbers are columns of 32 bits.
_LARGEST_NUMBER: Final = 2**32 - 1
_GROUP: Final = "group:"
_OWNER: Final = "owner:"


class DiracBackend:
    """A `Backend` over whichever road it is given.

    It is a `Feed`, and `Adopting`, `Identified`, `Historied`, `Rescheduling`, `Deleting` and `Peeking`.
    """

    def __init__(self, road: Road, settings: Settings, folder: Path, notes: Notes | None = None) -> None:
        self._road = road
        self._notes = Notes() if notes is None else notes
        self._owner = Owner(road)
        self._census = Census(road)
        self._warn_before = settings.warn_before
        self._delta = Delta(settings.overlap, token_hex(4))
        self._submitter = Submitter(road, self._owner, settings, folder)
        self._retriever = Retriever(road, folder, settings.largest_output)
        self._changer = Changer(road, self._states)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} over {self._road.name}>"

    @property
    def identity(self) -> Identity | None:
        """Whom the servers take us for, with the end of the credentials as they are now."""
        known = self._owner.identity
        if known is None:
            return None
        name = f"{known.owner} of {known.group}" if known.group else known.owner
        return Identity(name=name, expires_at=self._road.expires_at, warn_before=self._warn_before)

    async def submit(self, batch: Sequence[Submission], /) -> Receipts:
        """Several jobs in one call, as many as the servers take."""
        return await self._submitter.submit(batch)

    async def find(self, tags: Collection[Tag], /) -> Finding:
        """Look for our jobs of these names."""
        return await self._submitter.find(tags)

    async def poll(self, ids: Collection[NativeId], /) -> Answer:
        """Ask for the states of these jobs. What the servers leave out of a whole answer is denied."""
        states = await self._states(ids)
        known = self._owner.identity
        self._notes.others.learn(states.values(), None if known is None else known.owner)
        asked = {native_id for native_id in ids if _number(native_id) is not None}
        return Answer(await self._told(states.values()), frozenset(asked - states.keys()))

    async def changes(self, since: Cursor | None, /) -> Answer:
        """What the servers have written about our jobs since then. It does not wait: DIRAC tells nothing by itself."""
        owner = await self._owner.name()
        # Before the changes are read: what ends in between is then not missing, but one too many.
        living = await self._census.living(owner)
        question = self._delta.question(since, await self._road.clock())
        async for page in self._road.changed(question.since, owner=owner):
            question.take(page)
        if others := self._notes.others.numbers(owner):
            async for page in self._road.changed(question.since, ids=others):
                question.take(page)
        news = question.news()
        told = await self._told([*news, *await self._looked_at_again({state.id for state in news})])
        return Answer(told, cursor=self._delta.settle(question), living=living)

    async def kill(self, ids: Collection[NativeId], /) -> None:
        """Those that live: a request that names one that is not there is refused as a whole."""
        states = await self._states(ids)
        live = [state.id for state in states.values() if not status_of(state).final]
        for part in _chunks(live):
            await self._road.kill(part)

    async def fetch(self, retrievals: Sequence[Retrieval], /) -> Mapping[NativeId, Retrieved]:
        """Download and unpack the output sandboxes."""
        states = await self._states([retrieval.native_id for retrieval in retrievals])
        return await self._retriever.fetch(retrievals, states)

    async def history(self, ids: Collection[NativeId], /) -> Mapping[NativeId, Sequence[Step]]:
        """What the servers have written down about these jobs."""
        told: dict[NativeId, Sequence[Step]] = {}
        for part in _chunks(_numbers(ids)):
            histories = await self._road.history(part)
            told.update((NativeId(str(number)), histories[number]) for number in part if histories.get(number))
        return told

    async def reschedule(self, ids: Collection[NativeId], /) -> Mapping[NativeId, str]:
        """Run these jobs again under their numbers."""
        return await self._changer.reschedule(ids)

    async def delete(self, ids: Collection[NativeId], /) -> Mapping[NativeId, str]:
        """Mark these jobs as deleted; DIRAC cleans up after them in its own time."""
        return await self._changer.delete(ids)

    async def peek(self, native_id: NativeId, /) -> Tail:
        """What the watchdog of the job has reported last of its output."""
        for number in _numbers([native_id]):
            return tail(await self._road.peek(number))
        raise UsageError(f"{shortened(native_id)!r} is no job of DIRAC")

    async def adopt(self, references: Sequence[str], /) -> Mapping[NativeId, Observation]:
        """Jobs by their numbers, by our job groups (``group:NAME``) and by their owners (``owner:NAME``)."""
        adopted: dict[NativeId, Observation] = {}
        numbers = [reference for reference in references if not reference.startswith((_GROUP, _OWNER))]
        wrong = next((text for text in numbers if _number(text) is None), None)
        if wrong is not None:
            raise UsageError(
                f"{shortened(wrong)!r} is no job of DIRAC; expected a number such as 4711, group:NAME or owner:NAME"
            )
        states = await self._states([NativeId(text) for text in numbers])
        unknown = [text for text in numbers if NativeId(text) not in states]
        if unknown:
            raise UsageError(f"DIRAC does not know the job {unknown[0]}, or does not show it to you")
        adopted |= {native_id: observation(state) for native_id, state in states.items()}
        for reference in references:
            if reference not in numbers:
                adopted |= await self._adopt_many(reference)
        return adopted

    async def _adopt_many(self, reference: str) -> dict[NativeId, Observation]:
        kind, name = reference[: len(_GROUP)], reference[len(_GROUP) :]
        if kind == _GROUP:
            states = await self._road.jobs(owner=await self._owner.name(), group=name)
        else:
            states = await self._road.jobs(owner=name)
        there = {_native_id(state): observation(state) for state in states.values() if state.status != "Deleted"}
        if not there:
            raise UsageError(f"DIRAC has no jobs of {shortened(reference)}, or does not show them to you")
        return there

    async def _told(self, states: Collection[JobState]) -> Mapping[NativeId, Observation]:
        """What follows from these states, but for ends whose words are still to come."""
        if not states:
            return {}
        clock = await self._road.clock()
        return {_native_id(state): observation(state) for state in self._notes.ends.told(states, clock)}

    async def _looked_at_again(self, heard: AbstractSet[int]) -> Collection[JobState]:
        """The jobs whose ends are held back, as they are now, but for those just heard of."""
        numbers = [number for number in self._notes.ends.held_back if number not in heard]
        states = await self._states([NativeId(str(number)) for number in numbers])
        self._notes.ends.gone(number for number in numbers if NativeId(str(number)) not in states)
        return states.values()

    async def _states(self, ids: Collection[NativeId]) -> dict[NativeId, JobState]:
        """Of all that the servers know, in as many calls as it takes; each job is asked for once."""
        states: dict[NativeId, JobState] = {}
        for part in _chunks(_numbers(ids)):
            told = await self._road.states(part)
            states.update((_native_id(told[number]), told[number]) for number in part if number in told)
        await self._notes.heard(ids, states)
        return states


def _number(text: str) -> int | None:
    """DIRAC's number, written as DIRAC writes it."""
    if not (text.isascii() and text.isdigit()) or text[0] == "0" or len(text) > len(str(_LARGEST_NUMBER)):
        return None
    return int(text) if int(text) <= _LARGEST_NUMBER else None


def _numbers(ids: Collection[NativeId]) -> list[int]:
    """Those of the jobs that are DIRAC's, each once."""
    return list(dict.fromkeys(number for native_id in ids if (number := _number(native_id)) is not None))


def _native_id(state: JobState) -> NativeId:
    return NativeId(str(state.id))


def _chunks(numbers: Collection[int]) -> Iterator[list[int]]:
    rest = iter(numbers)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk
