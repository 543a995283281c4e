"""The processes of a run, each of which can be killed, frozen, woken up and started again."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


@dataclass
class Actor:
    """One process at a time, by a name that stays."""

    name: str
    #: The words of its next incarnation, behind the interpreter.
    words: Callable[[], Sequence[str]]
    environment: Mapping[str, str]
    folder: Path
    #: How often it was started.
    incarnations: int = 0
    _process: subprocess.Popen[bytes] | None = field(init=False, default=None)

    @property
    def log(self) -> Path:
        """What all of its incarnations have to say."""
        return self.folder / f"{self.name}.log"

    @property
    def ended(self) -> int | None:
        """The exit code of one that ended by itself."""
        return None if self._process is None else self._process.poll()

    def start(self) -> None:
        """Begin the next incarnation."""
        self.incarnations += 1
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *self.words()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment},
                cwd=self.folder,
            )

    def kill(self) -> None:
        """End it at once, frozen or not."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def freeze(self) -> None:
        """It stands still from now on."""
        self._signal(signal.SIGSTOP)

    def wake(self) -> None:
        """It goes on as if nothing had been."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)
