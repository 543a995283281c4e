"""A bounded pool of threads whose calls may hang for ever without harm to anybody else.

All bookkeeping happens on the event loop, so there is no lock that a hanging call could hold; a thread only waits for a
call, makes it, and tells the loop. The threads are daemons of our own: `concurrent.futures` joins its threads at exit,
and one that hangs would keep the program from ending.

A call in pure Python takes the interpreter lock for up to `sys.getswitchinterval` (5 ms) at a time, so each busy thread
adds about as much to the lag of the loop. That setting belongs to the program and is not changed here; a program with
such back ends may call ``sys.setswitchinterval(0.001)``. A library that keeps the lock inside its C code belongs in a
subprocess.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Thread
from typing import ParamSpec, TypeVar

from ganga.errors import BackendUnavailable

ArgumentsP = ParamSpec("ArgumentsP")
ResultT = TypeVar("ResultT")


@dataclass(eq=False, slots=True)
class _Call:
    """One call on its way through a thread; what becomes of it is decided on the loop alone."""

    title: str
    function: Callable[[], None]
    context: Context
    #: Resolved with what the function raised. Not set as the future's own exception: nobody may be left to look at it,
    #: and a future takes no StopIteration.
    end: asyncio.Future[BaseException | None]
    timer: asyncio.TimerHandle = field(init=False)
    abandoned: bool = False

    def run(self) -> BaseException | None:
        """Called in the thread."""
        try:
            self.context.run(self.function)
        except Exception as error:  # noqa: BLE001 - it is raised again where the call is awaited
            return error
        except BaseException as error:  # noqa: BLE001 - the SystemExit of a library must not end the monitor
            refusal = BackendUnavailable(f"{self.title} tried to end the program: {error!r}")
            refusal.__cause__ = error
            return refusal
        return None

    def finish(self, error: BaseException | None) -> None:
        """Tell whoever awaits the call, if anybody still does."""
        self.timer.cancel()
        if not self.end.done():
            self.end.set_result(error)


@dataclass(eq=False, slots=True)
class _Worker:
    """One thread's letter box; None ends the thread."""

    calls: SimpleQueue[_Call | None] = field(default_factory=SimpleQueue)

    def work(self, returned: Callable[["_Worker", _Call, BaseException | None], None]) -> None:
        """The life of the thread. After the loop is closed there is nobody left to tell, and the thread ends."""
        while (call := self.calls.get()) is not None:
            error = call.run()
            try:
                call.end.get_loop().call_soon_threadsafe(returned, self, call, error)
            except RuntimeError:
                return
            del call, error  # an idle thread keeps nothing alive


class ThreadPool:
    """At most `threads` calls at once, each for at most `timeout` seconds from its start, or what `timeouts` has for
    its verb.

    A thread that outlives the time-out is abandoned and replaced: it counts as stuck until it returns, then it ends,
    and what it brings is dropped. While `most_stuck` threads are stuck, new calls fail at once; so there are always
    fewer than ``threads + most_stuck`` threads. Nothing waits for a thread, not even the end of the program.
    """

    def __init__(
        self,
        name: str,
        *,
        threads: int = 4,
        timeout: float = 60.0,
        timeouts: Mapping[str, float] | None = None,
        most_stuck: int = 16,
    ) -> None:
        self.name = name
        self._timeout = timeout
        self._timeouts = dict(timeouts or {})
        self._most_stuck = most_stuck
        self._slots = asyncio.Semaphore(threads)
        self._idle: list[_Worker] = []
        self._busy: set[_Call] = set()
        self._stuck = 0
        self._closed = False

    def __repr__(self) -> str:
        return f"<ThreadPool {self.name}: {len(self._busy)} busy, {len(self._idle)} idle, {self._stuck} stuck>"

    @property
    def stuck_threads(self) -> int:
        """Threads that outlived their time-out and are still hanging."""
        return self._stuck

    async def call(
        self, verb: str, function: Callable[ArgumentsP, ResultT], *args: ArgumentsP.args, **kwargs: ArgumentsP.kwargs
    ) -> ResultT:
        """The result of ``function(*args, **kwargs)``, called in a thread; `verb` names it in errors.

        Exceptions of the function pass through. Raises `BackendUnavailable` if it does not return in time, if too many
        threads are stuck, and if the pool is closed. Cancelling frees the caller at once; the thread is free again when
        the call returns, or is replaced when its time is up.
        """
        results: list[ResultT] = []
        end = await self._begin(verb, lambda: results.append(function(*args, **kwargs)))
        error = await end
        if error is None:
            return results[0]
        try:
            raise error
        finally:
            del error  # its traceback holds this frame

    def close(self) -> None:
        """Fail all calls that are under way or waiting, and let each thread end as soon as it is idle; twice is
        once.
        """
        self._closed = True
        for call in tuple(self._busy):
            self._abandon(call, f"{call.title} was given up: the back end is being closed")
        for worker in self._idle:
            worker.calls.put(None)
        self._idle.clear()

    async def _begin(self, verb: str, function: Callable[[], None]) -> asyncio.Future[BaseException | None]:
        title = f"{self.name}: {verb}"
        self._check_open(title)
        await self._slots.acquire()
        try:
            self._check_open(title)
            worker = self._idle.pop() if self._idle else self._start_worker(title)
        except BackendUnavailable:
            self._slots.release()
            raise
        loop = asyncio.get_running_loop()
        call = _Call(title, function, copy_context(), loop.create_future())
        timeout = self._timeouts.get(verb, self._timeout)
        overdue = f"{title} did not return within {timeout:g} s; its thread is given up"
        call.timer = loop.call_later(timeout, self._abandon, call, overdue)
        self._busy.add(call)
        worker.calls.put(call)
        return call.end

    def _check_open(self, title: str) -> None:
        if self._closed:
            raise BackendUnavailable(f"{title} was not called: the back end is closed")
        if self._stuck >= self._most_stuck:
            raise BackendUnavailable(
                f"{title} was not called: {self._stuck} threads hang in calls that do not return; "
                "it is called again as soon as one of them comes back"
            )

    def _start_worker(self, title: str) -> _Worker:
        worker = _Worker()
        try:
            Thread(target=worker.work, args=(self._returned,), name=f"ganga {self.name}", daemon=True).start()
        except RuntimeError as error:
            raise BackendUnavailable(
                f"{title} was not called: {error}; end other programs, or raise `ulimit -u`"
            ) from error
        return worker

    def _returned(self, worker: _Worker, call: _Call, error: BaseException | None) -> None:
        if call.abandoned:
            self._stuck -= 1
            worker.calls.put(None)
            return
        self._busy.remove(call)
        self._idle.append(worker)
        self._slots.release()
        call.finish(error)

    def _abandon(self, call: _Call, reason: str) -> None:
        call.abandoned = True
        self._stuck += 1
        self._busy.remove(call)
        self._slots.release()
        call.finish(BackendUnavailable(reason))
