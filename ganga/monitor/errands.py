"""The orders that are out: a task for each, and exactly one result for each, whatever the back end does."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from itertools import islice
from types import TracebackType
from typing import Self

from ganga.core.orders import Failed, Find, Finish, Finished, Kill, Order, Result, Submit
from ganga.errors import (
    BackendProtocolError,
    BackendUnavailable,
    GangaError,
    Overloaded,
    StoreError,
)
from ganga.model.policy import Policy
from ganga.monitor.connection import Target
from ganga.monitor.hanging import HEEDING, Hanging
from ganga.monitor.inbox import Inbox
from ganga.monitor.instruments import SILENT, Observer
from ganga.monitor.purse import Purse
from ganga.monitor.stopwatch import Stopwatch

#: While so many calls of a target hang, it is asked nothing more.
MOST_HANGING = 16
#: Seconds for which submissions that are out may go on when the program ends.
FAREWELL = 2.0

_log = logging.getLogger(__name__)


class Errands:
    """The orders of one target that are out. Their results are put into the inbox; all are gone when the block
    is left.
    """

    def __init__(
        self,
        target: Target,
        carry_out: Callable[[Order], Awaitable[Result]],
        inbox: Inbox,
        hanging: Hanging,
        purse: Purse,
        observer: Observer = SILENT,
    ) -> None:
        self._target = target
        self._carry_out = carry_out
        self._inbox = inbox
        self._hanging = hanging
        self._purse = purse
        self._observer = observer
        self._out: dict[asyncio.Task[None], Order] = {}
        # Those of them that wait for the budget: the back end knows nothing of these.
        self._waiting: set[Order] = set()

    def __len__(self) -> int:
        return len(self._out)

    async def __aenter__(self) -> Self:
        """Raises `StoreUnavailable`."""
        await self._purse.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Submissions are waited for: whoever comes next would look for their jobs before they are there."""
        submissions = {
            task for task, order in self._out.items() if isinstance(order, Submit) and order not in self._waiting
        }
        if submissions:
            ending = isinstance(error, asyncio.CancelledError)
            await asyncio.wait(submissions, timeout=FAREWELL if ending else None)
        for task in self._out:
            task.cancel()
        if self._out:
            await asyncio.wait(self._out)

    def begin(self, order: Order) -> None:
        """Carry out the order; its result will be in the inbox."""
        task = asyncio.create_task(self._run(order), name=f"{self._target.name}: {type(order).__name__}")
        self._out[task] = order
        task.add_done_callback(self._out.pop)

    async def _run(self, order: Order) -> None:
        self._inbox.put(await self._result(order))

    async def _result(self, order: Order) -> Result:
        if len(self._hanging) >= MOST_HANGING:
            return Failed(order, f"{len(self._hanging)} calls hang and cannot be cancelled")
        try:
            await self._admitted(order)
        except StoreError as error:
            return Failed(order, str(error), ours=True)
        stopwatch = Stopwatch()
        task = asyncio.create_task(self._guarded(order), name=f"{self._target.name}: call for {type(order).__name__}")
        try:
            result = await self._outcome(order, task)
        finally:
            took = stopwatch.stop()
            await self._let_go(task)
        self._mention(result)
        await self._heed(result, order, took)
        return result

    async def _admitted(self, order: Order) -> None:
        """Wait until the budget has a call for the order."""
        self._waiting.add(order)
        try:
            await self._purse.take(urgent=_urgent(order))
        finally:
            self._waiting.discard(order)

    async def _heed(self, result: Result, order: Order, took: float) -> None:
        """Have the budget cut if the target is asked too much, as it says itself or as its slowness says."""
        try:
            if isinstance(result, Failed) and result.overloaded:
                await self._purse.complain(result.error, took=took, retry_after=result.retry_after)
            elif not isinstance(order, Submit | Finish) and took >= self._slow:
                await self._purse.complain(f"an answer took {took:.1f} seconds", took=took)
        except StoreError as error:
            _log.warning("%s: %s", self._target.name, error)

    def _mention(self, result: Result) -> None:
        """Why jobs go on completing: their records do not say it before they are given up."""
        match result:
            case Failed(order=Finish(jobs=jobs), error=error):
                errors = {item.job: error for item in jobs}
            case Finished(errors=errors):
                pass
            case _:
                return
        for job, error in islice(errors.items(), 1):
            others = f" and {len(errors) - 1} more" if len(errors) > 1 else ""
            _log.info("%s: job %s%s not finished yet: %s", self._target.name, job, others, error)

    @property
    def _slow(self) -> float:
        policy = self._target.policy
        return policy.allowance.slow or policy.answer_within

    async def _guarded(self, order: Order) -> Result:
        try:
            with self._observer.during(order):
                return await self._carry_out(order)
        except SystemExit as error:
            raise BackendProtocolError(f"the back end tried to end the program: {error!r}") from error

    async def _outcome(self, order: Order, task: asyncio.Task[Result]) -> Result:
        seconds = _seconds(self._target.policy, order)
        await asyncio.wait({task}, timeout=seconds)
        if not task.done():
            return Failed(order, f"no answer within {seconds:g} seconds")
        try:
            return task.result()
        except StoreError as error:
            _log.warning("%s: %s", self._target.name, error)
            return Failed(order, str(error), ours=True)
        except GangaError as error:
            return _failure(order, error)
        except asyncio.CancelledError:
            return Failed(order, "the back end cancelled its own call")
        except Exception as error:  # noqa: BLE001 - a bug in a back end costs one question, and stops nothing else
            _log.exception("%s: a bug in the back end %s", self._target.name, self._target.backend)
            return Failed(order, f"a bug in the back end: {type(error).__name__}: {error}")

    async def _let_go(self, task: asyncio.Task[Result]) -> None:
        if task.done():
            return
        task.cancel()
        try:
            await asyncio.wait({task}, timeout=HEEDING)
        finally:
            self._hanging.add(task)


def _failure(order: Order, error: GangaError) -> Failed:
    if not isinstance(error, BackendUnavailable):
        return Failed(order, str(error))
    overloaded = isinstance(error, Overloaded)
    return Failed(order, str(error), unavailable=True, retry_after=error.retry_after, overloaded=overloaded)


def _urgent(order: Order) -> bool:
    """What people ask for does not wait for what we ask of ourselves; that a kill is repeated is our own idea."""
    return not order.again if isinstance(order, Kill) else isinstance(order, Submit | Find)


def _seconds(policy: Policy, order: Order) -> float:
    match order:
        case Submit():
            return policy.submit_within
        case Finish():
            return policy.finish_within
        case _:
            return policy.answer_within
