"""``ganga monitor --status``: who looks after each target, how long it has done so, and whether it shows life."""

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct

import ganga
from ganga.app import Opening, settings_of_owners
from ganga.cli.grid import Column, Grid
from ganga.cli.lines import print_object
from ganga.cli.quota import Quota, budgets_of, quota_object, quota_of, quota_words
from ganga.cli.standing import target_notes
from ganga.cli.words import clock_time, duration, plural, safe, tell
from ganga.client import Client
from ganga.errors import GangaError
from ganga.model.clock import Utc, rfc3339
from ganga.model.ids import TargetName
from ganga.model.job import TargetState
from ganga.model.status import FINAL, JobStatus
from ganga.monitor.leases import is_gone
from ganga.monitor.process import Process, parse
from ganga.settings import Settings
from ganga.store.base import Holder, Query

#: Seconds between two looks at the beats of monitors.
LOOK = 0.1
#: Owners whose stores are open at once.
AT_ONCE = 8
#: What nobody looks after is worth a failure.
UNATTENDED = 1

_COLUMNS = (
    Column("TARGET"),
    Column("MONITOR"),
    Column("AGE", right=True),
    Column("TERM", right=True),
    Column("JOBS", right=True),
    Column("CONFIRMED", right=True),
    Column("CALLS"),
)


class Attendance(Struct, frozen=True):
    """Who looks after one target."""

    #: Whose it is, where a service looks after those of many.
    owner: str | None
    state: TargetState
    #: Jobs and subjobs that somebody has to look after.
    live: int
    holder: Holder | None
    #: Whether the holder renews its lease; None if nobody watched, since it has no jobs or its process is gone.
    beating: bool | None
    #: How often it may be asked; None for a target that is no longer in the settings.
    quota: Quota | None

    @property
    def process(self) -> Process | None:
        """The process that holds the lease, as far as it says who it is."""
        return parse(self.holder.owner) if self.holder is not None else None

    @property
    def gone(self) -> bool:
        """Whether that process has surely ended."""
        return self.holder is not None and is_gone(self.holder)

    @property
    def unattended(self) -> bool:
        """Whether there are jobs that nobody looks after."""
        return self.live > 0 and (self.holder is None or self.gone or self.beating is False)


async def status(*, lease: float, json: bool) -> int:
    """Print it; returns 1 if there are jobs that nobody looks after.

    Takes no time unless there are jobs, and then until their monitors have renewed their leases, or `lease` seconds.
    """
    async with ganga.open(monitor=False) as client:
        attendances = await _attendances(client, lease)
    return _told(attendances, json=json)


async def status_for_all(settings: Settings, *, json: bool) -> int:
    """The same of the targets of all owners whom a service with these settings serves; returns 1 also where that cannot
    be known of one of them.
    """
    many = asyncio.Semaphore(AT_ONCE)

    async def seen(owner: str, own: Settings) -> list[Attendance] | None:
        try:
            async with many, Opening(own, monitor=False) as client:
                return await _attendances(client, settings.monitor.lease, owner)
        except GangaError as error:
            tell(f"{owner}: who looks after these targets cannot be known: {error}")
            return None

    owners = await settings_of_owners(settings)
    found = await asyncio.gather(*(seen(owner, own) for owner, own in owners.items()))
    known = [each for each in found if each is not None]
    code = _told([attendance for each in known for attendance in each], json=json)
    return code if len(known) == len(found) else UNATTENDED


def _told(attendances: Sequence[Attendance], *, json: bool) -> int:
    if json:
        for attendance in attendances:
            print_object(_object(attendance))
    else:
        _print(attendances)
    return UNATTENDED if any(attendance.unattended for attendance in attendances) else 0


async def _attendances(client: Client, lease: float, owner: str | None = None) -> list[Attendance]:
    states = await client.target_states()
    live = {name: await _live(client, name) for name in states}
    holders = {name: await client.store.holder(name) for name in states}
    watched = [name for name, holder in holders.items() if live[name] and holder is not None and not is_gone(holder)]
    later = await _beating(client, {name: holders[name] for name in watched}, lease)
    budgets = await client.store.budgets(budgets_of(client.service.targets.values()))
    quotas = {name: quota_of(target, budgets) for name, target in client.service.targets.items()}
    return [
        Attendance(
            owner,
            state,
            live[name],
            later.get(name, holders[name]),
            name in later if name in watched else None,
            quotas.get(name),
        )
        for name, state in states.items()
    ]


