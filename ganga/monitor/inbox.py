"""Where all results of one target arrive, and from where one consumer takes them."""

import asyncio
from collections.abc import Iterable, Iterator

from ganga.core.orders import Answered, Requested, Result

#: Jobs digested in one go: even if there is news of each, the loop is free again within a few milliseconds.
PORTION = 250


class Inbox:
    """Results in order of arrival. Never full: each order ends in one result, and the tracker limits the orders."""

    def __init__(self) -> None:
        self._results: list[Result] = []
        self._arrived = asyncio.Event()

    def put(self, result: Result) -> None:
        """Hand in a result."""
        self._results.append(result)
        self._arrived.set()

    def wake(self) -> None:
        """Have whoever waits look again at what is to be done, although there may be no result."""
        self._arrived.set()

    async def take(self, seconds: float | None) -> list[Result]:
        """All results that are there, waiting for one or for `wake`, for so many seconds at most (None: for ever)."""
        if not self._results:
            try:
                async with asyncio.timeout(seconds):
                    await self._arrived.wait()
            except TimeoutError:
                return []
        self._arrived.clear()
        results, self._results = self._results, []
        return results


def portions(results: Iterable[Result]) -> Iterator[list[Result]]:
    """The results in portions that speak of about `PORTION` jobs at most; a long answer is divided."""
    portion: list[Result] = []
    weight = 0
    for result in _divided(results):
        weight += _weight(result)
        if portion and weight > PORTION:
            yield portion
            portion, weight = [], _weight(result)
        portion.append(result)
    if portion:
        yield portion


def _divided(results: Iterable[Result]) -> Iterator[Result]:
    for result in results:
        if not isinstance(result, Answered):
            yield result
            continue
        parts = result.answer.parts(PORTION)
        part = next(parts)
        for following in parts:
            yield Answered(result.order, part, last=False)
            part = following
        yield Answered(result.order, part)


def _weight(result: Result) -> int:
    match result:
        case Answered(answer=answer):
            return len(answer.seen) + len(answer.absent)
        case Requested(records=records):
            return len(records)
        case _:
            return 1
