"""The spool of a queue far away, where what came of jobs is kept until it is home.

A job that has ended stays in such a queue. Its output is asked for, whole, into the folder of its batch, as often as it
takes; that it is there is noted beside it, and only then does the queue forget the job. What the queue does not have
any more is asked for in vain, and without a complaint: so the queue has to have the job still when its output is there.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from ganga.backends.batch.dialect import Place
from ganga.backends.batch.shell import Shell
from ganga.backends.batch.workplace import Workplace
from ganga.backends.htcondor.complaints import told
from ganga.backends.htcondor.words import HTCondor
from ganga.errors import BackendUnavailable
from ganga.model.ids import NativeId, shortened
from ganga.model.observation import Observation

#: Behind the index of a job whose output is home.
_HOME: Final = ".home"
#: A batch with this file in it is ours.
_OURS: Final = "tags"
_GONE: Final = "HTCondor keeps its output no longer: it was removed from the queue, or stayed there for too long"


class Spool:
    """A `Depot`."""

    def __init__(self, dialect: HTCondor, shell: Shell, transfers: Shell, place: Workplace) -> None:
        self._dialect = dialect
        self._shell = shell
        #: The same with more time.
        self._transfers = transfers
        self._place = place

    async def bring(self, jobs: Mapping[NativeId, Place], /) -> Mapping[NativeId, str]:
        """See `Depot.bring`. What somebody else has submitted is none of ours to bring."""
        noted = await self._noted(jobs.values())
        away = {native_id: place for native_id, place in jobs.items() if noted.get(place) is False}
        return await self._bring(away) if away else {}

    async def let_go(self, jobs: Mapping[NativeId, Place], /) -> None:
        """See `Depot.let_go`."""
        noted = await self._noted(jobs.values())
        home = [native_id for native_id, place in jobs.items() if noted.get(place)]
        if home:
            self._dialect.killed(await self._shell.run(self._dialect.let_go(home)))

    async def _bring(self, jobs: Mapping[NativeId, Place]) -> dict[NativeId, str]:
        """All at once; or each by itself, if one of them is in the way."""
        trouble = await self._transfer(jobs)
        queue = await self._queue(jobs)
        if trouble is not None and len(jobs) > 1:
            return {key: why for one in jobs.items() for key, why in (await self._bring(dict([one]))).items()}
        away = await self._away(jobs, queue, trouble)
        await self._note(place for native_id, place in jobs.items() if native_id not in away)
        return away

    async def _transfer(self, ids: Collection[NativeId]) -> str | None:
        """Why it failed; None if nothing was complained of."""
        try:
            reply = await self._transfers.run(self._dialect.bring_home(ids))
        except BackendUnavailable as error:
            return str(error)
        return None if reply.exit_code == 0 else shortened(told(reply), 300)

    async def _away(
        self, jobs: Collection[NativeId], queue: Mapping[NativeId, Observation | None], trouble: str | None
    ) -> dict[NativeId, str]:
        away: dict[NativeId, str] = {}
        for native_id in queue.keys() & set(jobs):
            seen = queue[native_id]
            if seen is None or not seen.status.final:
                away[native_id] = "HTCondor says that it has not ended"
            elif trouble is not None:
                away[native_id] = trouble
        gone = set(jobs) - queue.keys()
        return {**away, **dict.fromkeys(await self._lost(gone), trouble or _GONE)}

    async def _lost(self, gone: Collection[NativeId]) -> set[NativeId]:
        """Those of which there was output. A job that was removed had none that HTCondor would have kept."""
        lost: set[NativeId] = set()
        for command in self._dialect.history_of(gone):
            history = self._dialect.read_history(await self._shell.run(command)) or {}
            ended = {key for key, entry in history.items() if entry.seen is not None and _ended_by_itself(entry.seen)}
            lost |= ended & set(gone)
        return lost

    async def _queue(self, ids: Collection[NativeId]) -> dict[NativeId, Observation | None]:
        told: dict[NativeId, Observation | None] = {}
        for command in self._dialect.queue_of(ids):
            listing = self._dialect.read_queue(await self._shell.run(command))
            told.update({native_id: entry.seen for native_id, entry in listing.items()})
        return told

    async def _noted(self, places: Collection[Place]) -> dict[Place, bool]:
        """Whether their output is home, of those that are ours."""
        found = {job: await self._shell.scan(self._place.of_job(job)) or {} for job in {place.job for place in places}}
        return {place: f"{place.task}{_HOME}" in found[place.job] for place in places if _OURS in found[place.job]}

    async def _note(self, places: Iterable[Place]) -> None:
        await self._shell.write({self._place.of_job(place.job) / f"{place.task}{_HOME}": b"" for place in places})


def _ended_by_itself(seen: Observation) -> bool:
    return seen.exit_code is not None or seen.signal is not None
