"""The helper process as seen from here: started when it is needed, watched, killed when it hangs, started anew."""

import asyncio
import logging
import tempfile
import time
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

#: Calls at once: DIRAC's client is not faster with more.
THREADS: Final = 4
#: So many calls that hang, and the process is given up with them.
MOST_STUCK: Final = 4
#: Seconds for DIRAC to be loaded and its configuration to be read.
STARTED_WITHIN: Final = 50.0
#: Seconds for a helper that closes its channel to be gone.
_ENDED_WITHIN: Final = 2.0
#: Seconds before a helper that died is started again: at first, and at most.
FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 60.0

#: The folder with the package is needed to find it, and would hide modules of others by the names of ours afterwards.
_PROGRAM: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]); import client.helper; del sys.path[0];"
    " client.helper.main(int(sys.argv[2]))"
)
_PACKAGE: Final = Path(__file__).parent

_log = logging.getLogger(__name__)


class _Frame(Struct):
    """A message of the helper: an answer, or null when the question has come in (number 0: when it is ready)."""

    id: int
    answer: msgspec.Raw


class _Call(Struct, eq=False):
    """A question that is out."""

    title: str
    end: asyncio.Future[bytes]
    #: Whether the helper has said that it is there.
    heard: bool = False
    abandoned: bool = False


