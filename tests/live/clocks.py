"""Wrong clocks: what is started with these variables has another idea of the time of day, and not of how it goes."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

#: By patterns: folders have the architecture in their names.
LIBRARY: Final = "/usr/lib/*/faketime/libfaketimeMT.so.1"
#: The C library's own allocator. Grid Engine brings another one, which asks for the time before it can be told.
_ALLOCATOR: Final = "/lib/*/libc_malloc_debug.so.0"
_SHARED: Final = Path("/dev/shm")  # noqa: S108 - where the C library has it
_TRIES: Final = 20
#: Makes a semaphore and a piece of memory, and tells their names.
_MAKER: Final = ("/bin/sh", "-c", 'echo "$FAKETIME_SHARED"')


@contextmanager
def wrong_by(seconds: int) -> Iterator[Mapping[str, str]]:
    """The variables for a clock that is ahead by so many seconds, or behind."""
    with _sharing({"FAKETIME": f"{seconds:+d}s"}) as clock:
        yield clock


@contextmanager
def wrong_as_told(file: Path) -> Iterator[Mapping[str, str]]:
    """The variables for a clock that is wrong by what the file says (``+3600``), a second after it says so."""
    with _sharing({"FAKETIME_TIMESTAMP_FILE": str(file), "FAKETIME_CACHE_DURATION": "1"}) as clock:
        yield clock


@contextmanager
def _sharing(wrong: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """All processes share one piece of memory. Each would make its own, by the name of its pid; one that is killed
    leaves it behind, and then whoever gets this pid next cannot begin.
    """
    libraries = [str(found) for name in (_ALLOCATOR, LIBRARY) for found in Path("/").glob(name.removeprefix("/"))]
    clock = {"LD_PRELOAD": " ".join(libraries), **wrong, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    made = _made({**os.environ, **clock})
    semaphore, memory = (name.removeprefix("/") for name in made.split())
    try:
        yield {**clock, "FAKETIME_SHARED": made}
    finally:
        for name in (f"sem.{semaphore}", memory):
            (_SHARED / name).unlink()


def _made(environment: Mapping[str, str]) -> str:
    """The names; tried again, with another pid, where this one's are still there from a process that was killed."""
    for _ in range(_TRIES):
        made = subprocess.run(_MAKER, env=environment, stdout=subprocess.PIPE, text=True, check=False).stdout.strip()
        if made:
            return made
    raise AssertionError(f"libfaketime can share nothing in {_SHARED}: remove what it has left there, faketime_*")
