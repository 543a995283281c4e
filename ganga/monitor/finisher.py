"""After the end of a job: its output comes home; then checkers judge, mergers join, notifiers tell."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from ganga.backends.pool import ThreadPool
from ganga.core.orders import Ending
from ganga.core.resubmission import wants_another_attempt
from ganga.errors import BackendUnavailable, FinishingError
from ganga.finishing.base import Verdict
from ganga.finishing.postprocess import postprocess
from ganga.finishing.searching import is_said_apart
from ganga.model.ids import JobId
from ganga.model.job import JobRecord, JobSpec
from ganga.model.status import JobStatus
from ganga.monitor.border import Border
from ganga.monitor.retriever import Homecoming, Retriever
from ganga.workspace import Workspace

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ended:
    """One job to be finished."""

    record: JobRecord
    spec: JobSpec
    #: Its subjobs, if it has any and they are to be merged.
    subjobs: Sequence[JobRecord] = ()

    def follows(self, verdict: Verdict) -> bool:
        """Whether another attempt follows this end."""
        return self.record.subjobs is None and wants_another_attempt(
            self.record, verdict.status, verdict.reason, self.spec.resubmission
        )

    def follows_hosted(self, verdict: Verdict) -> bool:
        """The same, for as long as it may take: what somebody else has written is searched for in another process. An
        expression that takes too long is not found.
        """
        policy = self.spec.resubmission
        if not policy.reasons:
            return self.follows(verdict)
        for_any_reason = msgspec.structs.replace(self.spec, resubmission=msgspec.structs.replace(policy, reasons=()))
        if not replace(self, spec=for_any_reason).follows(verdict):
            return False
        try:
            return is_said_apart(policy.reasons, verdict.reason or "")
        except FinishingError as error:
            _log.warning("job %s is not resubmitted: %s", self.record.id, error)
            return False


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
        self._hosted = workspace.hosted
        self._epoch = epoch
        self._pool = pool
        self._retriever = Retriever(workspace, epoch)

    async def finish(self, backend: Callable[[], Awaitable[Border]], jobs: Sequence[Ended]) -> Finishes:
        """Bring the output of these jobs home and judge it.

        Raises `BackendUnavailable` if nothing can be had now, and `StoreUnavailable` if there is no room for it here.
        The back end is asked for only if one of the jobs ever was there.
        """
        away = {job.record.native_id: (job.record, job.spec) for job in jobs if job.record.native_id is not None}
        homecoming = await self._retriever.bring_home(await backend(), away) if away else Homecoming()
        finishes = Finishes(errors=dict(homecoming.errors))
        here = [job for job in jobs if job.record.id not in finishes.errors]
        for job in here:
            await self._judge(job, homecoming.missing.get(job.record.id, ()), finishes)
        if finishes.errors:
            # With a full disk here nothing is to be learnt from any of them: all of it is done again.
            await asyncio.to_thread(self._workspace.check_writable)
        return finishes

    async def _judge(self, job: Ended, missing: tuple[str, ...], finishes: Finishes) -> None:
        record = job.record
        try:
            verdict = await self._postprocess(job) if record.postprocessed else Verdict(_outcome(record), record.reason)
        except FinishingError as error:
            finishes.errors[record.id] = str(error)
            return
        notes = [verdict.reason] if verdict.reason else []
        if missing and verdict.status is JobStatus.COMPLETED:
            notes.append(f"no output matches {', '.join(missing)}")
        notes += verdict.problems
        again = await asyncio.to_thread(job.follows_hosted, verdict) if self._hosted else job.follows(verdict)
        finishes.endings[record.id] = Ending(verdict.status, "; ".join(notes) or None, resubmit=again)

    async def _postprocess(self, job: Ended) -> Verdict:
        steps: list[str] = []
        verdicts: list[Verdict] = []

        def followed(verdict: Verdict) -> bool:
            verdicts.append(verdict)
            return job.follows_hosted(verdict) if self._hosted else job.follows(verdict)

        try:
            return await self._pool.call(
                "finishing",
                postprocess,
                job.record,
                job.spec,
                self._workspace,
                job.subjobs,
                epoch=self._epoch,
                followed=followed,
                progress=steps.append,
            )
        except BackendUnavailable as error:
            problem = f"{steps[-1]}: {error}" if steps else str(error)
            if not verdicts:
                raise FinishingError(problem) from error
            # It was a notifier that hung, and no notifier changes a job.
            return replace(verdicts[-1], problems=(problem,))


def _outcome(record: JobRecord) -> JobStatus:
    return record.outcome or JobStatus.FAILED
