"""Ask how jobs are: the queue once for all of them, then the history and the launchers for those that it leaves out."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from time import monotonic
from typing import Final

from msgspec.structs import replace

from ganga.backends.batch.dialect import Dialect, Entry, Explaining, Listing, Measuring, Place, Usage
from ganga.backends.batch.evidence import Testimony, Trace, Verdict, Word, is_doubtful, judge
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
        queue = {**queue, **await self._explained({key: queue[key] for key in jobs.keys() & queue.keys()})}
        missing = {native_id: place for native_id, place in jobs.items() if native_id not in queue}
        listed = [native_id for native_id in jobs if native_id not in missing]
        for native_id in listed:
            self._gone_since.pop(native_id, None)
        testimonies = {native_id: Testimony(queue=queue[native_id].seen) for native_id in listed}
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
        for native_id in ids:
            self._gone_since.pop(native_id, None)

    async def _ask_about(
        self, missing: Mapping[NativeId, Place], siblings: Collection[str]
    ) -> dict[NativeId, Testimony]:
        history = await self._history(missing)
        told = history or {}
        unsettled = {native_id: place for native_id, place in missing.items() if not _tells_end(told, native_id)}
        words = await self._words(unsettled)
        strangers = [native_id for native_id, place in unsettled.items() if words.get(place) is Trace.NONE]
        queue: dict[NativeId, Entry] = {}
        for command in self._dialect.queue_of(strangers):
            queue.update(await self.ask_queue(command))
        return {
            native_id: Testimony(
                queue=_seen(queue, native_id),
                history=_seen(told, native_id),
                launcher=words.get(place),
                heard=history is not None,
                siblings=place.job in siblings,
                kill_noted=native_id in self._kill_noted,
                settled=self._settled(native_id),
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

    def _settled(self, native_id: NativeId) -> bool:
        now = self._now()
        return now - self._gone_since.setdefault(native_id, now) >= self._settle_delay


def _tells_end(listing: Listing, native_id: NativeId) -> bool:
    seen = _seen(listing, native_id)
    return seen is not None and seen.status.final and not is_doubtful(seen)


def _seen(listing: Listing, native_id: NativeId) -> Observation | None:
    entry = listing.get(native_id)
    return None if entry is None else entry.seen


def _because(entry: Entry, reason: str) -> Entry:
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
