"""Carries out the orders of the tracker: one method for each kind, one result for each order."""

import asyncio
from collections.abc import Callable, Collection, Sequence

from ganga.backends.base import Receipts, Submission
from ganga.core.orders import (
    Answered,
    CatchUp,
    Find,
    Finish,
    Finished,
    Found,
    Kill,
    KillSent,
    Order,
    Result,
    Submit,
    Submitted,
    Sweep,
)
from ganga.errors import StoreUnavailable
from ganga.model.ids import JobId, Tag
from ganga.model.job import JobRecord
from ganga.monitor.connection import Connection
from ganga.monitor.finisher import Ended, Finisher
from ganga.store.base import Lease, Query, Store
from ganga.workspace import Workspace
from ganga.workspace.outgoing import Outgoing

#: Seconds after which the note that jobs are submitted next is no longer trusted to be the newest.
STALE = 3.0


def tag_of(store_id: str, job: JobId, attempt: int) -> Tag:
    """By which a back end and we find this attempt of this job again: ``ganga-1f0c9d3e-12.3-1``."""
    return Tag(f"ganga-{store_id}-{job}-{attempt}")


class Carrier:
    """The hands of one target's monitor. What it raises says that the order could not be carried out."""

    def __init__(
        self,
        connection: Connection,
        store: Store,
        workspace: Workspace,
        lease: Lease,
        finisher: Finisher,
        record_of: Callable[[JobId], JobRecord | None],
    ) -> None:
        self._connection = connection
        self._store = store
        self._workspace = workspace
        self._lease = lease
        self._finisher = finisher
        self._record_of = record_of

    async def carry_out(self, order: Order) -> Result:
        """Do what the order says, and return what came of it."""
        match order:
            case Sweep():
                return Answered(order, await (await self._connection.border()).poll(order.ids))
            case CatchUp():
                return Answered(order, await (await self._connection.border()).changes(order.since))
            case Submit():
                return await self._submit(order)
            case Find():
                return await self._find(order)
            case Kill():
                await (await self._connection.border()).kill(order.ids)
                return KillSent(order)
            case Finish():
                return await self._finish(order)

    async def _submit(self, order: Submit) -> Submitted:
        backend = await self._connection.border()
        outgoing = self._workspace.outgoing()
        try:
            batch, rejected = await self._submissions(order.jobs, outgoing)
            await self._hand_over([job for job in order.jobs if job not in rejected])
            receipts = await backend.submit(batch) if batch or not rejected else Receipts()
        finally:
            if self._workspace.hosted:
                await asyncio.to_thread(outgoing.close)
        jobs = {submission.tag: submission.job for submission in batch}
        return Submitted(
            order,
            {jobs[tag]: native_id for tag, native_id in receipts.accepted.items() if tag in jobs},
            rejected | {jobs[tag]: reason for tag, reason in receipts.rejected.items() if tag in jobs},
        )

    async def _hand_over(self, jobs: Collection[JobId]) -> None:
        """Whoever stands still behind the note, and goes on when another process has looked for the jobs in vain and
        submitted them, must not submit them too.
        """
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await self._store.hand_over(jobs, self._lease)
        took = loop.time() - begun
        if took > STALE:
            raise StoreUnavailable(
                f"the store took {took:.1f} s to note which jobs are submitted next: another process may have looked "
                "for them meanwhile, so they are looked for first"
            )

    async def _submissions(
        self, jobs: Sequence[JobId], outgoing: Outgoing
    ) -> tuple[list[Submission], dict[JobId, str]]:
        """What is to be handed over, and of which the files are not to be, and why."""
        specifications = await self._store.specifications(jobs)
        shares = {job: share for job, (_, share) in specifications.items()}
        files = await asyncio.to_thread(outgoing.gather, shares)
        objections = {job: handed.objection for job, handed in files.items() if handed.objection is not None}
        batch = [
            Submission(
                job, self._tag(job), specifications[job][0], files[job].share, files[job].inputs, files[job].environment
            )
            for job in jobs
            if job in files and job not in objections
        ]
        return batch, objections

    async def _find(self, order: Find) -> Found:
        jobs = {self._tag(job): job for job in order.jobs}
        finding = await (await self._connection.border()).find(jobs)
        return Found(
            order,
            {jobs[tag]: native_id for tag, native_id in finding.present.items() if tag in jobs},
            frozenset(jobs[tag] for tag in finding.absent if tag in jobs),
        )

    async def _finish(self, order: Finish) -> Finished:
        specifications = await self._store.specifications([item.job for item in order.jobs])
        ended = []
        for item in order.jobs:
            record = self._record_of(item.job)
            if record is not None and record.attempt == item.attempt and item.job in specifications:
                spec = specifications[item.job][0]
                merged = record.subjobs is not None and bool(spec.mergers)
                ended.append(Ended(record, spec, await self._subjobs(item.job) if merged else ()))
        finishes = await self._finisher.finish(self._connection.border, ended)
        return Finished(order, finishes.endings, finishes.errors)

    async def _subjobs(self, job: JobId) -> list[JobRecord]:
        query = Query(parent=job, subjobs=True)
        records = page = await self._store.select(query)
        while page:
            page = await self._store.select(query, after=page[-1].id)
            records += page
        return records

    def _tag(self, job: JobId) -> Tag:
        record = self._record_of(job)
        return tag_of(self._store.id, job, record.attempt if record is not None else 1)
