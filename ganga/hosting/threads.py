"""Threads for what blocks on files, of each owner apart: whoever's disk hangs keeps the threads of nobody else."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Final, ParamSpec, TypeVar

from ganga.monitor.subject import owner_at_hand

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")

#: So many for each owner, and as many for the service itself.
EACH: Final = 4


class ThreadsOfOwners(ThreadPoolExecutor):
    """To be the default executor of an event loop. A call goes to the threads of the owner for whom its task works."""

    def __init__(self, each: int = EACH) -> None:
        super().__init__(max_workers=each, thread_name_prefix="ganga")
        self._each = each
        self._pools: dict[str, _Threads] = {}

    def submit(self, fn: Callable[_Given, _Result], /, *args: _Given.args, **kwargs: _Given.kwargs) -> Future[_Result]:
        """See `concurrent.futures.Executor.submit`."""
        owner = owner_at_hand()
        if owner is None:
            return super().submit(fn, *args, **kwargs)
        if owner not in self._pools:
            self._pools[owner] = _Threads(owner, self._each)
        return self._pools[owner].submit(fn, *args, **kwargs)

    def let_go(self, owner: str) -> None:
        """Of the threads of this owner, each ends when it is done; what waits for one is given up."""
        pool = self._pools.pop(owner, None)
        if pool is not None:
            pool.close()


class _Threads:
    """Of one owner, so many at most. They are daemons: one that hangs does not keep the service from ending, as those
    of `concurrent.futures` do. Belongs to one event loop.
    """

    def __init__(self, owner: str, most: int) -> None:
        self._owner = owner
        self._most = most
        self._started = 0
        self._idle = threading.Semaphore(0)
        #: What is to be called, and what gives that up; None ends a thread.
        self._calls: SimpleQueue[tuple[Callable[[], None], Callable[[], bool]] | None] = SimpleQueue()

    def submit(self, fn: Callable[_Given, _Result], /, *args: _Given.args, **kwargs: _Given.kwargs) -> Future[_Result]:
        """See `ThreadsOfOwners.submit`."""
        future: Future[_Result] = Future()

        def call() -> None:
            if future.set_running_or_notify_cancel():
                with ExitStack() as stack:
                    stack.push(raised)
                    future.set_result(fn(*args, **kwargs))

        def raised(
            _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
        ) -> bool:
            """Whoever waits is told, whatever it is."""
            if error is not None:
                future.set_exception(error)
            return True

        self._calls.put((call, future.cancel))
        if not self._idle.acquire(blocking=False) and self._started < self._most:
            try:
                self._start()
            except RuntimeError:
                future.cancel()
                raise
        return future

    def close(self) -> None:
        """See `ThreadsOfOwners.let_go`."""
        with suppress(Empty):
            while waiting := self._calls.get_nowait():
                waiting[1]()
        for _ in range(self._started):
            self._calls.put(None)

    def _start(self) -> None:
        name = f"ganga {self._owner}_{self._started}"
        threading.Thread(target=self._work, name=name, daemon=True).start()
        self._started += 1

    def _work(self) -> None:
        while one := self._calls.get():
            one[0]()
            del one  # an idle thread keeps nothing alive
            self._idle.release()
