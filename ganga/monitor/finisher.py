"""After the end of a job: its output comes home, visible only whole; then checkers judge, mergers join, notifiers tell."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ganga.backends.base import Backend, Discarding, Retrieval, Retrieved
from ganga.backends.pool import ThreadPool
from ganga.core.orders import Ending
from ganga.core.resubmission import wants_another_attempt
from ganga.errors import BackendUnavailable, FinishingError
from ganga.finishing.base import Verdict
from ganga.finishing.postprocess import postprocess
from ganga.model.ids import JobId, NativeId
from ganga.model.job import JobRecord, JobSpec
from ganga.model.status import JobStatus
from ganga.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Ended:
    """One job to be finished."""

    record: JobRecord
    spec: JobSpec
    #: Its subjobs, if it has any and they are to be merged.
    subjobs: Sequence[JobRecord] = ()

    @property
    def has_plugins(self) -> bool:
        """Whether anything but its retrieval is to be done."""
        return bool(self.spec.checkers or self.spec.mergers or self.spec.notifiers)

    def follows(self, verdict: Verdict) -> bool:
        """Whether another attempt follows this end."""
        again = wants_another_attempt(self.record, verdict.status, verdict.reason, self.spec.resubmission)
        return self.record.subjobs is None and again


@dataclass(frozen=True, slots=True)
class Finishes:
    """How the jobs ended, and which could not be finished this time."""

    endings: dict[JobId, Ending] = field(default_factory=dict)
    errors: dict[JobId, str] = field(default_factory=dict)


class Finisher:
    """Finishes jobs of one target. Everything here may be done twice and has its effect once.

    Plug-ins run in the threads of `pool`: one that hangs costs the jobs that use it, and nobody else.
    """

    def __init__(self, workspace: Workspace, epoch: int, pool: ThreadPool) -> None:
        self._workspace = workspace
        self._epoch = epoch
        self._pool = pool

    async def finish(self, backend: Backend, jobs: Sequence[Ended]) -> Finishes:
        """Bring the output of these jobs home and judge it.

        Raises `BackendUnavailable` if nothing can be had now, and `StoreUnavailable` if there is no room for it here.
        """
        finishes = Finishes()
        missing = await self._fetch(backend, jobs, finishes.errors)
        here = [job for job in jobs if job.record.id not in finishes.errors]
        if isinstance(backend, Discarding):
            await backend.discard([job.record.native_id for job in here if job.record.native_id is not None])
        await asyncio.gather(*(self._judge(job, missing.get(job.record.id, ()), finishes) for job in here))
        if finishes.errors:
            # With a full disk here nothing is to be learnt from any of them: all of it is done again.
            await asyncio.to_thread(self._workspace.check_writable)
        return finishes

    async def fetch(self, backend: Backend, job: Ended) -> str | None:
        """Bring the output of one job home, again if need be. Returns why that failed, or None."""
        errors: dict[JobId, str] = {}
        await self._fetch(backend, [job], errors)
        return errors.get(job.record.id)

    async def _fetch(
        self, backend: Backend, jobs: Sequence[Ended], errors: dict[JobId, str]
    ) -> Mapping[JobId, tuple[str, ...]]:
        """Which patterns matched nothing; the jobs whose output could not be had are entered into `errors`."""
        wanted = {job.record.native_id: job for job in jobs if job.record.native_id is not None}
        retrievals = await asyncio.to_thread(self._prepare, wanted)
        replies = await backend.fetch(retrievals) if retrievals else {}
        missing: dict[JobId, tuple[str, ...]] = {}
        whole: list[tuple[Path, JobRecord]] = []
        for retrieval in retrievals:
            record = wanted[retrieval.native_id].record
            reply = replies.get(retrieval.native_id, Retrieved(error="the back end did not speak of it"))
            if reply.error is not None:
                errors[record.id] = reply.error
            else:
                missing[record.id] = reply.missing
                whole.append((retrieval.into, record))
        await asyncio.to_thread(self._publish, whole)
        return missing

    def _prepare(self, wanted: Mapping[NativeId, Ended]) -> list[Retrieval]:
        retrievals = []
        for native_id, job in wanted.items():
            record = job.record
            if not self._workspace.output(record.id, record.attempt).is_dir():
                into = self._workspace.incoming(record.id, record.attempt, self._epoch)
                retrievals.append(Retrieval(native_id, job.spec.outputs, into))
        return retrievals

    def _publish(self, whole: Sequence[tuple[Path, JobRecord]]) -> None:
        for incoming, record in whole:
            self._workspace.publish(incoming, record.id, record.attempt)

    async def _judge(self, job: Ended, missing: tuple[str, ...], finishes: Finishes) -> None:
        record = job.record
        try:
            verdict = await self._postprocess(job) if job.has_plugins else Verdict(_outcome(record), record.reason)
        except (FinishingError, BackendUnavailable) as error:
            finishes.errors[record.id] = str(error)
            return
        notes = [verdict.reason] if verdict.reason else []
        if missing and verdict.status is JobStatus.COMPLETED:
            notes.append(f"no output matches {', '.join(missing)}")
        notes += verdict.problems
        finishes.endings[record.id] = Ending(verdict.status, "; ".join(notes) or None, resubmit=job.follows(verdict))

    async def _postprocess(self, job: Ended) -> Verdict:
        steps = ["its checkers, mergers and notifiers"]
        try:
            return await self._pool.call(
                "finishing",
                postprocess,
                job.record,
                job.spec,
                self._workspace,
                job.subjobs,
                epoch=self._epoch,
                followed=job.follows,
                progress=steps.append,
            )
        except BackendUnavailable as error:
            raise FinishingError(f"{steps[-1]}: {error}") from error


def _outcome(record: JobRecord) -> JobStatus:
    return record.outcome or JobStatus.FAILED
