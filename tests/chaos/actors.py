"""The processes of a run, each of which can be killed, frozen, woken up and started again.

One that ends by itself is started again, as by a service manager: it could not open its store, for one.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
#: Seconds between two looks at who has ended.
LOOK = 1.0


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
    def ended(self) -> bool:
        """Whether it did by itself."""
        return self._process is not None and self._process.poll() is not None

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
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

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


async def manage(actors: Collection[Actor]) -> None:
    """Start those that have ended by themselves, for ever."""
    while True:
        for actor in actors:
            if actor.ended:
                actor.start()
        await asyncio.sleep(LOOK)
