"""Ask how jobs are: the queue once for all of them, then the history and the launchers for those that it leaves out."""

import asyncio
import dataclasses
import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from time import monotonic
from typing import Final

from msgspec.structs import replace

from ganga.backends.batch.dialect import Dialect, Entry, Explaining, Listing, Measuring, Place, Usage
from ganga.backends.batch.evidence import Testimony, Trace, Verdict, Word, is_doubtful, judge, recounted
from ganga.backends.batch.road import Road
from ganga.backends.batch.shell import Command, Shell
from ganga.backends.batch.workplace import Workplace
from ganga.errors import BackendError
from ganga.model.ids import NativeId
from ganga.model.observation import Answer, Observation

#: A reply of more bytes is read in a thread.
_LONG: Final = 1 << 17

_log = logging.getLogger(__name__)


class Poller:
    """Remembers what the system forgets: which jobs are to be killed, and since when a job is not heard of."""

    def __init__(
        self,
        dialect: Dialect,
        shell: Shell,
        place: Workplace,
        *,
        settle_delay: float,
        road: Road | None = None,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._dialect = dialect
        self._shell = shell
        self._place = place
        self._settle_delay = settle_delay
        self._road = road
        self._now = now
        self._kill_noted: set[NativeId] = set()
        self._gone_since: dict[NativeId, float] = {}
        #: Whether it was told that the history, or the launchers' words, cannot be asked.
        self._complained = False

    async def poll(self, jobs: Mapping[NativeId, Place]) -> Answer:
        """See `Backend.poll`. Raises what the question for the queue raises."""
        queue = await self._queue(jobs)
        own = {native_id: queue[native_id] for native_id in jobs if native_id in queue}
        queue = {**queue, **await self.counted({**own, **await self._explained(own)})}
        missing = {native_id: place for native_id, place in jobs.items() if native_id not in queue}
        testimonies = {native_id: _of_queue(queue, native_id) for native_id in jobs if native_id not in missing}
        self._restart_delay(testimonies)
        if missing:
            siblings = {place.job for native_id in queue if (place := self._dialect.place(native_id)) is not None}
            testimonies |= await self._ask_about(missing, siblings)
        answer = _answer(testimonies)
        return Answer(await self._measured(answer.seen), answer.absent)

    async def _queue(self, jobs: Collection[NativeId]) -> Listing:
        """What the road tells, if there is one; the command is asked too unless it tells of all jobs."""
        told = {} if self._road is None else await self._road.listing()
        if told and all(native_id in told for native_id in jobs):
            return told
        return {**told, **await self.ask_queue(self._dialect.queue())}

    async def ask_queue(self, command: Command) -> Listing:
        """What the queue says. A long reply holds nobody up."""
        reply = await self._shell.run(command)
        if len(reply.stdout) < _LONG:
            return self._dialect.read_queue(reply)
        return await asyncio.to_thread(self._dialect.read_queue, reply)

    async def counted(self, listing: Listing) -> Listing:
        """The same with the launchers' counts of runs, where they are needed."""
        unsure = {key for key, entry in listing.items() if entry.counts_vain_starts}
        places = {key: place for key in unsure if (place := self._dialect.place(key)) is not None}
        words = await self._words(places) if places else {}
        return {**listing, **{key: recounted(listing[key], words.get(place)) for key, place in places.items()}}

    async def _explained(self, listing: Listing) -> Listing:
        """The entries for which there is a reason in the system's own words; without an answer there are none."""
        if not isinstance(self._dialect, Explaining):
            return {}
        told: dict[NativeId, str] = {}
        try:
            for command in self._dialect.explain(listing):
                told.update(self._dialect.read_explanations(await self._shell.run(command)))
        except BackendError as error:
            _log.debug("why jobs on %s are held cannot be asked: %s", self._dialect.name, error)
        return {key: _because(listing[key], reason) for key, reason in told.items() if key in listing}

    async def _measured(self, seen: Mapping[NativeId, Observation]) -> Mapping[NativeId, Observation]:
        """The same, with what those that have ended have used; without an answer that is not known."""
        ended = [key for key, said in seen.items() if said.status.final and said.cpu_time is None]
        if not ended or not isinstance(self._dialect, Measuring):
            return seen
        told: dict[NativeId, Usage] = {}
        try:
            for command in self._dialect.usage_of(ended):
                told.update(self._dialect.read_usage(await self._shell.run(command)))
        except BackendError as error:
            _log.debug("what jobs on %s have used cannot be asked: %s", self._dialect.name, error)
        measured = {key: _with_usage(seen[key], told[key]) for key in ended if key in told}
        return {**seen, **measured}

    def note_kill(self, ids: Collection[NativeId]) -> None:
        """The system has taken note that these are to end."""
        self._kill_noted.update(ids)

    def forget(self, ids: Collection[NativeId]) -> None:
        """These are no longer asked about."""
        self._kill_noted.difference_update(ids)
        self._restart_delay(ids)

    async def _ask_about(
        self, missing: Mapping[NativeId, Place], siblings: Collection[str]
    ) -> dict[NativeId, Testimony]:
        asked_at = self._now()
        history = await self._history(missing)
        told = await self.counted({key: entry for key, entry in (history or {}).items() if key in missing})
        if history is None:
            self._restart_delay(missing)
        unsettled = {native_id: place for native_id, place in missing.items() if not _tells_end(told, native_id)}
        words = await self._words(unsettled | _without_times(told, missing))
        told = {key: _timed(entry, words.get(missing[key])) for key, entry in told.items()}
        strangers = [native_id for native_id, place in unsettled.items() if words.get(place) is Trace.NONE]
        queue: dict[NativeId, Entry] = {}
        for command in self._dialect.queue_of(strangers):
            queue.update(await self.ask_queue(command))
        return {
            native_id: dataclasses.replace(
                _of_queue(queue, native_id),
                history=_seen(told, native_id),
                assumed=native_id in told and told[native_id].assumed,
                launcher=words.get(place) if native_id in unsettled else None,
                heard=history is not None,
                siblings=place.job in siblings,
                kill_noted=native_id in self._kill_noted,
                settled=history is not None and self._settled(native_id, asked_at),
            )
            for native_id, place in missing.items()
        }

    async def _history(self, ids: Collection[NativeId]) -> Listing | None:
        """What is written down, which is nothing where nothing ever is; None if it could not be asked."""
        told: dict[NativeId, Entry] = {}
        try:
            for command in self._dialect.history_of(ids):
                reply = await self._shell.run(command)
                read = await asyncio.to_thread(self._dialect.read_history, reply)
                told.update({} if read is None else read)
        except BackendError as error:
            self._complain(f"the history of {self._dialect.name} cannot be asked: {error}")
            return None
        self._complained = False
        return told

    async def _words(self, missing: Mapping[NativeId, Place]) -> Mapping[Place, Word]:
        try:
            return await self._place.standings(missing.values())
        except BackendError as error:
            self._complain(f"what the jobs on {self._dialect.name} have left word of cannot be read: {error}")
            return {}

    def _complain(self, text: str) -> None:
        """Once in an outage."""
        _log.log(logging.DEBUG if self._complained else logging.WARNING, "%s", text)
        self._complained = True

    def _settled(self, native_id: NativeId, asked_at: float) -> bool:
        return asked_at - self._gone_since.setdefault(native_id, asked_at) >= self._settle_delay

    def _restart_delay(self, ids: Iterable[NativeId]) -> None:
        """They are there, or it is not known: a history that was away may write down late what it has missed."""
        for native_id in ids:
            self._gone_since.pop(native_id, None)


def _tells_end(listing: Listing, native_id: NativeId) -> bool:
    seen = _seen(listing, native_id)
    return seen is not None and seen.status.final and not is_doubtful(seen) and not listing[native_id].assumed


def _without_times(listing: Listing, places: Mapping[NativeId, Place]) -> dict[NativeId, Place]:
    """Those that have ended, and of which the system does not tell when."""
    ends = {key: seen for key in listing if (seen := _seen(listing, key)) is not None and seen.status.final}
    return {key: places[key] for key, seen in ends.items() if seen.started_at is None and seen.ended_at is None}


def _timed(entry: Entry, word: Word | None) -> Entry:
    """The entry with the times of the launcher, where it saw the end of the same run, and the system tells none."""
    seen = entry.seen
    if seen is None or not isinstance(word, Observation) or not (seen.status.final and word.status.final):
        return entry
    if word.restart != seen.restart or not (seen.started_at is None and seen.ended_at is None):
        return entry
    return entry._replace(seen=replace(seen, started_at=word.started_at, ended_at=word.ended_at))


def _seen(listing: Listing, native_id: NativeId) -> Observation | None:
    entry = listing.get(native_id)
    return None if entry is None else entry.seen


def _of_queue(listing: Listing, native_id: NativeId) -> Testimony:
    return Testimony(queue=_seen(listing, native_id), listed=native_id in listing)


def _because(entry: Entry, reason: str) -> Entry:
    if entry.seen is None:
        return entry
    own = entry.seen.reason
    return entry._replace(seen=replace(entry.seen, reason=reason if own is None else f"{reason}: {own}"))


def _with_usage(seen: Observation, usage: Usage) -> Observation:
    return replace(seen, peak_memory=usage.peak_memory, cpu_time=usage.cpu_time)


def _answer(testimonies: Mapping[NativeId, Testimony]) -> Answer:
    verdicts = {native_id: judge(said) for native_id, said in testimonies.items()}
    return Answer(
        {native_id: verdict for native_id, verdict in verdicts.items() if isinstance(verdict, Observation)},
        frozenset(native_id for native_id, verdict in verdicts.items() if verdict is Verdict.DENIED),
    )
