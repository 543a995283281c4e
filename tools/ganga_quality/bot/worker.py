"""The child process that formats sources of strangers, one after the other, within limits.

Black parses and prints; it runs nothing of a source. What a source can do is make it slow, large or crash, so all of
that happens here: with limits on processor time and memory, without secrets in the environment, without writing a file,
and killed by the parent (`workshop`) when it takes too long. Requests come in and answers go out as lines of JSON.
"""

import resource
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from ganga_quality.changes import Hunk, Span
from ganga_quality.formatting.formatter import CannotFormat, Style, formatted, read_style
from ganga_quality.formatting.patch import differences

#: Seconds of processor time for one file, and bytes of memory for the process.
CPU_SECONDS = 10
MEMORY = 2 << 30


class Request(Struct, frozen=True, kw_only=True):
    """A source, and the lines of it that are to be formatted."""

    source: bytes
    spans: tuple[Span, ...]
    stub: bool = False


class Done(Struct, frozen=True, kw_only=True, tag=True):
    """The formatted source, and where it differs."""

    source: bytes
    hunks: tuple[Hunk, ...]


class Refused(Struct, frozen=True, kw_only=True, tag=True):
    """A source that stays as it is."""

    message: str
    line: int = 0


Reply = Done | Refused


def main(root: str) -> None:
    """Answer requests from the standard input until it ends; the style is that of ``root``."""
    _restrict()
    for answer in _replies(sys.stdin.buffer, read_style(Path(root))):
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        sys.stdout.buffer.flush()


def _replies(lines: Iterable[bytes], style: Style) -> Iterator[Reply]:
    for line in lines:
        _limit_time()
        yield reply(msgspec.json.decode(line, type=Request), style)


def reply(request: Request, style: Style) -> Reply:
    """What becomes of one source."""
    try:
        source = formatted(request.source, style, stub=request.stub, spans=request.spans)
    except CannotFormat as error:
        return Refused(message=error.message, line=error.line)
    return Done(source=source, hunks=differences(request.source, source))


def _restrict() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    # macOS knows the name and refuses the limit; there the parent's limit on time has to do.
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _limit_time() -> None:
    """From now on so many seconds; the kernel ends who takes more."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + 1 + CPU_SECONDS, hard))
