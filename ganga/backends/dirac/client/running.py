"""One helper process, from its start to its end, and what is said to it and by it."""

import asyncio
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from ganga.backends.dirac.client import frames
from ganga.backends.dirac.client.environment import Environment
from ganga.backends.dirac.client.helper import LOG
from ganga.errors import BackendUnavailable
from ganga.model.ids import shortened

#: Seconds for a helper that closes its channel, or is killed, to be gone.
_ENDED_WITHIN: Final = 5.0
#: Where the helper finds its package.
_PLACE: Final = Path(__file__).parent.parent


class _Frame(Struct):
    """A message of the helper: an answer, or null when the question has come in (number 0: when it is ready)."""

    id: int
    answer: msgspec.Raw


class Call(Struct, eq=False):
    """A question that is out."""

    title: str
    end: asyncio.Future[bytes]
    #: Whether the helper has said that it is there.
    heard: bool = False
    abandoned: bool = False


class Running:
    """One process, from its start to its end."""

    def __init__(self, process: Process, folder: "tempfile.TemporaryDirectory[str]") -> None:
        self.process = process
        self.ready: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.reason = ""
        self._folder = folder
        self._calls: dict[int, Call] = {0: Call("the start", self.ready)}
        self._numbers = 0
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def begin(cls, environment: Environment, program: str, threads: int) -> "Running":
        """Start it in a private folder, in which its log is. Raises `BackendUnavailable`."""
        folder = await asyncio.to_thread(lambda: tempfile.TemporaryDirectory(prefix="ganga-dirac-"))
        command = [str(environment.python), "-c", program, str(_PLACE), str(threads)]
        try:
            (Path(folder.name) / LOG).touch(0o600)
            with (Path(folder.name) / LOG).open("ab") as log:
                process = await asyncio.create_subprocess_exec(
                    *command,
                    stdin=PIPE,
                    stdout=PIPE,
                    stderr=log,
                    cwd=folder.name,
                    env=environment.variables,
                    start_new_session=True,
                )
        except OSError as error:
            folder.cleanup()
            raise BackendUnavailable(f"DIRAC's client cannot be started with {command[0]}: {error.strerror}") from error
        return cls(process, folder)

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return not self._reading.done() and not self.reason

    @property
    def stuck(self) -> int:
        """Calls that were given up and are still hanging."""
        return sum(call.abandoned for call in self._calls.values())

    def ask(self, title: str, question: Mapping[str, object]) -> Call:
        """Send the question; its answer is in the end of the call."""
        self._numbers += 1
        call = Call(title, asyncio.get_running_loop().create_future())
        self._calls[self._numbers] = call
        assert self.process.stdin is not None  # noqa: S101 - for the type checker: it is a pipe
        self.process.stdin.write(frames.framed(msgspec.json.encode({"id": self._numbers, **question})))
        return call

    async def end(self, reason: str) -> None:
        """Kill it, if it lives, and await its end; one that hangs in the system, out of reach, is left to that."""
        self.reason = self.reason or reason
        if not self._reading.done() and self.process.returncode is None:
            self.process.kill()
        _, hanging = await asyncio.wait({self._reading}, timeout=_ENDED_WITHIN)
        for task in hanging:
            task.cancel()
            await asyncio.wait({task})

    async def _read(self) -> None:
        assert self.process.stdout is not None  # noqa: S101 - for the type checker: it is a pipe
        try:
            await self.process.stdout.readuntil(frames.MARK)
            while True:
                head = await self.process.stdout.readexactly(frames.HEAD)
                self._take(msgspec.json.decode(await self.process.stdout.readexactly(frames.length(head)), type=_Frame))
        except (asyncio.IncompleteReadError, OSError):
            self.reason = self.reason or "it died"
        except (ValueError, msgspec.MsgspecError, asyncio.LimitOverrunError) as error:
            self.reason = self.reason or f"it said what cannot be read: {error}"
        finally:
            await self._over()

    def _take(self, frame: _Frame) -> None:
        call = self._calls.get(frame.id)
        answer = bytes(frame.answer)
        if call is None:
            return
        if frame.id and answer == b"null":
            call.heard = True
            return
        del self._calls[frame.id]
        if not call.end.done():
            call.end.set_result(answer)

    async def _over(self) -> None:
        """Tell all who wait, when nothing of it is left."""
        code = await self._exit_code()
        words = await asyncio.to_thread(self._last_words)
        self.reason = f"{self.reason}, {code}{words}"
        for call in self._calls.values():
            if not call.end.done():
                call.end.set_exception(
                    BackendUnavailable(f"{call.title}: the helper process of DIRAC's client ended ({self.reason})")
                )
                # Nobody may be left to look at it.
                call.end.exception()
        self._calls.clear()
        await asyncio.to_thread(self._folder.cleanup)

    async def _exit_code(self) -> str:
        # Whoever kills what has just ended takes its exit code away from those who wait for it.
        for _ in range(2):
            try:
                async with asyncio.timeout(_ENDED_WITHIN):
                    return f"exit code {await self.process.wait()}"
            except TimeoutError:
                self.process.kill()
        return "not to be ended"

    def _last_words(self) -> str:
        try:
            lines = (Path(self._folder.name) / LOG).read_text(errors="replace").strip().splitlines()
        except OSError as error:
            return f"; its log cannot be read: {error.strerror}"
        return f"; its last words: {shortened(lines[-1], 200)}" if lines else ""
