"""Have DIRAC run jobs again, or forget them.

Its replies are not enough to go by: the services say that all went well where a job has been rescheduled too often
already, and where one of many is refused they complain about all. What counts is what the jobs look like afterwards.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Final

from ganga.backends.dirac.road import JobState, Refused, Road
from ganga.backends.dirac.states import native_status, restart_of, status_of
from ganga.backends.web.replies import NotSent
from ganga.errors import BackendUnavailable
from ganga.model.ids import NativeId

#: Asks for the states of jobs; those that DIRAC does not know are left out.
States = Callable[[Collection[NativeId]], Awaitable[Mapping[NativeId, JobState]]]

#: Jobs in one request.
CHUNK: Final = 500
_DELETED: Final = "Deleted"


class Changer:
    """Each verb returns the jobs that were refused, with the reasons."""

    def __init__(self, road: Road, states: States) -> None:
        self._road = road
        self._states = states

    async def reschedule(self, ids: Collection[NativeId]) -> Mapping[NativeId, str]:
        """See `Rescheduling.reschedule`."""
        before = await self._states(ids)
        there = {native_id: state for native_id, state in before.items() if state.status != _DELETED}
        refused = {
            native_id: f"DIRAC does not know {native_id} (any more)" for native_id in ids if native_id not in there
        }
        words = await self._ask(self._road.reschedule, there, "run again")
        after = await self._afterwards(there, "run again")
        for native_id, state in there.items():
            now = after.get(native_id)
            if now is None or restart_of(now) <= restart_of(state):
                refused[native_id] = words or _left_alone(native_id, now)
        return refused

    async def delete(self, ids: Collection[NativeId]) -> Mapping[NativeId, str]:
        """See `Deleting.delete`."""
        there = {native_id: state for native_id, state in (await self._states(ids)).items() if state.status != _DELETED}
        ended = {native_id: state for native_id, state in there.items() if status_of(state).final}
        refused = {
            native_id: f"{native_id} is {native_status(state)} in DIRAC: kill it first"
            for native_id, state in there.items()
            if native_id not in ended
        }
        words = await self._ask(self._road.delete, ended, "deleted")
        after = await self._afterwards(ended, "deleted")
        for native_id, state in after.items():
            if state.status != _DELETED:
                refused[native_id] = words or _left_alone(native_id, state)
        return refused

    async def _ask(
        self, verb: Callable[[Collection[int]], Awaitable[None]], jobs: Mapping[NativeId, JobState], what: str
    ) -> str:
        """Returns what the servers have against it, if anything."""
        numbers = [state.id for state in jobs.values()]
        words = ""
        for start in range(0, len(numbers), CHUNK):
            try:
                await verb(numbers[start : start + CHUNK])
            except Refused as error:
                words = str(error)
            except NotSent as error:
                raise error if start == 0 else _unknown(error, what) from error
            except BackendUnavailable as error:
                raise _unknown(error, what) from error
        return words

    async def _afterwards(self, jobs: Mapping[NativeId, JobState], what: str) -> Mapping[NativeId, JobState]:
        try:
            return await self._states(jobs)
        except BackendUnavailable as error:
            raise _unknown(error, what) from error


def _left_alone(native_id: NativeId, state: JobState | None) -> str:
    if state is None:
        return f"DIRAC does not know {native_id} (any more)"
    return f"DIRAC leaves {native_id} as it is: {native_status(state)}"


def _unknown(error: BackendUnavailable, what: str) -> BackendUnavailable:
    return BackendUnavailable(f"{error}; nobody knows yet whether the jobs are {what}: their histories will tell")
