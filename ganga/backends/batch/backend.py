"""Jobs on a batch system that is spoken to by commands, as a back end: any dialect over any shell."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from time import monotonic
from typing import Final

from ganga.backends.base import Finding, Receipts, Retrieval, Retrieved, Stream, Submission
from ganga.backends.batch.chronicle import chronicle
from ganga.backends.batch.dialect import Dialect, Place
from ganga.backends.batch.kerberos.watch import Watch
from ganga.backends.batch.output import retrieve
from ganga.backends.batch.polling import Poller
from ganga.backends.batch.road import Depot, Road
from ganga.backends.batch.shell import Shell
from ganga.backends.batch.submitting import Submitter
from ganga.backends.batch.workplace import Workplace
from ganga.errors import UsageError
from ganga.model.identity import Identity
from ganga.model.ids import NativeId, Tag, shortened
from ganga.model.observation import Answer, Observation
from ganga.model.step import Step

#: Bytes of a job's output in one piece.
_PIECE: Final = 1 << 20
_SILENT: Final = (
    " has {jobs}, and does not say at present how that is, which is where following it would begin; try again when it "
    "does, or name the others by their ids"
)


class BatchBackend:
    """A `Backend` that is `Readable`, `Discarding`, `Adopting`, `Historied` and `Identified`.

    A native id is the system's own.
    """

    def __init__(
        self,
        dialect: Dialect,
        shell: Shell,
        place: Workplace,
        *,
        largest_array: int,
        commit_delay: float,
        road: Road | None = None,
        depot: Depot | None = None,
        tickets: Watch | None = None,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._dialect = dialect
        self._shell = shell
        self._place = place
        self._road = road
        self._depot = depot
        self._tickets = tickets
        self._submitter = Submitter(
            dialect, shell, place, largest_array=largest_array, commit_delay=commit_delay, now=now
        )
        self._poller = Poller(dialect, shell, place, settle_delay=commit_delay, road=road, now=now)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._dialect.name}>"

    @property
    def identity(self) -> Identity | None:
        """Whose Kerberos tickets the jobs depend on, and when these end; None if they depend on none."""
        return None if self._tickets is None else self._tickets.identity

    async def submit(self, batch: Sequence[Submission], /) -> Receipts:
        """Subjobs of one job as an array."""
        return await self._submitter.submit(batch)

    async def find(self, tags: Collection[Tag], /) -> Finding:
        """Look through the batches that were prepared, and in the queue."""
        return await self._submitter.find(tags)

    async def poll(self, ids: Collection[NativeId], /) -> Answer:
        """One call for all jobs of this user; more only for those that the queue leaves out."""
        jobs = self._places(ids)
        return await self._poller.poll(jobs) if jobs else Answer()

    async def kill(self, ids: Collection[NativeId], /) -> None:
        """Ask the system to end them; it takes no notice of what has ended."""
        known = list(self._places(ids))
        noted = set(await self._road.kill(known)) if self._road is not None else set()
        for command in self._dialect.kill([native_id for native_id in known if native_id not in noted]):
            self._dialect.killed(await self._shell.run(command))
        self._poller.note_kill(known)

    async def fetch(self, retrievals: Sequence[Retrieval], /) -> Mapping[NativeId, Retrieved]:
        """Copy the output streams and what the patterns match."""
        jobs = self._places(retrieval.native_id for retrieval in retrievals)
        away = await self._depot.bring(jobs) if self._depot is not None else {}
        return {
            native_id: Retrieved(error=away[native_id]) if native_id in away else await self._retrieve(retrieval)
            for retrieval in retrievals
            for native_id in [retrieval.native_id]
        }

    async def read(self, native_id: NativeId, stream: Stream, offset: int, /) -> bytes:
        """What the newest run has written."""
        place = self._dialect.place(native_id)
        if place is None:
            return b""
        return await self._shell.read(self._place.of_task(place) / stream.value, offset, _PIECE) or b""

    async def discard(self, ids: Collection[NativeId], /) -> None:
        """Remove the files of these jobs."""
        self._poller.forget(ids)
        jobs = self._places(ids)
        if self._depot is not None:
            await self._depot.let_go(jobs)
        await self._place.discard(jobs.values())

    async def history(self, ids: Collection[NativeId], /) -> Mapping[NativeId, Sequence[Step]]:
        """All runs of these jobs, as the system has written them down. Raises `UsageError` where it does not."""
        return await chronicle(self._dialect, self._shell, list(self._places(ids)))

    async def adopt(self, references: Sequence[str], /) -> Mapping[NativeId, Observation]:
        """Jobs by their ids, those of whole arrays included, by their names (``name:X``) and users (``user:X``)."""
        adopted: dict[NativeId, Observation] = {}
        for reference in references:
            found = await self._look_up(reference)
            if not found:
                raise UsageError(f"{self._dialect.name} knows no job {shortened(reference)!r}, or not any more")
            adopted |= found
        await self._place.adopt({place.job for place in self._places(adopted).values()})
        return adopted

    async def _look_up(self, reference: str) -> dict[NativeId, Observation]:
        inquiry = self._dialect.inquiry(reference)
        found = dict(await self._poller.ask_queue(inquiry.queue))
        if inquiry.history is not None:
            past = self._dialect.read_history(await self._shell.run(inquiry.history)) or {}
            ended = {key: entry for key, entry in past.items() if entry.seen is not None and entry.seen.status.final}
            found = ended | found
        meant = {native_id: entry for native_id, entry in found.items() if inquiry.means(native_id, entry)}
        told = {native_id: entry.seen for native_id, entry in (await self._poller.counted(meant)).items()}
        silent = [native_id for native_id, seen in told.items() if seen is None]
        if silent:
            raise UsageError(self._dialect.name + _SILENT.format(jobs=shortened(", ".join(silent))))
        return {native_id: seen for native_id, seen in told.items() if seen is not None}

    async def _retrieve(self, retrieval: Retrieval) -> Retrieved:
        place = self._dialect.place(retrieval.native_id)
        if place is None:
            return Retrieved(error=f"{shortened(retrieval.native_id)!r} is no job of {self._dialect.name}")
        batch, task = self._place.of_job(place.job), self._place.of_task(place)
        return await retrieve(self._shell, batch, task, retrieval)

    def _places(self, ids: Iterable[NativeId]) -> dict[NativeId, Place]:
        """What the ids mean that mean anything here."""
        return {native_id: place for native_id in ids if (place := self._dialect.place(native_id)) is not None}
