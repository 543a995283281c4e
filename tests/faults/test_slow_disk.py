"""A disk is as slow as it is told to be, for those who are told, and for as long as they are."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.slow_disk import NotSlowed, check, slowed, users_of
from tests.live.needs import needs
from tests.live.system_packages import NotInstalled

#: Says after each line that it reads how long a sync of its file took.
SYNCER = """
import os, sys, time
file = os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY)
print(flush=True)
for _ in sys.stdin:
    begun = time.monotonic()
    os.pwrite(file, b"x", 0)
    os.fsync(file)
    print(time.monotonic() - begun, flush=True)
"""
DELAY = 0.3


class Syncer:
    """A process with a file."""

    def __init__(self, file: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SYNCER, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._told()

    def sync(self) -> float:
        """Seconds that it took."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self._told())

    def _told(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()


@pytest.fixture
def syncers(tmp_path: Path) -> Iterator[list[Syncer]]:
    needs(check, (NotInstalled, NotSlowed))
    both = [Syncer(tmp_path / name) for name in ("slow", "quick")]
    yield both
    for one in both:
        one.process.kill()
        one.process.communicate()


def test_each_sync_of_a_slow_disk_takes_its_time(syncers: list[Syncer], tmp_path: Path) -> None:
    slow, quick = syncers
    slow.sync()
    with slowed([slow.process.pid], DELAY, tmp_path / "trace") as disk:
        assert disk.held_back() == 0, "what was done before was not"
        took = [slow.sync() for _ in range(3)]
        quick.sync()
    assert min(took) >= DELAY
    slow.sync()
    assert (disk.held_back("fsync("), disk.held_back("pwrite64("), disk.held_back()) == (3, 3, 6)


def test_who_has_ended_is_passed_over(syncers: list[Syncer], tmp_path: Path) -> None:
    gone, other = syncers
    gone.process.kill()
    gone.process.wait()
    with slowed([gone.process.pid, other.process.pid], DELAY, tmp_path / "trace"):
        assert other.sync() >= DELAY
        other.process.kill()
        other.process.wait()


def test_the_users_of_a_file_are_found(syncers: list[Syncer], tmp_path: Path) -> None:
    slow, quick = syncers
    assert users_of(tmp_path / "slow") == [slow.process.pid]
    with (tmp_path / "quick").open():
        assert users_of(tmp_path / "quick") == [quick.process.pid], "but for oneself"
    assert users_of(tmp_path / "neither") == []
