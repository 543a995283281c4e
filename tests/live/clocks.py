"""Wrong clocks: what is started with these variables has another idea of the time of day, and not of how it goes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

#: By patterns: folders have the architecture in their names.
LIBRARY: Final = "/usr/lib/*/faketime/libfaketimeMT.so.1"
#: The C library's own allocator. Grid Engine brings another one, which asks for the time before it can be told.
_ALLOCATOR: Final = "/lib/*/libc_malloc_debug.so.0"


def wrong_by(seconds: int) -> Mapping[str, str]:
    """The variables for a clock that is ahead by so many seconds, or behind."""
    libraries = [str(found) for name in (_ALLOCATOR, LIBRARY) for found in Path("/").glob(name.removeprefix("/"))]
    return {"LD_PRELOAD": " ".join(libraries), "FAKETIME": f"{seconds:+d}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
