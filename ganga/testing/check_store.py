"""The conformance suite for stores: whoever writes one runs it over theirs."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from ganga.store.base import Store
from ganga.testing.store_checks import asking, budgets, following, keeping, monitoring
from ganga.testing.store_checks.kit import Check

#: One for each promise of `Store`, to be called with an empty store; the name of the function says the promise.
CHECKS: tuple[Check, ...] = asking.CHECKS + monitoring.CHECKS + following.CHECKS + budgets.CHECKS + keeping.CHECKS


async def check_store(open_store: Callable[[], AbstractAsyncContextManager[Store]]) -> None:
    """Try everything that `Store` promises. `open_store` must give an empty store each time it is called.

    Raises `AssertionError` that names the promise and what was found instead. To have each promise as a test of its
    own, call each of `CHECKS` with an empty store.
    """
    for check in CHECKS:
        async with open_store() as store:
            try:
                await check(store)
            except Exception as error:
                error.add_note(f"in the check {getattr(check, '__name__', check)!r}")
                raise
