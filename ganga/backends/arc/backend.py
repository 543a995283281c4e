"""Jobs on an ARC computing element, as a back end. The native id of a job is the element's own."""

import logging
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

from ganga.backends.arc.naming import Names
from ganga.backends.arc.polling import ends, poll
from ganga.backends.arc.replies import is_id
from ganga.backends.arc.retrieving import Retriever
from ganga.backends.arc.service import Service
from ganga.backends.arc.settings import Settings
from ganga.backends.arc.states import ENDED, living
from ganga.backends.arc.steps import steps
from ganga.backends.arc.submitting import Submitter
from ganga.backends.base import Finding, Receipts, Retrieval, Retrieved, Stream, Submission
from ganga.backends.web.proxy import Proxy
from ganga.errors import UsageError
from ganga.model.identity import Identity
from ganga.model.ids import NativeId, Tag, shortened
from ganga.model.observation import Answer, Observation
from ganga.model.step import Step

_NAME: Final = "name:"
#: Verdicts of an order that is carried out, or that concerns no job.
_DONE: Final = frozenset({"200", "202", "404"})

_log = logging.getLogger(__name__)


class ArcBackend:
    """A `Backend` that is `Readable`, `Discarding`, `Adopting`, `Historied` and `Identified`."""

    def __init__(self, service: Service, proxy: Proxy, settings: Settings, folder: Path) -> None:
        self._service = service
        self._proxy = proxy
        self._warn_before = settings.warn_before
        self._names = Names(service)
        self._submitter = Submitter(service, self._names, settings, folder)
        self._retriever = Retriever(service, settings.largest_output)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._service!r}>"

    @property
    def identity(self) -> Identity | None:
        """Whose proxy was presented last, and when that ends."""
        name = self._proxy.identity
        if name is None:
            return None
        return Identity(name=name, expires_at=self._proxy.expires_at, warn_before=self._warn_before)

    async def submit(self, batch: Sequence[Submission], /) -> Receipts:
        """Several in one call, then each one's files."""
        return await self._submitter.submit(batch)

    async def find(self, tags: Collection[Tag], /) -> Finding:
        """Look for our jobs of these names."""
        return await self._submitter.find(tags)

    async def poll(self, ids: Collection[NativeId], /) -> Answer:
        """Two questions for all jobs, and one for those that have ended."""
        return await poll(self._service, ids)

    async def kill(self, ids: Collection[NativeId], /) -> None:
        """What has ended, or is not there, is passed over; what is not taken note of is asked for again later."""
        await self._order("kill", ids)

    async def fetch(self, retrievals: Sequence[Retrieval], /) -> Mapping[NativeId, Retrieved]:
        """File by file."""
        return await self._retriever.fetch(retrievals)

    async def read(self, native_id: NativeId, stream: Stream, offset: int, /) -> bytes:
        """What the job has written in its folder there."""
        return await self._retriever.read(native_id, stream, offset)

    async def discard(self, ids: Collection[NativeId], /) -> None:
        """Have the element forget these jobs with their files."""
        await self._order("clean", ids)
        for native_id in ids:
            self._retriever.forget(native_id)

    async def adopt(self, references: Sequence[str], /) -> Mapping[NativeId, Observation]:
        """Jobs of ours by their ids, as these are or at the end of an address, or by their names (``name:X``)."""
        adopted: dict[NativeId, Observation] = {}
        for reference in references:
            ids = await self._meant(reference)
            found = await self._now(ids)
            if not found:
                raise UsageError(f"ARC knows no job {shortened(reference, 100)!r} of yours, or not any more")
            adopted.update(found)
        return adopted

    async def history(self, ids: Collection[NativeId], /) -> Mapping[NativeId, Sequence[Step]]:
        """The changes of state that the element has noted."""
        notes = {job: await self._service.diagnosed(job, "errors") for job in ids if is_id(job)}
        return {job: found for job, text in notes.items() if text and (found := steps(text))}

    async def _now(self, ids: Collection[NativeId]) -> Mapping[NativeId, Observation]:
        """How jobs are by the listing alone, which is of now."""
        listed = await self._names.listed()
        states = {job: listed[job][1] for job in ids if job in listed}
        seen = {job: news for job, state in states.items() if (news := living(state)) is not None}
        return {**seen, **(await ends(self._service, {job: at for job, at in states.items() if at in ENDED}))}

    async def _meant(self, reference: str) -> list[NativeId]:
        if reference.startswith(_NAME):
            wanted = reference.removeprefix(_NAME)
            return [NativeId(job) for job, (name, _) in (await self._names.listed()).items() if name == wanted]
        word = reference.rstrip("/").rpartition("/")[2]
        if not is_id(word):
            raise UsageError(f"{shortened(reference)!r} is no id of a job on ARC; expected one, or name:NAME")
        return [NativeId(word)]

    async def _order(self, action: str, ids: Collection[NativeId]) -> None:
        for job, verdict in (await self._service.order(action, ids)).items():
            if verdict.code not in _DONE:
                _log.info("ARC does not %s the job %s: %s", action, job, shortened(verdict.reason, 200))
