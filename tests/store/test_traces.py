"""When a look into the store is worth it."""

import asyncio
import os
from contextlib import suppress
from pathlib import Path

import pytest

from ganga.store.sqlite import POLL
from ganga.store.traces import FRESH, LONGEST, Traces, until
from ganga.testing.clock import VirtualClock, run_virtual


class Rounds:
    """A database of which nothing is there but its files, looked at again and again, on a clock moved by hand."""

    def __init__(self, folder: Path, *, reliable: bool = True) -> None:
        self.database = folder / "ganga.sqlite"
        self.log = folder / "ganga.sqlite-wal"
        self.database.write_bytes(b"database")
        self._now = 1000.0
        self._traces = Traces(self.database, reliable=reliable, now=lambda: self._now)

    def looks(self, seconds: float) -> int:
        """So many in so much time."""
        found = 0
        for _ in range(round(seconds / POLL)):
            self._now += POLL
            found += self._traces.worth_a_look()
        return found


@pytest.fixture
def rounds(tmp_path: Path) -> Rounds:
    rounds = Rounds(tmp_path)
    assert rounds.looks(POLL) == 1, "the first is always worth it"
    rounds.looks(FRESH + LONGEST)
    return rounds


def test_while_nobody_writes_there_is_one_look_a_second(rounds: Rounds) -> None:
    assert 50 <= rounds.looks(60.0) <= 60 / LONGEST


def test_who_writes_is_noticed_in_the_next_round(rounds: Rounds) -> None:
    for file in (rounds.log, rounds.database, rounds.log):
        with file.open("ab") as writing:
            writing.write(b"frame")
        assert rounds.looks(POLL) == 1
        rounds.looks(FRESH + 3 * POLL)


def test_a_trace_that_has_the_size_of_the_last_one_is_one(rounds: Rounds) -> None:
    rounds.log.write_bytes(b"frame")
    rounds.looks(10.0)
    found = rounds.log.stat()
    rounds.log.write_bytes(b"other")
    os.utime(rounds.log, ns=(found.st_atime_ns, found.st_mtime_ns + 1))
    assert rounds.looks(POLL) == 1


def test_for_a_moment_after_a_trace_each_round_looks(rounds: Rounds) -> None:
    """What was left may be seen before it counts."""
    rounds.log.write_bytes(b"frame")
    assert rounds.looks(FRESH) == round(FRESH / POLL)


def test_files_that_come_and_go_are_traces(rounds: Rounds) -> None:
    rounds.log.write_bytes(b"frame")
    rounds.looks(10.0)
    rounds.log.unlink()
    assert rounds.looks(POLL) == 1
    rounds.looks(10.0)
    rounds.database.unlink()
    assert rounds.looks(POLL) == 1


def test_where_traces_cannot_be_relied_on_each_round_looks(tmp_path: Path) -> None:
    assert Rounds(tmp_path, reliable=False).looks(10.0) == round(10.0 / POLL)


def test_a_condition_is_looked_at_again_and_again_until_it_holds() -> None:
    clock = VirtualClock()
    looks: list[float] = []

    def so() -> bool:
        looks.append(round(clock.elapsed, 3))
        return len(looks) == 3

    run_virtual(until(so, 0.05), clock)
    assert looks == [0.05, 0.1, 0.15]


def test_nobody_looks_any_more_when_the_wait_is_cancelled() -> None:
    clock = VirtualClock()
    looks: list[float] = []

    def so() -> bool:
        looks.append(clock.elapsed)
        return False

    async def given_up() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(0.12):
                await until(so, 0.05)
        await asyncio.sleep(10)

    run_virtual(given_up(), clock)
    assert len(looks) == 2
