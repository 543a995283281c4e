"""What a batch system has to offer to be measured on."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from tests.bench.batch.programs import Way

#: All jobs that are followed have this name.
NAME = "bench"


class Site(Protocol):
    """A real batch system that runs on this machine."""

    @property
    def name(self) -> str:
        """As people call it."""
        ...

    @property
    def environment(self) -> Mapping[str, str]:
        """In which its commands find it."""
        ...

    @property
    def commands(self) -> Sequence[str]:
        """Those that ask it or order it something."""
        ...

    @property
    def daemons(self) -> Sequence[int]:
        """The processes that answer."""
        ...

    @property
    def ways(self) -> Mapping[str, Way]:
        """The programs that can follow its jobs, ours and others, by what they are called."""
        ...

    def fill(self, count: int) -> Sequence[str]:
        """Add jobs that wait for ever until there are so many. Returns the ids of all of them."""
        ...

    def run(self, scripts: Sequence[str]) -> Sequence[str]:
        """Submit a job for each. Returns their ids."""
        ...


class Ending:
    """A job that runs until it is told to end. As its last act it makes a file."""

    def __init__(self, folder: Path, number: int) -> None:
        self._pipe, self._mark = folder / f"{number}.pipe", folder / f"{number}.ended"
        os.mkfifo(self._pipe)
        self._pipe.chmod(0o666)
        self.script = f"read _ <{self._pipe}; >{self._mark}"

    def await_beginning(self) -> None:
        """Return when it runs."""
        self._write = self._pipe.open("w")

    def end(self) -> None:
        """Tell it."""
        self._write.write("\n")
        self._write.close()

    @property
    def ended_at(self) -> float:
        """The time of its last act."""
        return self._mark.stat().st_mtime
