import gc
import os
import signal

import pytest

from ganga_quality.findings import FailureKind
from ganga_quality.runners import pool
from ganga_quality.runners.program import Deadline


@pytest.fixture
def two_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "LITTLE", 0)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


def process_of(_: int) -> int:
    return os.getpid()


def negated(task: int) -> int:
    if task == 3:
        os.abort()
    return -task


def endless(task: int) -> int:
    while task == 2:
        signal.pause()
    return task


def objects_before_garbage(_: int) -> int:
    return gc.get_threshold()[0]


def size(task: int) -> int:
    return task


def test_little_work_is_done_here() -> None:
    assert set(pool.answers(process_of, [1, 2], size=size, deadline=Deadline(30))) == {os.getpid()}


@pytest.mark.usefixtures("two_processes")
def test_much_work_is_done_elsewhere() -> None:
    assert os.getpid() not in set(pool.answers(process_of, [1, 2, 3], size=size, deadline=Deadline(60)))


@pytest.mark.usefixtures("two_processes")
def test_a_crash_costs_one_answer() -> None:
    answers = list(pool.answers(negated, [1, 2, 3, 4], size=size, deadline=Deadline(60)))
    assert answers == [-1, -2, FailureKind.CRASHED, -4]


@pytest.mark.usefixtures("two_processes")
def test_when_the_time_is_over_nobody_is_waited_for() -> None:
    """One of the two never ends."""
    answers = list(pool.answers(endless, [1, 2], size=size, deadline=Deadline(3)))
    assert answers[1] is FailureKind.TIMED_OUT


@pytest.mark.usefixtures("two_processes")
def test_workers_seldom_look_for_garbage() -> None:
    here = gc.get_threshold()[0]

    assert set(pool.answers(objects_before_garbage, [1, 2], size=size, deadline=Deadline(30))) == {100_000}
    assert gc.get_threshold()[0] == here