class Helper:
    """One helper at a time, with at most `THREADS` calls that are waited for.

    A call that is not answered in `timeout` seconds is given up, and counts as stuck until the helper answers it all
    the same. The helper is killed, and with it all that it was doing, if a call that changes something is given up
    (nothing else makes sure that it is not made later), if `MOST_STUCK` calls hang, or if it hangs as a whole.
    """

    def __init__(self, environment: Environment, *, timeout: float, program: str = _PROGRAM) -> None:
        self._environment = environment
        self._timeout = timeout
        self._program = program
        self._places = asyncio.Semaphore(THREADS)
        self._starting = asyncio.Lock()
        self._running: _Running | None = None
        self._pause = FIRST_PAUSE
        self._not_before = 0.0
        self._tasks: set[asyncio.Task[bytes]] = set()
        self._closed = False

    def __repr__(self) -> str:
        return f"<Helper {self._environment.python}: {self.stuck_threads} stuck>"

    @property
    def pid(self) -> int | None:
        """Of the process; None while there is none."""
        return self._running.process.pid if self._running is not None and self._running.alive else None

    @property
    def stuck_threads(self) -> int:
        """Calls that outlived their time-out and are still hanging."""
        return self._running.stuck if self._running is not None and self._running.alive else 0

    async def call(self, title: str, question: Mapping[str, object], *, safe: bool) -> bytes:
        """The helper's answer. Raises `BackendUnavailable` if it does not come.

        Cancelling frees the caller at once. A call that is `safe` changes nothing, and goes on for as long as it may;
        any other ends with the helper.
        """
        task = asyncio.create_task(self._call(title, question, safe=safe))
        self._tasks.add(task)
        task.add_done_callback(self._done)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if not safe:
                task.cancel()
            raise

    async def start(self) -> None:
        """Start the helper now. Raises `BackendUnavailable`."""
        await self._helper()

    async def close(self) -> None:
        """End the helper and all that it does."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._running is not None:
            await self._running.end("the back end is being closed")

    def _done(self, task: asyncio.Task[bytes]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            # Nobody may be left to look at it.
            task.exception()

    async def _call(self, title: str, question: Mapping[str, object], *, safe: bool) -> bytes:
        async with self._places:
            helper = await self._helper()
            call = helper.ask(title, question)
            try:
                async with asyncio.timeout(self._timeout):
                    answer = await call.end
            except TimeoutError as error:
                await self._overdue(helper, call, safe=safe)
                raise BackendUnavailable(
                    f"{title}: DIRAC's client did not return within {self._timeout:g} s; it is given up"
                ) from error
            except asyncio.CancelledError:
                if not safe:
                    await helper.end(f"{title} was given up")
                raise
            self._pause = FIRST_PAUSE
            return answer

    async def _overdue(self, helper: "_Running", call: _Call, *, safe: bool) -> None:
        call.abandoned = True
        if not safe:
            await helper.end(f"{call.title} would not return")
        elif not call.heard:
            await helper.end("it did not take the question")
        elif helper.stuck >= MOST_STUCK:
            await helper.end(f"{helper.stuck} calls hang")

    async def _helper(self) -> "_Running":
        async with self._starting:
            if self._closed:
                raise BackendUnavailable("DIRAC's client is closed")
            if self._running is None or not self._running.alive:
                self._check_pause()
                self._running = await self._start()
            return self._running

    def _check_pause(self) -> None:
        """A helper that dies as soon as it is started is not started all the time."""
        now = time.monotonic()
        if now < self._not_before:
            raise BackendUnavailable(
                f"the helper process of DIRAC's client has ended ({self._why()}); it is started again in"
                f" {self._not_before - now:.0f} s"
            )
        self._not_before = now + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    def _why(self) -> str:
        return self._running.reason if self._running is not None else "it could not be started"

    async def _start(self) -> "_Running":
        helper = await _Running.begin(self._environment, self._program)
        try:
            async with asyncio.timeout(STARTED_WITHIN):
                await helper.ready
        except TimeoutError as error:
            await helper.end("DIRAC could not be loaded in time")
            raise BackendUnavailable(
                f"DIRAC was not loaded within {STARTED_WITHIN:g} s by {self._environment.python};"
                " does its Configuration Service answer?"
            ) from error
        except BaseException:
            await helper.end("it was not waited for")
            raise
        _log.debug("DIRAC's client runs in the process %d", helper.process.pid)
        return helper


class _Running:
    """One process, from its start to its end."""

    def __init__(self, process: Process, folder: "tempfile.TemporaryDirectory[str]") -> None:
        self.process = process
        self.ready: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.reason = ""
        self._folder = folder
        self._calls: dict[int, _Call] = {0: _Call("the start", self.ready)}
        self._numbers = 0
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def begin(cls, environment: Environment, program: str) -> "_Running":
        """Start it in a private folder, in which its log is. Raises `BackendUnavailable`."""
        folder = await asyncio.to_thread(lambda: tempfile.TemporaryDirectory(prefix="ganga-dirac-"))
        command = [str(environment.python), "-c", program, str(_PACKAGE.parent), str(THREADS + MOST_STUCK)]
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

    def ask(self, title: str, question: Mapping[str, object]) -> _Call:
        """Send the question; its answer is in the end of the call."""
        self._numbers += 1
        call = _Call(title, asyncio.get_running_loop().create_future())
        self._calls[self._numbers] = call
        assert self.process.stdin is not None  # noqa: S101 - for the type checker: it is a pipe
        self.process.stdin.write(frames.framed(msgspec.json.encode({"id": self._numbers, **question})))
        return call

    async def end(self, reason: str) -> None:
        """Kill it, if it lives, and await its end."""
        self.reason = self.reason or reason
        if not self._reading.done() and self.process.returncode is None:
            self.process.kill()
        await asyncio.shield(self._reading)

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
        try:
            # Whoever kills what has just ended takes its exit code away from those who wait for it.
            async with asyncio.timeout(_ENDED_WITHIN):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
        code = await self.process.wait()
        words = await asyncio.to_thread(self._last_words)
        self.reason = f"{self.reason}, exit code {code}{words}"
        for call in self._calls.values():
            if not call.end.done():
                call.end.set_exception(
                    BackendUnavailable(f"{call.title}: the helper process of DIRAC's client ended ({self.reason})")
                )
                # Nobody may be left to look at it.
                call.end.exception()
        self._calls.clear()
        await asyncio.to_thread(self._folder.cleanup)

    def _last_words(self) -> str:
        lines = (Path(self._folder.name) / LOG).read_text(errors="replace").strip().splitlines()
        return f"; its last words: {shortened(lines[-1], 200)}" if lines else ""
