"""The helper process as seen from here: started when it is needed, watched, killed when it hangs, started anew."""

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Final

from ganga.backends.dirac.client.environment import Environment
from ganga.backends.dirac.client.running import Call, Running
from ganga.errors import BackendUnavailable

#: Calls at once: DIRAC's client is not faster with more.
THREADS: Final = 4
#: Seconds that a file may take besides, whatever its size.
LONGEST_TRANSFER: Final = 600.0
#: Files at once, besides: a transfer may take long, and holds no question up.
TRANSFERS: Final = 2
#: So many calls that hang, and the process is given up with them.
MOST_STUCK: Final = 4
#: Seconds for DIRAC to be loaded and its configuration to be read.
STARTED_WITHIN: Final = 50.0
#: Seconds before a helper that died is started again: at first, and at most.
FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 60.0

#: The folder with the package is needed to find it, and would hide modules of others by the names of ours afterwards.
_PROGRAM: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]); import client.helper; del sys.path[0];"
    " client.helper.main(int(sys.argv[2]))"
)

_log = logging.getLogger(__name__)


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
        self._transfers = asyncio.Semaphore(TRANSFERS)
        self._starting = asyncio.Lock()
        self._running: Running | None = None
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

    async def call(
        self, title: str, question: Mapping[str, object], *, safe: bool, transfer: float | None = None
    ) -> bytes:
        """The helper's answer. Raises `BackendUnavailable` if it does not come. What moves a file may take `transfer`
        seconds.

        Cancelling frees the caller at once. A call that is `safe` changes nothing, and goes on for as long as it may;
        any other ends with the helper.
        """
        task = asyncio.create_task(self._call(title, question, safe=safe, transfer=transfer))
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

    async def _call(self, title: str, question: Mapping[str, object], *, safe: bool, transfer: float | None) -> bytes:
        seconds = transfer or self._timeout
        async with self._transfers if transfer else self._places:
            helper = await self._helper()
            call = helper.ask(title, question)
            try:
                async with asyncio.timeout(seconds):
                    answer = await call.end
            except TimeoutError as error:
                await self._overdue(helper, call, safe=safe)
                raise BackendUnavailable(
                    f"{title}: DIRAC's client did not return within {seconds:g} s; asking again later: is there a"
                    " network, and does the server answer others?"
                ) from error
            except asyncio.CancelledError:
                if not safe:
                    await helper.end(f"{title} was given up")
                raise
            self._pause = FIRST_PAUSE
            return answer

    async def _overdue(self, helper: Running, call: Call, *, safe: bool) -> None:
        call.abandoned = True
        if not safe:
            await helper.end(f"{call.title} would not return")
        elif not call.heard:
            await helper.end("it did not take the question")
        elif helper.stuck >= MOST_STUCK:
            await helper.end(f"{helper.stuck} calls hang")

    async def _helper(self) -> Running:
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

    async def _start(self) -> Running:
        helper = await Running.begin(self._environment, self._program, THREADS + TRANSFERS + MOST_STUCK)
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
