"""Brings the output of jobs home: into a folder that nobody looks at, which is shown when all of it is there."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ganga.backends.base import Retrieval, Retrieved
from ganga.model.ids import JobId, NativeId
from ganga.model.job import JobRecord, JobSpec
from ganga.monitor.border import Border
from ganga.workspace import Workspace

_UNSPOKEN = Retrieved(error="the back end did not speak of it")


@dataclass(frozen=True, slots=True)
class Homecoming:
    """What came of bringing output home."""

    #: The patterns that match nothing, also of output that was here already.
    missing: dict[JobId, tuple[str, ...]] = field(default_factory=dict)
    #: Why the output could not be had this time.
    errors: dict[JobId, str] = field(default_factory=dict)


class Retriever:
    """For one target, under one epoch of its lease. Bringing home twice is once."""

    def __init__(self, workspace: Workspace, epoch: int) -> None:
        self._workspace = workspace
        self._epoch = epoch

    async def bring_home(self, backend: Border, jobs: Mapping[NativeId, tuple[JobRecord, JobSpec]]) -> Homecoming:
        """What is home may go where it came from. Raises `BackendUnavailable`, and `StoreUnavailable` for a
        full disk.
        """
        homecoming = Homecoming()
        retrievals = await asyncio.to_thread(self._prepare, jobs)
        replies = await backend.fetch(retrievals) if retrievals else {}
        whole: list[tuple[Path, JobRecord]] = []
        for retrieval in retrievals:
            record, _ = jobs[retrieval.native_id]
            reply = replies.get(retrieval.native_id, _UNSPOKEN)
            if reply.error is not None:
                homecoming.errors[record.id] = reply.error
            else:
                homecoming.missing[record.id] = reply.missing
                whole.append((retrieval.into, record))
        away = {retrieval.native_id for retrieval in retrievals}
        if home := [record for native_id, (record, _) in jobs.items() if native_id not in away]:
            homecoming.missing.update(await asyncio.to_thread(self._noted, home))
        await asyncio.to_thread(self._publish, whole, homecoming.missing)
        await backend.discard([name for name, (record, _) in jobs.items() if record.id not in homecoming.errors])
        return homecoming

    def _prepare(self, jobs: Mapping[NativeId, tuple[JobRecord, JobSpec]]) -> list[Retrieval]:
        retrievals = []
        for native_id, (record, spec) in jobs.items():
            if not self._workspace.has_output(record.id, record.attempt):
                into = self._workspace.incoming(record.id, record.attempt, self._epoch)
                retrievals.append(Retrieval(native_id, spec.outputs, into))
        return retrievals

    def _noted(self, home: Sequence[JobRecord]) -> dict[JobId, tuple[str, ...]]:
        return {record.id: self._workspace.missing(record.id, record.attempt) for record in home}

    def _publish(self, whole: list[tuple[Path, JobRecord]], missing: Mapping[JobId, tuple[str, ...]]) -> None:
        for incoming, record in whole:
            if missing[record.id]:
                self._workspace.note_missing(record.id, record.attempt, missing[record.id])
            self._workspace.publish(incoming, record.id, record.attempt)
