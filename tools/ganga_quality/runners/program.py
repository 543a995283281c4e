"""Running another program: found where it belongs, within a time limit, and never left behind."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from ganga_quality.errors import ToolError
from ganga_quality.findings import Failure, FailureKind

#: What a child is given of our environment. Other variables could change what a tool says (``RUFF_OUTPUT_FORMAT``), or
#: hand a token to a plug-in of the code that is judged.
_VARIABLES = frozenset(
    {"PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TZ", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE"}
    | {"XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "VIRTUAL_ENV", "CONDA_PREFIX", "MYPYPATH"}
    | {"PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"}
)

#: All that run in this process, in whatever thread, so that `stop_all` finds them.
_running: set[subprocess.Popen[bytes]] = set()


class Unusable(ToolError):
    """A program that gave no answer which anybody could use."""

    def __init__(self, kind: FailureKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind

    def failure(self, tool: str) -> Failure:
        """The same as a record of the verdict."""
        return Failure(tool=tool, kind=self.kind, message=str(self))


class Completed(Struct, frozen=True):
    """How a program ended."""

    #: What it exited with; the negative number of a signal that ended it.
    code: int
    output: bytes
    errors: bytes

    @property
    def words(self) -> str:
        """What it said of itself, to be quoted in a failure."""
        said = (self.errors.strip() or self.output.strip()).decode(errors="replace")
        return said if len(said) <= _QUOTED else f"… {said[-_QUOTED:]}"

    @property
    def ending(self) -> str:
        """How it ended, as a phrase: ``exit code 2``, ``signal SIGABRT``."""
        if self.code >= 0:
            return f"exit code {self.code}"
        return f"signal {signal.Signals(-self.code).name}" if -self.code in _SIGNALS else f"signal {-self.code}"


_QUOTED = 2000
_SIGNALS = frozenset(known.value for known in signal.Signals)


class Deadline:
    """When a tool has to have answered, in as many runs as it takes."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._until = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds until then, never less than 0."""
        return max(self._until - time.monotonic(), 0.0)


def find(name: str) -> Path:
    """The program of our own environment, else the one on the PATH. Raises `Unusable` if there is none."""
    own = Path(sys.executable).parent
    # A relative folder of the PATH would be one of the code that is judged.
    others = [folder for folder in os.environ.get("PATH", os.defpath).split(os.pathsep) if Path(folder).is_absolute()]
    found = shutil.which(name, path=os.pathsep.join([str(own), *others]))
    if found is None:
        raise Unusable(
            FailureKind.MISSING,
            f"{name} is not there, neither beside {sys.executable} nor on the PATH. "
            "Install it with: pip install 'ganga[quality]'",
        )
    return Path(found)


def run(
    program: Path, arguments: Sequence[str], *, folder: Path, deadline: Deadline, content: bytes | None = None
) -> Completed:
    """Run it in a folder, with the content as its input, if any.

    Raises `Unusable` if it cannot be started or has not ended in time, and then ends it with all that it started.
    """
    process = _start([str(program), *arguments], folder, subprocess.DEVNULL if content is None else subprocess.PIPE)
    _running.add(process)
    try:
        output, errors = process.communicate(content, timeout=deadline.left)
    except subprocess.TimeoutExpired as error:
        raise Unusable(
            FailureKind.TIMED_OUT,
            f"{program.name} did not end within {deadline.seconds:g} s and was stopped. "
            "Give it more time (timeout in [tool.ganga-quality]), or exclude the file that takes so long.",
        ) from error
    finally:
        _running.discard(process)
        _stop(process)
    return Completed(process.returncode, output, errors)


def stop_all() -> None:
    """End whatever runs, in all threads: their `run` returns or raises at once."""
    for process in tuple(_running):
        _kill(process)


def _start(command: Sequence[str], folder: Path, source: int) -> subprocess.Popen[bytes]:
    try:
        # A group of its own, so that the time limit reaches what the program starts.
        return subprocess.Popen(  # noqa: S603 - no shell, and the program was found where it belongs
            command,
            cwd=folder,
            env={name: value for name, value in os.environ.items() if name in _VARIABLES},
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,
        )
    except OSError as error:
        raise Unusable(FailureKind.CRASHED, f"{command[0]} cannot be started: {error.strerror or error}") from error


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing of a program behind that did not end by itself."""
    if process.returncode is None:
        _kill(process)
        process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        # Closed, not read to its end: who left the group in time may hold the other end for ever.
        if pipe is not None:
            pipe.close()


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):  # it has just ended; a Mac says so with the second
        os.killpg(process.pid, signal.SIGKILL)
