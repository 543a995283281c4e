"""Hand jobs to DIRAC, and find those whose submission was interrupted by their tags."""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from time import monotonic

from ganga.backends.base import Finding, Receipts, Submission
from ganga.backends.dirac import sandbox
from ganga.backends.dirac.jdl import description, parametric, refusal
from ganga.backends.dirac.owner import Owner
from ganga.backends.dirac.road import Refused, Road
from ganga.backends.dirac.scratch import scratch_folder
from ganga.backends.dirac.settings import Settings
from ganga.errors import BackendProtocolError, BackendUnavailable
from ganga.model.ids import NativeId, Tag

#: What makes up an input sandbox: the folder that all subjobs share, and the paths that one has to itself.
_Files = tuple[Path | None, tuple[str, ...]]

_log = logging.getLogger(__name__)


class Submitter:
    """A job's name on DIRAC is its tag. That a tag is not there counts once the servers have had time to commit
    what they were given, and not before.
    """

    def __init__(
        self, road: Road, owner: Owner, settings: Settings, folder: Path, *, now: Callable[[], float] = monotonic
    ) -> None:
        self._road = road
        self._owner = owner
        self._settings = settings
        self._folder = folder
        self._now = now
        #: When the last try of a submission that nobody confirmed was over, as far as is known: not later than that.
        self._tried: dict[Tag, float] = {}

    async def submit(self, batch: Sequence[Submission]) -> Receipts:
        """See `Backend.submit`. What is accepted before the servers stop to answer is told; the rest is to be found."""
        accepted: dict[Tag, NativeId] = {}
        rejected = {job.tag: reason for job in batch if (reason := refusal(job)) is not None}
        sandboxes: dict[_Files, str | None] = {(None, ()): None}
        for part in self._parts([job for job in batch if job.tag not in rejected]):
            try:
                receipts = await self._submit_part(part, sandboxes)
            except (BackendUnavailable, BackendProtocolError) as error:
                if not accepted:
                    raise
                _log.warning("%d of %d jobs were submitted to DIRAC, then: %s", len(accepted), len(batch), error)
                break
            accepted.update(receipts.accepted)
            rejected.update(receipts.rejected)
        return Receipts(accepted, rejected)

    async def find(self, tags: Collection[Tag]) -> Finding:
        """See `Backend.find`."""
        if not tags:
            return Finding()
        asked_at = self._now()
        tried = {tag: self._tried.setdefault(tag, asked_at) for tag in tags}
        present = await self._present(tags)
        absent = [tag for tag in tried.keys() - present.keys() if asked_at - tried[tag] >= self._settings.commit_delay]
        for tag in (*present, *absent):
            self._tried.pop(tag, None)
        return Finding(present, frozenset(absent))

    def _parts(self, jobs: Sequence[Submission]) -> Iterator[list[Submission]]:
        """What goes into one call: any jobs if it takes lists, otherwise jobs that differ by their commands only."""
        groups: dict[object, list[Submission]] = {}
        for job in jobs:
            groups.setdefault(
                () if self._road.takes_lists else (_files(job), job.spec.outputs, job.spec.resources), []
            ).append(job)
        for group in groups.values():
            rest = iter(group)
            while part := list(islice(rest, self._settings.jobs_per_submission)):
                yield part

    async def _present(self, tags: Collection[Tag]) -> dict[Tag, NativeId]:
        present: dict[Tag, NativeId] = {}
        states = await self._road.jobs(owner=await self._owner.name(), names=tags)
        for number, state in sorted(states.items()):
            tag = Tag(state.name)
            if present.setdefault(tag, NativeId(str(number))) != str(number):
                _log.warning("DIRAC has the job %s twice, as %s and as %d; the first counts", tag, present[tag], number)
        return {tag: present[tag] for tag in tags if tag in present}

    async def _submit_part(self, jobs: Sequence[Submission], sandboxes: dict[_Files, str | None]) -> Receipts:
        """All of them in one call. If the servers refuse that, each is tried alone, unless it is there all the same:
        a bad one is no other's end.
        """
        try:
            return Receipts(await self._send(jobs, sandboxes))
        except Refused as error:
            if len(jobs) == 1:
                return Receipts(rejected={jobs[0].tag: str(error)})
        accepted = await self._present([job.tag for job in jobs])
        rejected: dict[Tag, str] = {}
        for job in jobs:
            if job.tag not in accepted:
                alone = await self._submit_part([job], sandboxes)
                accepted.update(alone.accepted)
                rejected.update(alone.rejected)
        return Receipts(accepted, rejected)

    async def _send(self, jobs: Sequence[Submission], sandboxes: dict[_Files, str | None]) -> Mapping[Tag, NativeId]:
        for job in jobs:
            files = _files(job)
            if files not in sandboxes:
                sandboxes[files] = await self._upload(files)
        descriptions = self._descriptions(jobs, sandboxes)
        try:
            numbers = await self._road.submit(descriptions)
        finally:
            over = self._now()
            self._tried.update((job.tag, over) for job in jobs)
        if len(numbers) != len(jobs):
            raise BackendProtocolError(f"DIRAC answered the submission of {len(jobs)} jobs with {len(numbers)} numbers")
        for job in jobs:
            del self._tried[job.tag]
        return {job.tag: NativeId(str(number)) for job, number in zip(jobs, numbers, strict=True)}

    def _descriptions(self, jobs: Sequence[Submission], sandboxes: Mapping[_Files, str | None]) -> list[str]:
        if len(jobs) > 1 and not self._road.takes_lists:
            return [parametric(jobs, sandboxes[_files(jobs[0])], self._settings)]
        return [description(job, sandboxes[_files(job)], self._settings) for job in jobs]

    async def _upload(self, files: _Files) -> str:
        """Raises `Refused` if the servers do not want them."""
        try:
            async with scratch_folder(self._folder) as folder:
                archive = folder / "inputs.tar.bz2"
                await asyncio.to_thread(lambda: sandbox.pack(_listed(files), archive))
                return await self._road.upload(archive)
        except OSError as error:
            raise BackendUnavailable(
                f"the input files cannot be packed: {error}; make room, and them readable"
            ) from error


def _files(job: Submission) -> _Files:
    return job.inputs, job.share.inputs


def _listed(files: _Files) -> Iterator[Path]:
    shared, own = files
    if shared is not None:
        yield from sorted(shared.iterdir())
    yield from map(Path, own)
