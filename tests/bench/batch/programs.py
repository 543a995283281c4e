"""Programs that follow jobs, started here: what they tell, how often they call the batch system, what they take."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Self

import msgspec
from msgspec import Struct

from tests.bench.batch.inside.telling import Errand
from tests.bench.dirac.programs import ROOT

_ENDS_WITHIN = 20.0
#: Between the words of a call that is written down, and behind the line's end.
_BETWEEN = "\036"
#: Fields of /proc/PID/stat behind the name of the program: the ticks of itself and of its children that have ended.
_TICKS = slice(11, 15)


class Told(Struct, frozen=True):
    """The program says that a job has ended."""

    job: str
    status: str
    at: float


class Submitted(Struct, frozen=True):
    """The native ids of the jobs that the program has submitted."""

    submitted: dict[str, str]


@dataclass(frozen=True)
class Way:
    """One of the programs."""

    words: Sequence[str | Path]
    #: Words behind the file with the errand.
    more: Sequence[str] = ()
    #: How often it has asked without a command of the batch system, so far.
    requests: Callable[[], int] = lambda: 0


class Recording:
    """Commands that write down how they are called, and are then themselves."""

    def __init__(self, folder: Path, commands: Sequence[str], path: str) -> None:
        self._log = folder / "calls"
        self._log.touch()
        self._bin = folder / "bin"
        self._bin.mkdir()
        self._path = path
        for name in commands:
            real = shutil.which(name, path=path)
            wrapper = self._bin / name
            wrapper.write_text(f'#!/bin/sh\nprintf "%s\\036" "{real}" "$@" "\n" >>"{self._log}"\nexec "{real}" "$@"\n')
            wrapper.chmod(0o755)

    @property
    def path(self) -> str:
        """The variable PATH with these in front."""
        return f"{self._bin}:{self._path}"

    def calls(self) -> Sequence[Sequence[str]]:
        """The words of each call so far."""
        return [call.split(_BETWEEN)[:-1] for call in self._log.read_text().split(f"\n{_BETWEEN}")[:-1]]


class Program:
    """One that runs."""

    def __init__(self, way: Way, errand: Errand, environment: Mapping[str, str], commands: Sequence[str]) -> None:
        folder = Path(errand.folder)
        folder.mkdir(parents=True)
        self.told: list[Told] = []
        self._way = way
        self._recording = Recording(folder, commands, environment["PATH"])
        self._environment = {**environment, "PATH": self._recording.path}
        self._log = folder / "log"
        (folder / "errand.json").write_text(msgspec.json.encode(asdict(errand)).decode())
        self._words = [*way.words, folder / "errand.json", *way.more]
        self._reader = Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=self._environment,
                cwd=ROOT,
            )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(_ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._reader.is_alive():
            self._reader.join()

    def ready(self) -> Mapping[str, str]:
        """Wait until it follows all jobs. Returns the native ids of those that it has submitted. Raises `RuntimeError`
        with its last words if it has ended.
        """
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if b'"submitted"' in line:
                self._reader.start()
                return msgspec.json.decode(line, type=Submitted).submitted
            self.told.append(msgspec.json.decode(line, type=Told))
        said = self._log.read_text(errors="replace")[-2000:]
        raise RuntimeError(f"{self._words} ended: {said}")

    def commands(self) -> Sequence[Sequence[str]]:
        """Of the batch system that it has called so far, each with its words."""
        return self._recording.calls()

    def requests(self) -> int:
        """How often it has asked in another way, so far."""
        return self._way.requests()

    def work(self) -> float:
        """Seconds of the processors, with the commands that it has called."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[_TICKS])) / os.sysconf("SC_CLK_TCK")

    def pause(self) -> None:
        """Have it stand still."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """After a pause."""
        self._process.send_signal(signal.SIGCONT)

    def until_told(self, jobs: Sequence[str], within: float) -> Mapping[str, Told]:
        """The first word about the end of each of these jobs; those without one in time are left out."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline and not set(jobs) <= {told.job for told in self.told}:
            time.sleep(0.1)
        first: dict[str, Told] = {}
        for told in self.told:
            first.setdefault(told.job, told)
        return {job: first[job] for job in jobs if job in first}

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.told.append(msgspec.json.decode(line, type=Told))
