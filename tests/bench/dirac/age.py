"""How old a status is when it is told, and what is asked for it: a monitor for each road, all of them at once."""

import asyncio
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import pairwise
from math import ceil
from pathlib import Path
from statistics import median
from threading import Thread

import msgspec

from ganga.backends.dirac.settings import RoadName, Settings
from tests.bench.dirac.following import Told, adopt, configure
from tests.bench.dirac.places import place
from tests.bench.dirac.programs import ROOT
from tests.bench.dirac.relay import Passed, Relay, relaying
from tests.bench.dirac.servers import Servers
from tests.bench.dirac.ways import KEEPING, ROADS

INTERVAL = Settings().interval
#: Seconds for which jobs change, and between two changes. Whole intervals, so that all ages are as frequent.
LASTS, STEP = 6 * INTERVAL, 0.6
#: Of all jobs, per minute.
SHARE = 0.01
#: Seconds after the last change within which it is told.
PATIENCE = 60.0
#: Seconds without news that separate two answers.
_GAP = 2.0


class Monitor:
    """One road's: what it has told, and what it has asked."""

    def __init__(self, road: RoadName, home: Path, relay: Relay, *, profiled: bool = False) -> None:
        self.road = road
        self.told: list[Told] = []
        self._relay = relay
        self._passed: list[tuple[float, Passed]] = []
        self._log = (home / "log").open("ab")
        self.profile = home / "profile"
        words = [str(home), *([str(self.profile)] if profiled else [])]
        command = [sys.executable, "-m", "tests.bench.dirac.following", *words]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=self._log, cwd=ROOT)
        self._reader = Thread(target=self._read, daemon=True)

    def ready(self) -> None:
        """Wait until it has asked about all jobs once."""
        assert self._process.stdout is not None
        if not self._process.stdout.readline():
            said = Path(self._log.name).read_text(errors="replace")[-2000:]
            raise RuntimeError(f"the monitor over {self.road} ended: {said}")
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.told.append(msgspec.json.decode(line, type=Told))

    def note(self) -> None:
        """Note what it has asked by now."""
        self._passed.append((time.time(), replace(self._relay.passed)))

    def calls(self) -> float:
        """For one cycle: from the end of the first that told something to the end of the last."""
        times = sorted(told.at for told in self.told)
        ends = [before for before, after in pairwise(times) if after - before > _GAP]
        first, last = (next(passed for at, passed in self._passed if at > end + STEP) for end in (ends[0], ends[-1]))
        passed = last.since(first)
        return (passed.turns if self.road in KEEPING else passed.connections) / (len(ends) - 1)

    def stop(self) -> None:
        """Have it end, and wait for that."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        if self._reader.is_alive():
            self._reader.join()
        self._log.close()


class Ages:
    """What came of one run."""

    def __init__(self, monitors: Sequence[Monitor], changed: Mapping[int, float]) -> None:
        self._monitors = {monitor.road: monitor for monitor in monitors}
        self._changed = changed

    def median(self, road: RoadName) -> float:
        """Seconds from just before a change was committed to the event of it."""
        return median(told.at - self._changed[told.number] for told in self._monitors[road].told)

    def calls(self, road: RoadName) -> float:
        """Of one cycle."""
        return self._monitors[road].calls()


def followed(servers: Servers, folder: Path) -> Ages:
    """All jobs, of which some begin to run all the time. Raises `RuntimeError` if one is not told of, or is twice."""
    with monitoring(servers, folder) as monitors:
        changed = _change(servers, monitors)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and any(len(monitor.told) < len(changed) for monitor in monitors):
            time.sleep(STEP)
            _note(monitors)
    for monitor in monitors:
        if sorted(told.number for told in monitor.told) != sorted(changed):
            raise RuntimeError(f"{len(changed)} jobs began to run, and over {monitor.road} {len(monitor.told)} did")
    return Ages(monitors, changed)


def _change(servers: Servers, monitors: Sequence[Monitor]) -> Mapping[int, float]:
    """Which job began to run when, at the earliest."""
    size = ceil(servers.jobs.count * SHARE / 60 * STEP)
    changed: dict[int, float] = {}
    begun = time.monotonic()
    for step in range(int(LASTS / STEP)):
        time.sleep(max(0.0, begun + step * STEP - time.monotonic()))
        numbers = servers.jobs.waiting(size)
        changed.update(dict.fromkeys(numbers, time.time()))
        servers.jobs.change(numbers)
        _note(monitors)
    return changed


def _note(monitors: Sequence[Monitor]) -> None:
    for monitor in monitors:
        monitor.note()


@contextmanager
def monitoring(servers: Servers, folder: Path, *, profiled: bool = False) -> Iterator[Sequence[Monitor]]:
    """One for each road, when all of them have asked about all jobs once."""
    with ExitStack() as stack:
        relays = {road: stack.enter_context(relaying()) for road in ROADS}
        homes = {road: folder / road for road in ROADS}
        for road, home in homes.items():
            configure(home, place(servers, home / "dirac", relays[road].to).settings_of(road))
        _adopt(servers, list(homes.values()))
        monitors = [Monitor(road, home, relays[road], profiled=profiled) for road, home in homes.items()]
        for monitor in monitors:
            stack.callback(monitor.stop)
        for monitor in monitors:
            monitor.ready()
        yield monitors


def _adopt(servers: Servers, homes: Sequence[Path]) -> None:
    """The same jobs in each of these."""
    first, *others = homes
    store = asyncio.run(adopt(first, range(1, servers.jobs.count + 1)))
    for home in others:
        shutil.copy(store, home / store.name)
