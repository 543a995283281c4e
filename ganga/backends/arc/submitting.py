"""Hand jobs to a computing element, and find those whose submission was interrupted by their tags.

A job is created first and sent its files then; the launcher comes last, and the element lets no job begin before it has
all of them. So one that was created and has its launcher is whole, and one that lacks it will never begin: it is called
off, and counts as not submitted once it has ended.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice
from pathlib import Path
from secrets import token_hex
from time import monotonic
from typing import Final

from ganga.backends.arc import descriptions, files
from ganga.backends.arc.descriptions import LAUNCHER, Defaults
from ganga.backends.arc.files import Parcel
from ganga.backends.arc.naming import Names
from ganga.backends.arc.replies import Entry, is_id
from ganga.backends.arc.service import Service
from ganga.backends.arc.settings import Settings
from ganga.backends.arc.states import EARLY
from ganga.backends.base import Finding, Receipts, Submission
from ganga.backends.web.errors import Refused
from ganga.errors import BackendError, BackendProtocolError, BackendUnavailable
from ganga.model.ids import NativeId, Tag, shortened
from ganga.model.resources import Resources

#: Jobs that are sent their files at once.
_AT_ONCE: Final = 4
#: Verdicts on a job that is created.
_CREATED: Final = "201"
#: The element's words where a job cannot be created just now.
_PASSING: Final = re.compile(r"No more jobs allowed|allocat|session dir|[Ff]ailed to (?:create|store|write)|space left")
_UNBEGUN_ENDS: Final = frozenset({"FAILED", "KILLED"})

_log = logging.getLogger(__name__)


class Submitter:
    """That a tag is not there counts when the element has had time to create what was asked for, and not before."""

    def __init__(
        self, service: Service, names: Names, settings: Settings, folder: Path, *, now: Callable[[], float] = monotonic
    ) -> None:
        self._service = service
        self._names = names
        self._folder = folder
        self._at_once = settings.jobs_per_submission
        self._commit_delay = settings.commit_delay
        self._defaults = Defaults(settings.queue, settings.project, settings.native)
        self._now = now
        #: When the last try of a submission that nobody confirmed was over, as far as is known: not later than that.
        self._tried: dict[Tag, float] = {}

    async def submit(self, batch: Sequence[Submission]) -> Receipts:
        """See `Backend.submit`. What is accepted before the element falls silent is told; the rest is to be found."""
        accepted: dict[Tag, NativeId] = {}
        rejected: dict[Tag, str] = {}
        failure: BackendError | None = None
        for wish, jobs in _parts(batch, self._at_once):
            try:
                receipts = await self._submit_part(wish, jobs)
            except (BackendUnavailable, BackendProtocolError) as error:
                failure = error
                break
            accepted.update(receipts.accepted)
            rejected.update(receipts.rejected)
        if failure is not None:
            if not accepted and not rejected:
                raise failure
            _log.warning("%d of %d jobs were submitted, then: %s", len(accepted), len(batch), failure)
        return Receipts(accepted, rejected)

    async def find(self, tags: Collection[Tag]) -> Finding:
        """See `Backend.find`."""
        if not tags:
            return Finding()
        asked_at = self._now()
        tried = {tag: self._tried.setdefault(tag, asked_at) for tag in tags}
        present: dict[Tag, NativeId] = {}
        unsettled: set[Tag] = set()
        for job, (name, state) in sorted((await self._names.listed()).items()):
            if name is None:
                unsettled.update(tags)
            elif (tag := Tag(name)) in tried:
                whole = await self._is_whole(job, state)
                if whole is None:
                    unsettled.add(tag)
                elif whole and present.setdefault(tag, NativeId(job)) != job:
                    _log.warning("ARC has the job %s twice, as %s and as %s; the first counts", tag, present[tag], job)
        late = {tag for tag in tried if asked_at - tried[tag] >= self._commit_delay}
        absent = late - present.keys() - unsettled
        for tag in (*present, *absent):
            self._tried.pop(tag, None)
        return Finding(present, frozenset(absent))

    async def _is_whole(self, job: str, state: str) -> bool | None:
        """Whether a job has all of its files; one that has not is called off, and None until it has ended."""
        if state == "KILLING":
            return None
        if state not in EARLY | _UNBEGUN_ENDS:
            return True
        arrived = await self._service.diagnosed(job, "input_status")
        if arrived is not None and f"/{LAUNCHER}" in arrived.splitlines():
            return True
        if state in _UNBEGUN_ENDS:
            await self._service.order("clean", [job])
            return False
        await self._service.order("kill", [job])
        return None

    async def _submit_part(self, wish: Resources, jobs: Sequence[Submission]) -> Receipts:
        folder = self._folder / f"inputs-{token_hex(4)}"
        try:
            rejected = await asyncio.to_thread(_refusals, jobs)
            wanted = [job for job in jobs if job.tag not in rejected]
            if not wanted:
                return Receipts(rejected=rejected)
            parcels = await asyncio.to_thread(files.packed, wanted, folder)
            receipts = await self._create(wish, parcels)
        except OSError as error:
            raise BackendUnavailable(
                f"the input files cannot be sent: {error}; make room, and them readable"
            ) from error
        finally:
            await asyncio.to_thread(files.remove, folder)
            over = self._now()
            self._tried.update((job.tag, over) for job in jobs)
        for tag in (*receipts.accepted, *receipts.rejected, *rejected):
            self._tried.pop(tag, None)
        return Receipts(receipts.accepted, {**rejected, **receipts.rejected})

    async def _create(self, wish: Resources, parcels: Sequence[Parcel]) -> Receipts:
        wanted = [(parcel.job.tag, parcel.sizes) for parcel in parcels]
        try:
            verdicts = await self._service.create(descriptions.described(wanted, wish, self._defaults))
        except Refused as error:
            return Receipts(rejected={parcel.job.tag: str(error) for parcel in parcels})
        if len(verdicts) != len(parcels):
            raise BackendProtocolError(
                f"ARC answered the submission of {len(parcels)} jobs with {len(verdicts)} verdicts"
            )
        judged = list(zip(parcels, verdicts, strict=True))
        accepted = await self._send_all([one for one in judged if one[1].code == _CREATED and is_id(one[1].id)])
        rejected = {parcel.job.tag: _reason(verdict) for parcel, verdict in judged if _is_rejection(verdict)}
        return Receipts(accepted, rejected)

    async def _send_all(self, created: Sequence[tuple[Parcel, Entry]]) -> dict[Tag, NativeId]:
        """Several at once; the rest is not begun when the element stops to answer."""
        waiting = iter(created)
        accepted: dict[Tag, NativeId] = {}
        failures: list[Exception] = []

        async def work() -> None:
            for parcel, verdict in waiting:
                try:
                    for name, content in parcel.sent.items():
                        await self._service.upload(verdict.id, name, content)
                except (BackendError, OSError) as error:
                    failures.append(error)
                else:
                    accepted[parcel.job.tag] = NativeId(verdict.id)
                if failures:
                    return

        async with asyncio.TaskGroup() as tasks:
            for _ in range(_AT_ONCE):
                tasks.create_task(work())
        if failures:
            _log.warning("%d of %d jobs were sent their files, then: %s", len(accepted), len(created), failures[0])
        return accepted


def _parts(batch: Sequence[Submission], size: int) -> Iterator[tuple[Resources, list[Submission]]]:
    """What goes into one call: jobs that need the same, since one bad description spoils all of a call."""
    groups: dict[Resources, list[Submission]] = {}
    for job in batch:
        groups.setdefault(job.spec.resources, []).append(job)
    for wish, group in groups.items():
        rest = iter(group)
        while part := list(islice(rest, size)):
            yield wish, part


def _refusals(jobs: Sequence[Submission]) -> dict[Tag, str]:
    said = {job.tag: descriptions.refusal(job.spec.resources) or files.refusal(job) for job in jobs}
    return {tag: reason for tag, reason in said.items() if reason is not None}


def _is_rejection(verdict: Entry) -> bool:
    return verdict.code not in {_CREATED, ""} and _PASSING.search(verdict.reason) is None


def _reason(verdict: Entry) -> str:
    return f"ARC refused it: {shortened(' '.join(verdict.reason.split()), 300) or verdict.code}"
