"""Threads for what blocks on files, of each owner apart: whoever's disk hangs keeps the threads of nobody else."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
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
        self._pools: dict[str, ThreadPoolExecutor] = {}

    def submit(self, fn: Callable[_Given, _Result], /, *args: _Given.args, **kwargs: _Given.kwargs) -> Future[_Result]:
        """See `concurrent.futures.Executor.submit`."""
        owner = owner_at_hand()
        if owner is None:
            return super().submit(fn, *args, **kwargs)
        if owner not in self._pools:
            self._pools[owner] = ThreadPoolExecutor(self._each, thread_name_prefix=f"ganga {owner}")
        return self._pools[owner].submit(fn, *args, **kwargs)

    def let_go(self, owner: str) -> None:
        """Of the threads of this owner, each ends when it is done; what waits for one is given up."""
        pool = self._pools.pop(owner, None)
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)
