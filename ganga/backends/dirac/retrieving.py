"""Bring the output sandboxes of jobs home."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from ganga.backends.base import Retrieval, Retrieved
from ganga.backends.dirac.road import JobState, Refused, Road
from ganga.backends.dirac.sandbox import Unsafe, gather, unpack
from ganga.backends.dirac.scratch import scratch_folder
from ganga.backends.dirac.states import status_of
from ganga.errors import BackendError
from ganga.model.ids import NativeId
from ganga.model.status import JobStatus

#: Sandboxes on their way at the same time.
_AT_ONCE: Final = 4


class Retriever:
    """What arrives lies in a private folder of ours until it is unpacked into that of the job."""

    def __init__(self, road: Road, folder: Path, largest: int) -> None:
        self._road = road
        self._folder = folder
        self._largest = largest

    async def fetch(
        self, retrievals: Sequence[Retrieval], states: Mapping[NativeId, JobState]
    ) -> Mapping[NativeId, Retrieved]:
        """See `Backend.fetch`. One that cannot be had keeps no other back. Raises what kept all of them back."""
        places = asyncio.Semaphore(_AT_ONCE)

        async def bring(retrieval: Retrieval) -> Retrieved | BackendError:
            async with places:
                try:
                    return await self._bring(retrieval, states.get(retrieval.native_id))
                except BackendError as error:
                    return error

        async with asyncio.TaskGroup() as tasks:
            bringing = [tasks.create_task(bring(retrieval)) for retrieval in retrievals]
        brought = [task.result() for task in bringing]
        failures = [result for result in brought if isinstance(result, BackendError)]
        if failures and len(failures) == len(brought):
            raise failures[0]
        return {
            retrieval.native_id: result if isinstance(result, Retrieved) else Retrieved(error=str(result))
            for retrieval, result in zip(retrievals, brought, strict=True)
        }

    async def _bring(self, retrieval: Retrieval, state: JobState | None) -> Retrieved:
        if state is None:
            return Retrieved(error=f"DIRAC does not know the job {retrieval.native_id}, or it was removed")
        try:
            async with scratch_folder(self._folder) as folder:
                there = await self._road.output(state.id, folder)
                if not there and status_of(state) is JobStatus.COMPLETED:
                    return Retrieved(
                        error=f"DIRAC has no output sandbox of the job {state.id} (yet, or it has expired)"
                    )
                return await asyncio.to_thread(self._open, folder, retrieval)
        except (Refused, Unsafe, OSError) as error:
            return Retrieved(error=f"the output of the job {state.id} cannot be brought home: {error}")

    def _open(self, folder: Path, retrieval: Retrieval) -> Retrieved:
        """Unpack what is there; a job that ended badly may have brought nothing, and then all of it is missing."""
        left = self._largest
        for archive in sorted(folder.iterdir()):
            left -= unpack(archive, retrieval.into, left)
        return gather(retrieval.into, retrieval.outputs, left)
