"""Of many processes on one store exactly one asks each target: the one that holds its lease.

A lease is not judged by wall clocks, which jump: a holder whose beat stands still for as long as a lease lasts, by our
own monotonic clock, is taken to be dead, and one on this machine whose process is gone is known to be. Whoever was only
frozen finds its epoch outdated, and every write of it is refused.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from ganga.errors import LeaseLost, NotTrusted, StoreUnavailable
from ganga.model.ids import TargetName
from ganga.monitor.clock import Clock
from ganga.monitor.instruments import SILENT, LeaseStep, LeaseTold, Observer
from ganga.monitor.process import describe, parse, this_process
from ganga.store.base import Holder, Lease, Store


class Leases:
    """Takes and keeps the leases of one process."""

    def __init__(self, store: Store, clock: Clock, *, seconds: float = 5.0, observer: Observer = SILENT) -> None:
        self._store = store
        self._clock = clock
        self._observer = observer
        #: How long a lease lasts without being renewed.
        self.seconds = seconds

    async def take(self, target: TargetName) -> Lease:
        """Wait until the lease can be had, and take it."""
        seen: Holder | None = None
        since = self._clock().monotonic
        while True:
            holder = await self._store.holder(target)
            if holder != seen:
                seen, since = holder, self._clock().monotonic
            if holder is None or is_gone(holder) or self._clock().monotonic - since >= self.seconds:
                lease = await self._store.acquire(target, describe(this_process()), holder)
                if lease is not None:
                    return lease
            await asyncio.sleep(self.seconds / 10)

    @asynccontextmanager
    async def held(self, target: TargetName) -> AsyncIterator[Lease]:
        """Wait for the lease, keep it while the block lasts, and give it back.

        The block is cancelled and `LeaseLost` raised when it is lost, or could not be renewed for as long as it lasts.
        """
        self._observer.tell(LeaseTold(target, LeaseStep.AWAITED))
        lease = await self.take(target)
        self._tell(lease, LeaseStep.TAKEN)
        end = LeaseStep.RETURNED
        try:
            async with asyncio.TaskGroup() as tasks:
                keeper = tasks.create_task(self._keep(lease), name=f"{target}: lease")
                yield lease
                keeper.cancel()
        except* LeaseLost:
            end = LeaseStep.LOST
            raise
        finally:
            self._tell(lease, end)
            with suppress(NotTrusted, StoreUnavailable):
                await asyncio.shield(self._store.release(lease))

    async def _keep(self, lease: Lease) -> None:
        renewed_at = self._clock().monotonic
        while True:
            await asyncio.sleep(self.seconds / 3)
            try:
                await self._store.renew(lease)
                renewed_at = self._clock().monotonic
                self._tell(lease, LeaseStep.RENEWED)
            except StoreUnavailable as error:
                if self._clock().monotonic - renewed_at >= self.seconds:
                    raise LeaseLost(f"the lease of {lease.target} could not be renewed: {error}") from error

    def _tell(self, lease: Lease, step: LeaseStep) -> None:
        self._observer.tell(LeaseTold(lease.target, step, lease.epoch))


def is_gone(holder: Holder) -> bool:
    """Whether the holder ran on this machine and is surely dead."""
    process = parse(holder.owner)
    return process is not None and process.surely_dead()
