"""The same question for many sources, asked in this process or in several, as it pays."""

import gc
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Generic, TypeVar

from ganga_quality.findings import FailureKind
from ganga_quality.runners.program import Deadline

Task = TypeVar("Task")
Answer = TypeVar("Answer")

#: Bytes of sources that one process formats in about the time that others take to start.
LITTLE = 64 * 1024
#: How many objects a process makes before it looks for garbage: trees of sources are many objects, and few are garbage.
#: Costs 20 MB, and saves a sixth of the time.
_OBJECTS = 100_000


def answers(
    ask: Callable[[Task], Answer], tasks: Sequence[Task], *, size: Callable[[Task], int], deadline: Deadline
) -> Iterator[Answer | FailureKind]:
    """What ``ask`` says to each task, in order; why there is no answer, where a process died or the time was over.

    ``ask`` is a function of a module. ``size`` tells how many bytes there are to be worked on. The time limit holds
    only where several processes work; what one process does by itself is little.
    """
    processes = min(os.cpu_count() or 1, len(tasks))
    if sum(map(size, tasks)) <= LITTLE:
        return map(ask, tasks)
    return _Pool(ask, tasks, size, deadline).answers(processes)


class _Pool(Generic[Task, Answer]):
    """Several processes, one of which may be brought down by a source without harm to the other answers."""

    def __init__(
        self, ask: Callable[[Task], Answer], tasks: Sequence[Task], size: Callable[[Task], int], deadline: Deadline
    ) -> None:
        self._ask = ask
        self._tasks = tasks
        self._size = size
        self._deadline = deadline
        #: By number of the task.
        self._answers: dict[int, Answer | FailureKind] = {}

    def answers(self, processes: int) -> Iterator[Answer | FailureKind]:
        """In the order of the tasks. After a crash, what has no answer is asked one by one, to find the one to
        blame.
        """
        self._collect(range(len(self._tasks)), processes)
        for number in range(len(self._tasks)):
            if number not in self._answers:
                self._collect([number], 1)
            yield self._answers.get(number, FailureKind.CRASHED)

    def _collect(self, numbers: Iterable[int], processes: int) -> None:
        """As many answers as there are until a process crashes; all of them have one when the time is over."""
        # The largest first, so that none is left over when the others have finished.
        order = sorted(numbers, key=lambda number: -self._size(self._tasks[number]))
        pool = _executor(processes, self._ask.__module__)
        try:
            futures = [(number, pool.submit(self._ask, self._tasks[number])) for number in order]
            for number, future in futures:
                self._answers[number] = future.result(timeout=self._deadline.left)
        except BrokenProcessPool:
            # What the others were at is asked again; who is still alive would only be waited for.
            _end(pool)
        except TimeoutError:
            _end(pool)
            for number in order:
                self._answers.setdefault(number, FailureKind.TIMED_OUT)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _executor(processes: int, module: str) -> ProcessPoolExecutor:
    # A fork of this process would copy the locks of its threads as they happen to be; the server has none.
    context = get_context("forkserver")
    context.set_forkserver_preload(["black", module])
    return ProcessPoolExecutor(processes, mp_context=context, initializer=gc.set_threshold, initargs=(_OBJECTS,))


def _end(pool: ProcessPoolExecutor) -> None:
    """Do not wait for what takes too long. The pool has no word for it before Python 3.14."""
    for process in tuple((pool._processes or {}).values()):  # noqa: SLF001 - see above
        process.kill()
