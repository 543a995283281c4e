"""After the end of a job: its output comes home, visible only whole; then checkers judge, mergers join, notifiers tell."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ganga.backends.base import Backend, Discarding, Retrieval
from ganga.core.orders import Ending
from ganga.core.resubmission import wants_another_attempt
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


@dataclass(frozen=True, slots=True)
class Finishes:
    """How the jobs ended, and which could not be finished this time."""

    endings: Mapping[JobId, Ending]
    errors: Mapping[JobId, str]


class Finisher:
    """Finishes jobs of one target. Everything here may be done twice and has its effect once."""

    def __init__(self, workspace: Workspace, epoch: int) -> None:
        self._workspace = workspace
        self._epoch = epoch

    async def finish(self, backend: Backend, jobs: Sequence[Ended]) -> Finishes:
        """Bring the output of these jobs home and judge it. Raises `BackendUnavailable` if nothing can be had now."""
        missing, errors = await self._fetch(backend, jobs)
        here = [job for job in jobs if job.record.id not in errors]
        endings: dict[JobId, Ending] = {}
        for job, outcome in zip(here, await asyncio.to_thread(self._judge_all, here, missing), strict=True):
            if isinstance(outcome, Ending):
                endings[job.record.id] = outcome
            else:
                errors[job.record.id] = outcome
        if isinstance(backend, Discarding):
            await backend.discard([job.record.native_id for job in here if job.record.native_id is not None])
        return Finishes(endings, errors)

    async def fetch(self, backend: Backend, job: Ended) -> str | None:
        """Bring the output of one job home, again if need be. Returns why that failed, or None."""
        _, errors = await self._fetch(backend, [job])
        return errors.get(job.record.id)

    async def _fetch(
        self, backend: Backend, jobs: Sequence[Ended]
    ) -> tuple[Mapping[JobId, tuple[str, ...]], dict[JobId, str]]:
        """Which patterns matched nothing, and for which jobs the output could not be had."""
        wanted = {job.record.native_id: job for job in jobs if job.record.native_id is not None}
        retrievals = await asyncio.to_thread(self._prepare, wanted)
        replies = await backend.fetch(retrievals) if retrievals else {}
        errors: dict[JobId, str] = {}
        missing: dict[JobId, tuple[str, ...]] = {}
        whole: list[tuple[Path, JobRecord]] = []
        for retrieval in retrievals:
            record, reply = wanted[retrieval.native_id].record, replies.get(retrieval.native_id)
            if reply is None or reply.error is not None:
                errors[record.id] = "the back end did not speak of it" if reply is None else str(reply.error)
            else:
                missing[record.id] = reply.missing
                whole.append((retrieval.into, record))
        await asyncio.to_thread(self._publish, whole)
        return missing, errors

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

    def _judge_all(self, jobs: Sequence[Ended], missing: Mapping[JobId, tuple[str, ...]]) -> list[Ending | str]:
        return [self._judge(job, missing.get(job.record.id, ())) for job in jobs]

    def _judge(self, job: Ended, missing: tuple[str, ...]) -> Ending | str:
        record, spec = job.record, job.spec
        try:
            verdict = postprocess(record, spec, self._workspace)
        except OSError as error:
            return f"{error}"
        reason = verdict.reason
        if missing and verdict.status is JobStatus.COMPLETED:
            note = f"no output matches {', '.join(missing)}"
            reason = f"{reason}; {note}" if reason else note
        again = record.subjobs is None and wants_another_attempt(record, verdict.status, reason, spec.resubmission)
        return Ending(verdict.status, reason, resubmit=again)
