"""What each measured program is told when it starts, and tells as jobs end.

The standard library alone: it runs in the environments of others too.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Thread

from tests.bench.dirac.inside.turns import own_output

#: How jobs end.
COMPLETED, FAILED, KILLED = "completed", "failed", "killed"


@dataclass(frozen=True)
class Errand:
    """What to do: follow jobs that are there, or submit some and follow these."""

    #: Seconds between two questions.
    interval: float
    #: For the program's own files.
    folder: str
    #: The native ids of jobs that are there, all with this name.
    follow: list[str] = field(default_factory=list)
    name: str = ""
    #: Scripts of jobs to be submitted, by words of the harness, and the minutes that each may take.
    submit: dict[str, tuple[str, int]] = field(default_factory=dict)


class Teller:
    """Writes lines of JSON; any thread may tell."""

    def __init__(self) -> None:
        self._output = own_output()
        self._lock = Lock()

    def follows(self, submitted: Mapping[str, str]) -> None:
        """All jobs are followed from now on; those that were submitted have these native ids, by their words."""
        self._tell({"submitted": dict(submitted)})

    def ended(self, job: str, status: str) -> None:
        """The program says that a job has ended like this."""
        self._tell({"job": job, "status": status, "at": time.time()})

    def _tell(self, line: Mapping[str, object]) -> None:
        with self._lock:
            self._output.write(json.dumps(line) + "\n")
            self._output.flush()


def errand() -> Errand:
    """That of this program: the first of its arguments, as JSON, is the file with it."""
    return Errand(**json.loads(Path(sys.argv[1]).read_text()))


def at_intervals(interval: float, ask: Callable[[], None]) -> None:
    """Ask again and again, in a thread of its own, and first when an interval is over: what was submitted just now may
    not be there yet. A question that takes longer is followed by the next at once.
    """

    def go_on() -> None:
        due = time.monotonic()
        while True:
            due = max(due + interval, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))
            ask()

    Thread(target=go_on, daemon=True).start()


def until_over() -> None:
    """Wait until whoever started this program has seen enough."""
    sys.stdin.read()
