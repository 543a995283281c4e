"""Programs run in a repository of old code, and what they take."""

import ctypes
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from tests.bench.old_code import git, make_repository

#: What is measured beside ours, but is no part of it.
_RIVALS = {"autopep8": "autopep8", "darker": "darker[black]", "flake8": "flake8"}
#: Nothing found, or something; of whatever else there is no figure.
_EXPECTED = (0, 1)
_SET_CHILD_SUBREAPER = 36


class Took(Struct, frozen=True):
    """What one or several programs took, one after the other."""

    seconds: float
    #: Seconds of the processors, with all processes that the programs started.
    work: float

    def __add__(self, other: "Took") -> "Took":
        return Took(self.seconds + other.seconds, self.work + other.work)


class Place:
    """The repository, and the caches of the programs that are measured beside ours."""

    def __init__(self, folder: Path) -> None:
        _adopt_orphans()
        self._repository = folder / "repository"
        self._repository.mkdir()
        self.changed = make_repository(self._repository)
        self.lines = sum(path.read_bytes().count(b"\n") for path in self._repository.rglob("*.py"))
        self._errors = folder / "errors"
        self._caches = folder / "caches"
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "PRE_COMMIT"))},
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "BLACK_CACHE_DIR": str(self._caches / "black"),
            "RUFF_CACHE_DIR": str(self._caches / "ruff"),
            "MYPY_CACHE_DIR": str(self._caches / "mypy"),
        }

    def has(self, program: str) -> bool:
        """Whether the program can be measured."""
        return _found(program) is not None

    def chill(self) -> None:
        """Take away everything that a program has remembered."""
        for cache in (self._caches, self._repository / ".ganga_quality_cache"):
            shutil.rmtree(cache, ignore_errors=True)

    def restore(self) -> None:
        """Take back what a program has changed in the files."""
        git(self._repository, "checkout", "--quiet", "--", ".")

    def ours(self, *words: str) -> Took:
        """What one command of ours takes."""
        return self._measure([sys.executable, "-m", "ganga_quality", *words])

    def run(self, program: str, *words: str) -> Took:
        """What another program takes."""
        return self._measure([_found(program) or program, *words])

    def bare(self, files: Sequence[str], *, types: bool = False) -> Took:
        """What ruff and black take, and mypy if wanted, one after the other as hooks run them."""
        took = self.run("ruff", "check", "--quiet", *files) + self.run("black", "--check", "--quiet", *files)
        return took + self.run("mypy") if types else took

    def _measure(self, command: Sequence[str]) -> Took:
        """RuntimeError with the program's words if it ends as it should not: what failed early would look fast."""
        with self._errors.open("wb") as errors:
            started = time.perf_counter()
            process = subprocess.Popen(
                command, cwd=self._repository, env=self._environment, stdout=subprocess.DEVNULL, stderr=errors
            )
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - started
        work = usage.ru_utime + usage.ru_stime + _work_of_orphans()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in _EXPECTED:
            said = self._errors.read_text(errors="replace")[-2000:]
            raise RuntimeError(f"{' '.join(command[:6])} ended with {process.returncode}: {said}")
        return Took(seconds, work)


def missing_programs() -> Iterator[tuple[str, str]]:
    """The programs that are not here, each with the package that brings it."""
    return ((program, package) for program, package in _RIVALS.items() if _found(program) is None)


def _found(program: str) -> str | None:
    """Beside the running Python, else on the PATH."""
    here = str(Path(sys.executable).parent)
    return shutil.which(program, path=os.pathsep.join((here, os.environ.get("PATH", os.defpath))))


def _adopt_orphans() -> None:
    """Where Linux lets us: become the parent of what a program leaves behind, as the server of its workers."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _work_of_orphans() -> float:
    """Seconds of the processors that they took; waits for their end."""
    work = 0.0
    while True:
        try:
            _, _, usage = os.wait4(-1, 0)
        except ChildProcessError:
            return work
        work += usage.ru_utime + usage.ru_stime
