"""How a command is said to a machine whose login shell is not known, and how its reply is told from other noise.

The login shell gets a line without any data in it, which `sh`, `csh` and `fish` read alike, and which makes it become a
POSIX shell. That reads its program from the standard input, so that neither quoting nor the length of a line matters to
the login shell; what follows there is the input of the command. A mark that nobody else knows stands before and after
what the command writes, on both streams: start-up files may say what they like, and a reply without its end is none.
"""

import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from secrets import token_hex
from types import MappingProxyType
from typing import Final

from ganga.backends.batch.shell import Command, Reply
from ganga.errors import BackendUnavailable
from ganga.model.ids import shortened

_MISSING: Final = b"missing"
#: A POSIX shell tells a program that a signal has ended by 128 and its number. Other codes above 128 are the program's
#: own: with 153 those of PBS say that they do not know a job.
_SIGNALS: Final = frozenset(128 + number for number in (1, 2, 3, 4, 6, 7, 8, 9, 11, 13, 14, 15))

OUT: Final = 1
ERR: Final = 2


@dataclass(frozen=True, slots=True)
class Speech:
    """One command, as it is said."""

    command: Command
    mark: str = field(default_factory=lambda: token_hex(16), repr=False)

    @property
    def line(self) -> str:
        """What the login shell is to do. A shell must not read more than its program from the input: `dd` does not."""
        return f"exec /bin/sh -c 'eval \"$(dd ibs=1 count={len(self._program)} 2>/dev/null)\"'"

    @property
    def stdin(self) -> bytes:
        """What follows on the standard input, to its end."""
        return self._program + self.command.stdin

    @property
    def _program(self) -> bytes:
        """The one place where words become part of a text for a shell. Raises `ValueError` for what is no word."""
        if any("\0" in word for word in self.command.argv):
            raise ValueError("there is a null character in its words")
        program = shlex.quote(self.command.argv[0])
        lines = (
            f"printf '\\n%s begin %s\\n' {self.mark} $$; printf '\\n%s begin %s\\n' {self.mark} $$ >&2",
            f"if command -v {program} >/dev/null 2>&1; then (exec {shlex.join(self.command.argv)}); code=$?",
            f"else code={_MISSING.decode()}; fi",
            f"printf '\\n%s end %s\\n' {self.mark} $code; printf '\\n%s end %s\\n' {self.mark} $code >&2",
        )
        return os.fsencode("\n".join(lines))


class Hearing:
    """What is heard of it, stream by stream, up to a limit."""

    def __init__(self, speech: Speech, largest: int) -> None:
        mark = re.escape(speech.mark.encode())
        self._command = speech.command
        self._largest = largest
        self._begin = re.compile(rb"\n%s begin ([0-9]+)\n" % mark)
        self._end = re.compile(rb"\n%s end ([0-9]+|%s)\n" % (mark, _MISSING))
        self._said = {OUT: bytearray(), ERR: bytearray()}
        self._ended: dict[int, bytes] = {}
        self.too_long = False

    @property
    def over(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self.too_long or self.whole

    @property
    def whole(self) -> bool:
        """Whether the command has ended by itself, and all that it wrote was heard."""
        return len(self._ended) == len(self._said)

    @property
    def group(self) -> int | None:
        """The process group of the command there, once it has begun."""
        begin = self._begin.search(self._said[OUT])
        return None if begin is None else int(begin[1])

    def hear(self, stream: int, data: bytes) -> None:
        """Some more of what it says."""
        said = self._said[stream]
        if self.too_long or stream in self._ended:
            return
        if len(said) + len(data) > self._largest:
            self.too_long = True
            return
        # The end may have begun in the piece before.
        start = max(len(said) - 64, 0)
        said += data
        end = self._end.search(said, start)
        if end is not None:
            self._ended[stream] = end[1]
            del said[end.start() :]

    def reply(self, host: str) -> Reply:
        """What the command has answered. Raises `BackendUnavailable` if that is not whole."""
        name = self._command.name
        if self.too_long:
            raise BackendUnavailable(f"{name} has said more than {self._largest:,} bytes")
        if not self.whole:
            raise BackendUnavailable(f"{name} on {host} was cut off; it said {self._noise()!r}")
        if self._ended[OUT] == _MISSING:
            raise BackendUnavailable(
                f"{name} cannot be run: {self._command.argv[0]} is not on {host}, or not in the PATH that it gives to"
                " commands over SSH"
            )
        code = int(self._ended[OUT])
        exit_code = 128 - code if code in _SIGNALS else code
        return Reply(self._command, exit_code, self._words(OUT), self._words(ERR))

    def _words(self, stream: int) -> bytes:
        said = bytes(self._said[stream])
        begin = self._begin.search(said)
        return said if begin is None else said[begin.end() :]

    def _noise(self) -> str:
        """The first line of what was said instead."""
        lines = bytes(self._said[ERR] or self._said[OUT]).decode("utf-8", "replace").split("\n")
        return shortened(next((line for line in lines if line.strip()), ""), 200)


#: The streams, by the numbers that SSH has for them.
STREAMS: Final[Mapping[int | None, int]] = MappingProxyType({None: OUT, 1: ERR})


def ending(group: int) -> str:
    """The line by which all processes of a group are ended."""
    return f"exec /bin/sh -c 'kill -KILL -{group}'"
