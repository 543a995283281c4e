"""How often Slurm is called in a minute, on each road: all that decides it, in virtual time, beside a bare loop."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from random import Random
from statistics import mean
from typing import NamedTuple

import aiohttp
import msgspec
import pytest

from ganga.backends.batch.backend import BatchBackend
from ganga.backends.batch.ends_log import EndsLog
from ganga.backends.batch.following import FollowedBackend
from ganga.backends.batch.here import HereShell
from ganga.backends.batch.shell import Command, Reply
from ganga.backends.batch.workplace import Workplace
from ganga.backends.slurm import completions, ids
from ganga.backends.slurm.rest.client import Answered, Place, RestClient
from ganga.backends.slurm.rest.road import RestRoad
from ganga.backends.slurm.rest.token import Token
from ganga.backends.slurm.settings import Settings, policy
from ganga.backends.slurm.words import Slurm
from ganga.core import orders
from ganga.core.tracker import Tracker
from ganga.model.job import JobRecord
from ganga.model.policy import Pace, Policy
from ganga.model.status import JobStatus
from ganga.testing.clock import VirtualClock
from tests.backends.slurm.recorded import queue_reply, queue_row
from tests.core.examples import TARGET, record

#: Seconds between two questions of a bare loop, its calls a minute, and ours beside it.
INTERVAL = 3.0
BARE = 20
MOST = 1.1 * BARE
#: By its own clock.
BEGINNING = 1_000_000
LOG = PurePosixPath("/completions")
FOLDER = PurePosixPath("/work")


@dataclass
class Controller:
    """Jobs that run, some of which end, and when it was asked what."""

    clock: VirtualClock
    jobs: int
    #: When each ends that does, in their order.
    ends: dict[int, float] = field(default_factory=dict)
    calls: list[tuple[float, str]] = field(default_factory=list)

    def now(self) -> float:
        return self.clock.elapsed

    def called(self, word: str, seconds: float) -> None:
        """It takes so long to answer."""
        self.calls.append((self.now(), word))
        self.clock.advance(seconds)

    def count(self, begin: float, *words: str) -> int:
        """Calls in the minute from then on; all of them, or with these words."""
        return sum(begin <= at < begin + 60.0 and (not words or word in words) for at, word in self.calls)

    def ended(self) -> Sequence[int]:
        return [job for job, at in self.ends.items() if at <= self.now()]

    def states(self) -> dict[int, str]:
        return dict.fromkeys(range(1, self.jobs + 1), "RUNNING") | dict.fromkeys(self.ended(), "COMPLETED")


class SlurmShell(HereShell):
    """The commands, and the log of completions."""

    def __init__(self, controller: Controller) -> None:
        super().__init__(within=60.0)
        self._controller = controller

    async def run(self, command: Command, /) -> Reply:
        states = self._controller.states()
        self._controller.called(command.name, 0.03 + 2e-5 * len(states))
        return queue_reply(*(queue_row(str(job), state) for job, state in states.items()))

    async def read(self, path: PurePosixPath, offset: int, size: int, /) -> bytes | None:
        assert path == LOG
        self._controller.clock.advance(0.001)
        lines = b"".join(
            b"JobId=%d UserId=ada(1) Name=fit JobState=COMPLETED\n" % job for job in self._controller.ended()
        )
        return lines[offset : offset + size]

    async def size(self, path: PurePosixPath, /) -> int | None:
        assert path == LOG
        return 0


class RestServer(RestClient):
    """`slurmrestd`, as that of 22.05 answers."""

    def __init__(self, session: aiohttp.ClientSession, controller: Controller) -> None:
        super().__init__(session, Place("there", "http://localhost", ""), _token, 1.0)
        self._controller = controller

    async def ask(self, method: str, path: str) -> Answered:
        assert method == "GET"
        controller = self._controller
        if path == "diag":
            controller.called("diag", 0.002)
            return _said({"statistics": {"req_time": BEGINNING + int(controller.now())}})
        since = float(path.removeprefix("jobs").removeprefix("?update_time=") or 0) - BEGINNING
        if since > 0 and not any(controller.ends[job] >= since for job in controller.ended()):
            controller.called("unchanged", 0.002)
            return Answered(304, b"")
        states = controller.states()
        controller.called("jobs", 0.01 + 3e-4 * len(states))
        return _said({"jobs": [{"job_id": job, "job_state": state} for job, state in states.items()]})


def _said(reply: object) -> Answered:
    return Answered(200, msgspec.json.encode(reply))


async def _token() -> Token:
    return Token("a.b.c", "ada")


class Road(NamedTuple):
    """A target, and how it wants to be treated."""

    backend: BatchBackend
    policy: Policy


Open = Callable[[Controller], AbstractAsyncContextManager[Road]]


def _place(shell: SlurmShell) -> Workplace:
    return Workplace(shell, FOLDER, Slurm(Settings()).variables)


@asynccontextmanager
async def by_commands(controller: Controller) -> AsyncIterator[Road]:
    """At the pace of the bare loop."""
    settings, shell = Settings(), SlurmShell(controller)
    backend = BatchBackend(
        Slurm(settings), shell, _place(shell), largest_array=50, commit_delay=60.0, now=controller.now
    )
    yield Road(backend, replace(policy(settings), sweep=Pace(fastest=INTERVAL, slowest=INTERVAL)))


@asynccontextmanager
async def by_log(controller: Controller) -> AsyncIterator[Road]:
    settings, shell = Settings(completion_log=str(LOG)), SlurmShell(controller)
    source = EndsLog(shell, LOG, read=completions.read, place=ids.place)
    backend = FollowedBackend(
        Slurm(settings),
        shell,
        _place(shell),
        source=source,
        largest_array=50,
        commit_delay=60.0,
        now=controller.now,
    )
    yield Road(backend, policy(settings))


@asynccontextmanager
async def over_rest(controller: Controller) -> AsyncIterator[Road]:
    settings, shell = Settings(rest_url="http://localhost:6820"), SlurmShell(controller)
    async with aiohttp.ClientSession() as session:
        road = RestRoad(RestServer(session, controller), now=controller.now)
        backend = FollowedBackend(
            Slurm(settings),
            shell,
            _place(shell),
            source=road,
            road=road,
            largest_array=50,
            commit_delay=60.0,
            now=controller.now,
        )
        yield Road(backend, policy(settings))


async def follow(controller: Controller, road: Road, until: float) -> Sequence[float]:
    """A monitor on that road, which has just been started. Returns how long each end took to be known."""
    clock = controller.clock
    tracker = Tracker(TARGET, road.policy, Random(0))
    jobs = tuple(record(str(job), native_id=str(job)) for job in range(1, controller.jobs + 1))
    tracker.receive([orders.Requested(TARGET, jobs)], clock())
    ages: list[float] = []
    while clock.elapsed < until:
        for order in tracker.due(clock()):
            result = await _carried_out(road.backend, order)
            update = tracker.receive([result], clock())
            ages += [clock.elapsed - controller.ends[int(job.id)] for job in update.records if _has_ended(job)]
        wakeup = tracker.next_wakeup()
        assert wakeup is not None
        # A loop is woken a little late.
        clock.elapsed = max(clock.elapsed, wakeup) + 0.002
    return ages


async def _carried_out(backend: BatchBackend, order: orders.Order) -> orders.Result:
    match order:
        case orders.Sweep():
            return orders.Answered(order, await backend.poll(order.ids))
        case orders.CatchUp():
            assert isinstance(backend, FollowedBackend)
            return orders.Answered(order, await backend.changes(order.since))
        case orders.Finish():
            return orders.Finished(order, {item.job: orders.Ending(JobStatus.COMPLETED) for item in order.jobs})
        case _:
            raise AssertionError(order)


def _has_ended(job: JobRecord) -> bool:
    return job.status is JobStatus.COMPLETING


async def followed(
    open_: Open, jobs: int, *, begin: float = 120.0, rate: float = 0.0
) -> tuple[Controller, Sequence[float]]:
    """For a quiet minute, and one in which so many jobs a second end; and how long each end took to be known."""
    ends = {number + 1: begin + number / rate for number in range(int(60 * rate))}
    controller = Controller(VirtualClock(), jobs, ends)
    async with open_(controller) as road:
        ages = await follow(controller, road, begin + 90.0)
    assert len(ages) == len(ends)
    return controller, ages


@pytest.mark.parametrize("jobs", [100, 1000])
@pytest.mark.parametrize(("open_", "quiet", "busy"), [(by_commands, 20, 20), (by_log, 2, 21), (over_rest, 16, 14)])
async def test_calls_in_a_minute(open_: Open, jobs: int, quiet: int, busy: int) -> None:
    controller, _ = await followed(open_, jobs, rate=1.0)
    assert (controller.count(60.0), controller.count(120.0)) == (quiet, busy)


async def test_calls_in_the_minute_in_which_a_log_is_listened_to_for_the_first_time() -> None:
    """A sweep, a question for what may have been missed, and two more sweeps: what was there before is no hint."""
    controller, _ = await followed(by_log, 1000)
    assert controller.count(0.0) == 4


async def test_requests_over_rest_in_a_minute() -> None:
    """A feed asks 12 times and a sweep twice, and the controller's time is asked for twice. Of two that come together
    the feed pauses where there are news. No command is called.
    """
    controller, _ = await followed(over_rest, 100, rate=1.0)
    words = ("unchanged", "jobs", "diag", "squeue")
    assert [controller.count(60.0, word) for word in words] == [14, 0, 2, 0]
    assert [controller.count(120.0, word) for word in words] == [0, 12, 2, 0]


@pytest.mark.parametrize(("jobs", "rate"), [(100, 0.1), (100, 0.4), (100, 1.5), (320, 5.0)])
@pytest.mark.parametrize(("open_", "age"), [(by_commands, 2.0), (by_log, 2.0), (over_rest, 5.5)])
async def test_however_many_jobs_end_a_bare_loop_calls_hardly_less(
    open_: Open, age: float, jobs: int, rate: float
) -> None:
    """Whenever in an interval that begins. An end is known after so many seconds, the mean of all."""
    for begin in (120.0, 120.9, 121.7):
        controller, ages = await followed(open_, jobs, begin=begin, rate=rate)
        assert max(controller.count(60.0), controller.count(begin)) <= MOST
        assert mean(ages) <= age
