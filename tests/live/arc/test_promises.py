"""Whatever every back end promises holds on a real element."""

import asyncio
from collections.abc import Callable

from ganga.testing.check_backend import CHECKS, Check, Trial


async def test_the_promises_hold(new_trial: Callable[[], Trial]) -> None:
    async def kept(check: Check) -> None:
        try:
            await check(new_trial())
        except Exception as error:
            error.add_note(f"in the check {getattr(check, '__name__', check)!r}")
            raise

    async with asyncio.TaskGroup() as side_by_side:
        for check in CHECKS:
            side_by_side.create_task(kept(check))
