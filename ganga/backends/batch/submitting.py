"""Hand jobs to a batch system, subjobs as arrays, and find those whose submission was interrupted by their tags.

A batch is laid in its place before it is submitted, with the tags of its tasks, and has a name that no other has. So
whatever happens in between, each tag is in a batch that is there, and the system is asked for the batch's name. One of
which the system has not got the files is not submitted.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from secrets import token_hex
from time import monotonic
from typing import Final

from ganga.backends.base import Finding, Receipts, Submission
from ganga.backends.batch.dialect import Carrying, Dialect, Listing, Order, Receiving
from ganga.backends.batch.script import job_script, refusal
from ganga.backends.batch.shell import Shell
from ganga.backends.batch.workplace import Batch, Workplace
from ganga.errors import BackendError, BackendProtocolError, BackendUnavailable, SubmissionRejected
from ganga.model.ids import NativeId, Tag, parent_of
from ganga.model.job import unreachable

#: Submissions under way at once: more of them do not make a system any quicker.
_AT_ONCE: Final = 4

_log = logging.getLogger(__name__)


class Submitter:
    """A tag that is in no batch was never submitted. That the system does not have a batch counts once it has had time
    to take note of what it was given, and not before; then the batch is called off.
    """

    def __init__(
        self,
        dialect: Dialect,
        shell: Shell,
        place: Workplace,
        *,
        largest_array: int,
        commit_delay: float,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._dialect = dialect
        self._shell = shell
        self._place = place
        self._largest_array = min(largest_array, dialect.largest_array)
        self._commit_delay = commit_delay
        self._now = now
        #: When the last try of a submission that nobody confirmed was over, as far as is known: not later than that.
        self._tried: dict[Tag, float] = {}

    async def submit(self, batch: Sequence[Submission]) -> Receipts:
        """See `Backend.submit`. What is accepted before the system stops to answer is told; the rest is to be found."""
        rejected = {job.tag: reason for job in batch if (reason := self._refusal(job)) is not None}
        accepted: dict[Tag, NativeId] = {}
        groups = iter(list(self._groups([job for job in batch if job.tag not in rejected])))
        failures: list[BackendError] = []

        async def work() -> None:
            for group in groups:
                try:
                    receipts = await self._submit_group(group)
                except (BackendUnavailable, BackendProtocolError) as error:
                    failures.append(error)
                else:
                    accepted.update(receipts.accepted)
                    rejected.update(receipts.rejected)
                if failures:
                    return

        async with asyncio.TaskGroup() as tasks:
            for _ in range(_AT_ONCE):
                tasks.create_task(work())
        if failures and not accepted and not rejected:
            raise failures[0]
        for failure in failures[:1]:
            _log.warning("%d of %d jobs were submitted, then: %s", len(accepted), len(batch), failure)
        return Receipts(accepted, rejected)

    async def find(self, tags: Collection[Tag]) -> Finding:
        """See `Backend.find`."""
        if not tags:
            return Finding()
        asked_at = self._now()
        tried = {tag: self._tried.setdefault(tag, asked_at) for tag in tags}
        batches = {name: batch for name, batch in (await self._place.batches()).items() if tried.keys() & batch.tags}
        jobs, arriving = await self._jobs(batches)
        present = {
            tag: self._native_id(jobs[name], index, batch)
            for name, batch in batches.items()
            if name in jobs
            for index, tag in enumerate(batch.tags)
            if tag in tried
        }
        laid = {tag for batch in batches.values() for tag in batch.tags}
        late = {tag for tag in tried.keys() & laid - present.keys() if asked_at - tried[tag] >= self._commit_delay}
        missing = {name: batch for name, batch in batches.items() if name not in jobs and late & set(batch.tags)}
        absent = (tried.keys() - laid) | (late - await self._not_revoked(missing, arriving))
        for tag in (*present, *absent):
            self._tried.pop(tag, None)
        return Finding(present, frozenset(absent))

    def _refusal(self, job: Submission) -> str | None:
        return refusal(job) or self._dialect.refusal(job.spec.resources) or self._out_of_reach(job)

    def _out_of_reach(self, job: Submission) -> str | None:
        """Why the job cannot run in the folder that it names."""
        if isinstance(self._dialect, Carrying) and self._dialect.carries_files:
            return unreachable(job.spec, f"a job whose files {self._dialect.name} brings")
        return None if self._shell.shares_files else unreachable(job.spec, "the machine behind this target")

    def _groups(self, jobs: Sequence[Submission]) -> Iterator[list[Submission]]:
        """What becomes one array: subjobs of one job."""
        families: dict[object, list[Submission]] = {}
        for job in jobs:
            families.setdefault(parent_of(job.job) or job.tag, []).append(job)
        for family in families.values():
            for start in range(0, len(family), self._largest_array):
                yield family[start : start + self._largest_array]

    async def _submit_group(self, jobs: Sequence[Submission]) -> Receipts:
        name = f"{jobs[0].tag}.{token_hex(4)}"
        tags = [job.tag for job in jobs]
        self._tried.update(dict.fromkeys(tags, self._now()))
        try:
            await self._place.prepare(name, jobs, await self._inherited(jobs[0].environment))
            reply = await self._shell.run(self._dialect.submit(self._order(name, jobs)))
            job = self._dialect.submitted(reply)
        except SubmissionRejected as error:
            await self._place.revoke(name)
            return Receipts(rejected=dict.fromkeys(tags, str(error)))
        finally:
            self._tried.update(dict.fromkeys(tags, self._now()))
        await self._place.accept(name, job)
        for tag in tags:
            self._tried.pop(tag, None)
        batch = Batch(job, tags)
        return Receipts({tag: self._native_id(job, index, batch) for index, tag in enumerate(tags)})

    def _order(self, name: str, jobs: Sequence[Submission]) -> Order:
        folder = self._place.folder(name)
        return Order(
            name=name,
            script=job_script(folder, self._dialect.variables),
            tasks=len(jobs) if len(jobs) > 1 else None,
            resources=jobs[0].spec.resources,
            folder=folder,
            log=folder / "log",
            shared_files=jobs[0].inputs is not None,
            own_files=frozenset(index for index, job in enumerate(jobs) if job.share.inputs),
        )

    async def _inherited(self, environment: Path | None) -> Mapping[str, str]:
        """The environment of whoever submits, where that means anything."""
        if environment is None or not self._shell.shares_files:
            return {}
        try:
            read: dict[str, str] = json.loads(await asyncio.to_thread(environment.read_bytes))
        except (OSError, ValueError) as error:
            raise BackendUnavailable(f"the environment of the job cannot be read: {error}") from error
        return read

    def _native_id(self, job: str, index: int, batch: Batch) -> NativeId:
        return self._dialect.native_id(job, index if len(batch.tags) > 1 else None)

    async def _jobs(self, batches: Mapping[str, Batch]) -> tuple[dict[str, str], set[str]]:
        """The job that each batch has become; those of which nobody has noted it are looked for in the queue. And the
        batches of which no job has arrived there as yet.
        """
        jobs = {name: batch.job for name, batch in batches.items() if batch.job is not None}
        arriving: set[str] = set()
        if unknown := batches.keys() - jobs.keys():
            listing = self._dialect.read_queue(await self._shell.run(self._dialect.queue()))
            jobs.update(self._found(listing, unknown))
            arriving = {entry.name for entry in listing.values() if entry.arriving} - jobs.keys()
        for name, job in jobs.items():
            if batches[name].job is None or batches[name].loose:
                await self._place.accept(name, job)
        return jobs, arriving

    def _found(self, listing: Listing, names: Collection[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for native_id, entry in listing.items():
            place = self._dialect.place(native_id)
            if place is not None and entry.name in names and not entry.arriving:
                found.setdefault(entry.name, place.job)
        return found

    async def _not_revoked(self, batches: Mapping[str, Batch], arriving: Collection[str]) -> set[Tag]:
        """Call off these batches, so that they never run; returns the tags of which that is not sure."""
        kept: set[Tag] = set()
        for name, batch in batches.items():
            if not await self._called_off(name, arriving=name in arriving):
                kept.update(batch.tags)
        return kept

    async def _called_off(self, name: str, *, arriving: bool) -> bool:
        """Whether it is sure. What arrives may have done so meanwhile: the next look shows that."""
        if not arriving:
            return await self._place.revoke(name)
        if isinstance(self._dialect, Receiving):
            self._dialect.killed(await self._shell.run(self._dialect.call_off(name)))
        return False
