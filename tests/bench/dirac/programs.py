"""Programs that monitor, started here and told when to make a cycle."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from msgspec import Struct

#: Where programs find our packages.
ROOT = Path(__file__).parents[3]
_ENDS_WITHIN = 20.0


class Took(Struct, frozen=True):
    """One cycle of monitoring."""

    #: Jobs with news.
    told: int
    seconds: float
    #: Seconds of the processors, with all processes that the program has started.
    work: float


class Command(Struct, frozen=True):
    """How a program is started; its environment is ours and this."""

    words: Sequence[str | Path]
    environment: Mapping[str, str] = {}


class Program:
    """A program that makes a cycle when it is told to; the first by itself. See `inside.turns`."""

    def __init__(self, command: Command, log: Path) -> None:
        self._command = command
        self._log = log

    def __enter__(self) -> Self:
        environment = {**os.environ, **self._command.environment}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command.words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment,
                cwd=ROOT,
            )
        self._read()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            self._process.communicate(timeout=_ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()

    def cycle(self) -> Took:
        """Make one. Raises `RuntimeError` with its last words if the program has ended."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> Took:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            said = self._log.read_text(errors="replace")[-2000:]
            raise RuntimeError(f"{self._command.words[:4]} ended: {said}")
        return msgspec.json.decode(line, type=Took)
