"""Ask how jobs are. What the element tells of a state is up to a minute old; which jobs have ended it knows at once."""

import asyncio
from collections.abc import Collection, Mapping

from ganga.backends.arc.replies import Entry
from ganga.backends.arc.service import Service
from ganga.backends.arc.states import ENDED, WIPED, by_diagnosis, living
from ganga.errors import BackendError
from ganga.model.ids import NativeId
from ganga.model.observation import Answer, Observation

#: Jobs that are looked at each by itself at once.
_AT_ONCE = 4

_OK = "200"
_UNKNOWN = "404"


async def poll(service: Service, ids: Collection[NativeId]) -> Answer:
    """What is so of each. A job that the element does not know by its id, or whose files it has removed, is denied."""
    entries = await service.told("status", ids)
    known = {job: entry.state for job, entry in entries.items() if entry.code == _OK}
    # Asked for last: what ends in between is told as ended.
    ended = await service.listed(ENDED) if known else {}
    states = {NativeId(job): ended.get(job, state) for job, state in known.items() if job in ids}
    absent = {job for job in ids if job in entries and _is_denied(entries[job])}
    seen = {job: news for job, state in states.items() if (news := living(state)) is not None}
    over = {job: state for job, state in states.items() if state in ENDED}
    return Answer({**seen, **(await ends(service, over))}, frozenset(absent))


async def ends(service: Service, states: Mapping[NativeId, str]) -> Mapping[NativeId, Observation]:
    """How jobs in these final states ended. Each is looked at by itself."""
    found: dict[NativeId, Observation] = {}
    waiting = iter(states.items())
    failures: list[BackendError] = []

    async def work() -> None:
        for job, state in waiting:
            try:
                found[job] = await _looked_at(service, job, state)
            except BackendError as error:
                failures.append(error)
            if failures:
                return

    async with asyncio.TaskGroup() as tasks:
        for _ in range(_AT_ONCE):
            tasks.create_task(work())
    if failures:
        raise failures[0]
    return found


async def _looked_at(service: Service, job: NativeId, state: str) -> Observation:
    report = await service.diagnosed(job, "diag")
    failure = await service.diagnosed(job, "failed") if state != "FINISHED" else None
    return by_diagnosis(state, report or "", failure or "")


def _is_denied(entry: Entry) -> bool:
    return entry.code == _UNKNOWN or (entry.code == _OK and entry.state == WIPED)
