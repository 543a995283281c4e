"""The parent of the child that formats: one file at a time, and a new child when a file has cost the last one."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

import ganga_quality
from ganga_quality.bot.worker import CPU_SECONDS, Refused, Reply, Request
from ganga_quality.changes import Span
from ganga_quality.errors import ToolError

#: Bytes of one answer: formatted sources are seldom twice as long, and in base64 a third longer.
LONGEST_REPLY = 16 << 20
# Isolated from the user's settings and the current folder; where our package lies is said explicitly.
_PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from ganga_quality.bot.worker import main; main(sys.argv[2])"
#: Seconds to start and to load black, on a busy machine.
_START = 60.0
_FIRST = Request(source=b"first\n", spans=(Span(1, 1),))
_SIGNALS = {signal.SIGXCPU: f"took more than {CPU_SECONDS} seconds", signal.SIGXFSZ: "tried to write a file"}


class Workshop:
    """Formats sources in a child process, in the style of the trusted ``root``; an asynchronous context manager.

    ``patience``: seconds for one file on the wall.
    """

    def __init__(self, root: Path, *, patience: float) -> None:
        self._root = root
        self._patience = patience
        self._child: Process | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    async def formatted(self, request: Request) -> Reply:
        """What becomes of a source. `Refused`, too, if formatting it takes too long or ends the child.

        Raises `ToolError` if the child does not even start.
        """
        child = await self._ready()
        try:
            async with asyncio.timeout(self._patience):
                line = await _ask(child, msgspec.json.encode(request) + b"\n")
        except TimeoutError:
            await self._end()
            return Refused(message=f"black took more than {self._patience:g} seconds")
        except ValueError:
            await self._end()
            return Refused(message=f"black made more than {LONGEST_REPLY:,} bytes of it")
        if not line.endswith(b"\n"):
            return Refused(message=f"black {await self._cause()}")
        reply: Reply = msgspec.json.decode(line, type=Reply)
        return reply

    async def _ready(self) -> Process:
        """A child that has formatted a first source: then black is loaded, and later failures are a file's."""
        if self._child is None:
            self._child = await asyncio.create_subprocess_exec(
                *_command(self._root),
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
                cwd="/",
                env={},
                start_new_session=True,
                limit=LONGEST_REPLY,
            )
            await self._begin(self._child)
        return self._child

    async def _begin(self, child: Process) -> None:
        try:
            async with asyncio.timeout(_START):
                answer = await _ask(child, msgspec.json.encode(_FIRST) + b"\n")
        except TimeoutError:
            await self._end()
            raise ToolError(f"the process that formats did not start within {_START:g} seconds; run it again") from None
        if not answer:
            raise ToolError(await self._last_words())

    async def _cause(self) -> str:
        """Why the child ended by itself."""
        child = self._child
        await self._end()
        code = child.returncode if child is not None else None
        if code is not None and code < 0:
            return _SIGNALS.get(signal.Signals(-code), f"was ended by {signal.Signals(-code).name}")
        return f"crashed (exit code {code}), or needed too much memory"

    async def _last_words(self) -> str:
        child = self._child
        said = await child.stderr.read(1 << 16) if child is not None and child.stderr is not None else b""
        await self._end()
        lines = said.decode(errors="replace").strip().splitlines() or ["it said nothing"]
        return f"the process that formats does not start: {lines[-1]}; run `black --version` beside this program"

    async def _end(self) -> None:
        """Kill the child with all that it may have started, and see it gone."""
        child, self._child = self._child, None
        if child is None:
            return
        # One that has ended by itself is only waited for.
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        await child.communicate()


async def _ask(child: Process, line: bytes) -> bytes:
    """One line to the child and one back; what is not a whole line is the end of the child."""
    if child.stdin is None or child.stdout is None:
        raise ToolError("the process that formats has no input or output")
    try:
        child.stdin.write(line)
        await child.stdin.drain()
    except (BrokenPipeError, ConnectionResetError):
        return b""
    return await child.stdout.readline()


def _command(root: Path) -> tuple[str, ...]:
    package = Path(ganga_quality.__file__).parent.parent
    # Without warnings: of a source they are many, and nobody reads where they go.
    return (sys.executable, "-I", "-B", "-W", "ignore", "-X", "utf8", "-c", _PROGRAM, str(package), str(root.resolve()))
