"""The inbox hands over all that is there, in order, and in portions that free the loop."""

import asyncio

from hypothesis import given
from hypothesis import strategies as some

from ganga.core.orders import Answered, Failed, Requested, Result, Sweep
from ganga.model.clock import Utc
from ganga.model.ids import Cursor, JobId, NativeId, TargetName
from ganga.model.job import JobRecord
from ganga.model.observation import Answer, Observation
from ganga.model.status import JobStatus
from ganga.monitor.inbox import PORTION, Inbox, portions

TARGET = TargetName("here")
SWEEP = Sweep(TARGET, ())


def answer(size: int, absent: int = 0, cursor: str | None = None) -> Answer:
    seen = {NativeId(str(number)): Observation(status=JobStatus.RUNNING, native_status="R") for number in range(size)}
    gone = frozenset(NativeId(f"gone {number}") for number in range(absent))
    return Answer(seen, gone, None if cursor is None else Cursor(cursor))


async def test_takes_all_that_is_there_in_order() -> None:
    inbox = Inbox()
    results = [Failed(SWEEP, str(number)) for number in range(3)]
    for result in results:
        inbox.put(result)
    assert await inbox.take(None) == results
    assert await inbox.take(0.0) == []


async def test_waits_for_the_first_result() -> None:
    inbox = Inbox()
    taking = asyncio.create_task(inbox.take(None))
    await asyncio.sleep(0)
    assert not taking.done()
    inbox.put(Failed(SWEEP, "late"))
    assert await taking == [Failed(SWEEP, "late")]


async def test_nothing_is_lost_when_taking_is_cancelled() -> None:
    inbox = Inbox()
    taking = asyncio.create_task(inbox.take(None))
    await asyncio.sleep(0)
    inbox.put(Failed(SWEEP, "kept"))
    taking.cancel()
    await asyncio.wait({taking})
    assert await inbox.take(0.0) == [Failed(SWEEP, "kept")]


@given(
    some.lists(some.integers(0, 3 * PORTION), max_size=4),
    some.integers(0, 3),
)
def test_portions_keep_everything_and_stay_small(sizes: list[int], absent: int) -> None:
    results: list[Result] = [Answered(SWEEP, answer(size, absent, "c")) for size in sizes]
    parts = [part for portion in portions(results) for part in portion]
    assert all(isinstance(part, Answered) for part in parts)
    answers = [part for part in parts if isinstance(part, Answered)]
    assert sum(len(part.answer.seen) for part in answers) == sum(sizes)
    assert [part.last for part in answers].count(True) == len(sizes)
    assert all(part.answer.cursor == "c" and len(part.answer.absent) == absent for part in answers if part.last)
    assert all(not part.answer.absent and part.answer.cursor is None for part in answers if not part.last)
    for portion in portions(results):
        weight = sum(len(part.answer.seen) for part in portion if isinstance(part, Answered))
        assert weight <= PORTION


def test_small_results_share_a_portion() -> None:
    record = JobRecord(
        id=JobId("1"), name="", target=TARGET, status=JobStatus.NEW, created_at=Utc(0.0), attempt=0, wanted_attempt=0
    )
    results: list[Result] = [Requested(TARGET, (record,)), Failed(SWEEP, "x"), Answered(SWEEP, answer(3))]
    assert list(portions(results)) == [results]
