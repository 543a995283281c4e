"""What the pure core costs: time for each unchanged job, and memory for each job that is followed."""

import gc
import json
import os
import resource
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from random import Random

from ganga.core.orders import Answered, Requested, Sweep
from ganga.core.tracker import Tracker
from ganga.model.clock import Moment, Monotonic, Utc
from ganga.model.ids import NativeId, TargetName, job_id
from ganga.model.job import JobRecord
from ganga.model.observation import Answer, Observation
from ganga.model.policy import Pace, Policy, Width
from ganga.model.status import JobStatus
from tests.bench.figures import Figure, at_most

TARGET = TargetName("slurm")
JOBS = 100_000
MANY = 1_000_000
PORTION = 2000
#: Jobs in one question, as in the default policy.
BATCH = 1000
DAY = 86400.0

_RUNNING = Observation(status=JobStatus.RUNNING, native_status="R")


def figures() -> Iterator[Figure]:
    """The figures of the core, the quick ones first."""
    per_job, longest = _receiving()
    yield at_most("Tracker.receive, unchanged job", per_job * 1e6, "us", 1.5, "at most 1.5 us each")
    yield at_most(f"longest step, {JOBS:,} jobs answered", longest * 1e3, "ms", 5.0, "at most 5 ms in one go")
    beyond, whole = _memory()
    yield at_most("memory per idle tracked job beyond its record", beyond, "bytes", 500.0, "at most 500 bytes")
    yield at_most("memory per idle tracked job with its record", whole, "bytes", 1000.0, "at most 1 kB")
    yield from _days(JOBS, 600)
    yield from _days(MANY, 3600)


def _records(jobs: int) -> Iterator[JobRecord]:
    for number in range(1, jobs + 1):
        yield JobRecord(
            id=job_id(number),
            name="fit",
            target=TARGET,
            status=JobStatus.RUNNING,
            created_at=Utc(1e9),
            attempt=1,
            wanted_attempt=1,
            native_id=NativeId(str(number)),
            native_status="R",
            submitted_at=Utc(1e9),
            started_at=Utc(1e9),
            confirmed_at=Utc(1e9),
        )


def _moment(seconds: float) -> Moment:
    return Moment(Monotonic(seconds), Utc(1e9 + seconds))


def _tracker(records: Iterator[JobRecord], batch: int, every: float = 10.0) -> Tracker:
    policy = Policy(sweep=Pace(fastest=every, slowest=every), sweep_width=Width(batch=batch))
    tracker = Tracker(TARGET, policy, Random(0))
    page: list[JobRecord] = []
    for record in records:
        page.append(record)
        if len(page) == PORTION:
            tracker.receive([Requested(TARGET, tuple(page))], _moment(0))
            page.clear()
    tracker.receive([Requested(TARGET, tuple(page))], _moment(0))
    return tracker


def _receiving() -> tuple[float, float]:
    """Seconds for one unchanged job, and the longest time that one part of a long answer takes."""
    tracker = _tracker(_records(JOBS), JOBS)
    whole, longest = [], []
    for turn in range(1, 8):
        [order] = tracker.due(_moment(turn * 1000.0))
        assert isinstance(order, Sweep)
        parts = list(Answer(dict.fromkeys(order.ids, _RUNNING)).parts(PORTION))
        steps = []
        for part in parts:
            begin = time.thread_time()
            tracker.receive([Answered(order, part, last=part is parts[-1])], _moment(turn * 1000.0 + 1))
            steps.append(time.thread_time() - begin)
        whole.append(sum(steps))
        longest.append(max(steps))
    # The best of several turns: what else the machine does is no cost of ours.
    return min(whole) / JOBS, min(longest)


def _memory() -> tuple[float, float]:
    """Bytes for each job beyond its record, and with it, after a first round."""
    tracemalloc.start()
    try:
        records = list(_records(JOBS))
        gc.collect()
        size = tracemalloc.get_traced_memory()[0]
        tracker = _tracker(iter(records), BATCH)
        _follow(tracker, 400.0, JOBS)
        gc.collect()
        beyond = tracemalloc.get_traced_memory()[0] - size
    finally:
        tracemalloc.stop()
    return beyond / JOBS, (beyond + size) / JOBS


def _follow(tracker: Tracker, seconds: float, jobs: int) -> list[float]:
    """Follow the jobs for so long, a tenth of which change in a day. Returns the seconds of each step."""
    now, steps = 0.0, []
    while now < seconds:
        begin = time.thread_time()
        orders = tracker.due(_moment(now))
        steps.append(time.thread_time() - begin)
        for order in orders:
            if isinstance(order, Sweep):
                seen = {native_id: _at(native_id, now / DAY, jobs) for native_id in order.ids}
                result = Answered(order, Answer(seen))
                begin = time.thread_time()
                tracker.receive([result], _moment(now + 0.05))
                steps.append(time.thread_time() - begin)
        wakeup = tracker.next_wakeup()
        now = seconds if wakeup is None else max(now + 0.05, wakeup)
    return steps


def _at(native_id: NativeId, day: float, jobs: int) -> Observation:
    """Every tenth job is suspended at some time of the day, in the order of their numbers."""
    number = int(native_id)
    if number % 10 == 0 and number < day * jobs:
        return _SUSPENDED
    return _RUNNING


_SUSPENDED = Observation(status=JobStatus.SUSPENDED, native_status="S")


def _days(jobs: int, every: int) -> Iterator[Figure]:
    """A day of so many jobs, each asked about every so many seconds, in a process of its own so that its peak memory is
    its own.
    """
    command = [sys.executable, "-m", "tests.bench.core", str(jobs), str(every)]
    day = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    name = f"a day of {jobs:,} jobs, asked every {every / 60:g} minutes"
    yield at_most(f"{name}: time", day["seconds"], "s", DAY, "at most the day itself")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    yield at_most(f"{name}: peak memory", day["peak"] / 1e6, "MB", memory / 1e6, "fits this machine")
    yield at_most(f"{name}: one step in 1,000", day["step"] * 1e3, "ms", 5.0, "at most 5 ms in one go")


def _day(jobs: int, every: int) -> dict[str, float]:
    # As the service does: what is there for long is not looked at by the collector again and again.
    tracker = _tracker(_records(jobs), BATCH, every)
    gc.freeze()
    begin = time.thread_time()
    steps = sorted(_follow(tracker, DAY, jobs))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"seconds": time.thread_time() - begin, "step": steps[len(steps) * 999 // 1000], "peak": peak}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_day(int(sys.argv[1]), int(sys.argv[2]))) + "\n")