async def _live(client: Client, target: TargetName) -> int:
    statuses = frozenset(JobStatus) - FINAL - {JobStatus.NEW}
    query = Query(statuses=statuses, targets=frozenset({target}), subjobs=True)
    return sum((await client.store.count(query)).values())


async def _beating(
    client: Client, before: Mapping[TargetName, Holder | None], seconds: float
) -> dict[TargetName, Holder | None]:
    """Of these targets those of which the lease was renewed or changed hands within so many seconds, as it is now."""
    changed: dict[TargetName, Holder | None] = {}
    until = time.monotonic() + seconds
    while len(changed) < len(before) and time.monotonic() < until:
        await asyncio.sleep(LOOK)
        for target in before.keys() - changed.keys():
            holder = await client.store.holder(target)
            if holder != before[target]:
                changed[target] = holder
    return changed


def _print(attendances: Sequence[Attendance]) -> None:
    now = Utc(time.time())
    of_many = any(attendance.owner is not None for attendance in attendances)
    columns = (Column("OWNER"), *_COLUMNS) if of_many else _COLUMNS
    rows = [[*_owner(attendance), *_row(attendance, now)] for attendance in attendances]
    grid = Grid(columns, rows, None)
    for row in [[column.title for column in columns], *rows]:
        print(grid.line(row))
    for attendance in attendances:
        name = " ".join([*_owner(attendance), safe(attendance.state.name)])
        for note in _notes(attendance, now):
            print(f"{name}: {safe(note)}")


def _owner(attendance: Attendance) -> list[str]:
    return [] if attendance.owner is None else [safe(attendance.owner)]


def _row(attendance: Attendance, now: Utc) -> list[str]:
    age, confirmed = _age(attendance), attendance.state.confirmed_at
    return [
        safe(attendance.state.name),
        safe(_monitor(attendance)),
        "" if age is None else duration(age),
        "" if attendance.holder is None else str(attendance.holder.epoch),
        f"{attendance.live:,}",
        "never" if confirmed is None else clock_time(confirmed, now),
        "" if attendance.quota is None else safe(quota_words(attendance.quota, now)),
    ]


def _monitor(attendance: Attendance) -> str:
    if attendance.holder is None:
        return "nobody"
    process = attendance.process
    name = attendance.holder.owner if process is None else f"process {process.pid} on {process.host}"
    if attendance.gone:
        return f"{name}, which is gone"
    return f"{name}, which shows no life" if attendance.beating is False else name


def _notes(attendance: Attendance, now: Utc) -> Collection[str]:
    notes = list(target_notes(attendance.state, now))
    if attendance.unattended:
        notes.append(f"nobody looks after {plural(attendance.live, 'job')}; start 'ganga monitor'")
    return notes


def _object(attendance: Attendance) -> dict[str, object]:
    process, state = attendance.process, attendance.state
    return {
        **({} if attendance.owner is None else {"owner": attendance.owner}),
        "target": state.name,
        "host": process.host if process else None,
        "pid": process.pid if process else None,
        "alive": not attendance.gone if process else None,
        "beating": attendance.beating,
        "age": _age(attendance),
        "epoch": attendance.holder.epoch if attendance.holder else None,
        "beat": attendance.holder.beat if attendance.holder else None,
        "live": attendance.live,
        "confirmed_at": None if state.confirmed_at is None else rfc3339(state.confirmed_at),
        "down_since": None if state.down_since is None else rfc3339(state.down_since),
        "error": state.error,
        "paused": state.paused,
        "stuck_threads": state.stuck_threads,
        "unattended": attendance.unattended,
        "budget": None if attendance.quota is None else quota_object(attendance.quota),
    }


def _age(attendance: Attendance) -> float | None:
    """For how many seconds the process has been running; None if it is not to be seen from here."""
    import psutil  # noqa: PLC0415 - loaded where it is needed, since it is slow to load

    process = attendance.process
    if process is None or attendance.gone or not process.near:
        return None
    try:
        return time.time() - psutil.Process(process.pid).create_time()
    except psutil.Error:
        return None
