"""Each order ends in exactly one result, whatever the back end does; submissions are not left to themselves."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn

import pytest

from ganga.core.orders import Answered, Failed, Finish, JobAttempt, Order, Result, Submit, Submitted, Sweep
from ganga.errors import BackendUnavailable, StoreUnavailable
from ganga.model.ids import JobId, NativeId, TargetName
from ganga.model.observation import Answer
from ganga.monitor.errands import MOST_HANGING, Errands
from ganga.monitor.hanging import Hanging
from ganga.monitor.inbox import Inbox
from tests.monitor.doubles import BRISK, Odd, deaf, now, target, virtual

NAME = TargetName("site")
SWEEP = Sweep(NAME, (NativeId("a"),), 1)
SUBMIT = Submit(NAME, (JobId("1"),))
FINISH = Finish(NAME, (JobAttempt(JobId("1"), 1),))


def errands(carry_out: Callable[[Order], Awaitable[Result]], inbox: Inbox, hanging: Hanging | None = None) -> Errands:
    place = target("site", Odd())
    return Errands(place, carry_out, inbox, Hanging() if hanging is None else hanging)


async def only_result(order: Order, carry_out: Callable[[Order], Awaitable[Result]]) -> Result:
    inbox, hanging = Inbox(), Hanging()
    async with errands(carry_out, inbox, hanging) as out:
        out.begin(order)
        assert len(out) == 1
        [result] = await inbox.take(None)
        assert await inbox.take(100.0) == [], "one order, one result"
        assert len(out) == 0
    assert len(hanging) == 0
    return result


@virtual
async def test_what_is_carried_out_is_the_result() -> None:
    async def answer(order: Order) -> Result:
        assert order is SWEEP
        return Answered(SWEEP, Answer())

    assert await only_result(SWEEP, answer) == Answered(SWEEP, Answer())


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        (BackendUnavailable("no route"), "no route"),
        (TypeError("not a list"), "a bug in the back end: TypeError: not a list"),
        (SystemExit(2), "the back end tried to end the program: SystemExit(2)"),
        (asyncio.CancelledError(), "the back end cancelled its own call"),
    ],
)
@virtual
async def test_what_is_raised_is_a_failure(raised: BaseException, error: str) -> None:
    async def fail(_: Order) -> NoReturn:
        await asyncio.sleep(0)
        raise raised

    assert await only_result(SWEEP, fail) == Failed(SWEEP, error)


@virtual
async def test_how_long_the_back_end_wants_to_be_left_alone_is_part_of_its_failure() -> None:
    async def fail(_: Order) -> Result:
        raise BackendUnavailable("not ready", retry_after=10.0)

    assert await only_result(SWEEP, fail) == Failed(SWEEP, "not ready", retry_after=10.0)


@virtual
async def test_trouble_with_the_store_is_our_own() -> None:
    async def fail(_: Order) -> NoReturn:
        raise StoreUnavailable("the disk is full")

    assert await only_result(SUBMIT, fail) == Failed(SUBMIT, "the disk is full", ours=True)


@pytest.mark.parametrize(
    ("order", "seconds"),
    [(SWEEP, BRISK.answer_within), (SUBMIT, BRISK.submit_within), (FINISH, BRISK.finish_within)],
)
@virtual
async def test_each_kind_has_its_time(order: Order, seconds: float) -> None:
    async def hang(_: Order) -> NoReturn:
        await asyncio.Event().wait()
        raise AssertionError

    assert await only_result(order, hang) == Failed(order, f"no answer within {seconds:g} seconds")


@virtual
async def test_a_deaf_call_is_counted_and_too_many_are_not_added_to(caplog: pytest.LogCaptureFixture) -> None:
    async def swallow(_: Order) -> NoReturn:
        await deaf()
        raise AssertionError

    inbox, hanging = Inbox(), Hanging()
    async with errands(swallow, inbox, hanging) as out:
        for turn in range(MOST_HANGING):
            out.begin(SWEEP)
            [result] = await inbox.take(None)
            assert result == Failed(SWEEP, "no answer within 5 seconds")
            assert len(hanging) == turn + 1
        began = now()
        out.begin(SWEEP)
        assert await inbox.take(None) == [Failed(SWEEP, "16 calls hang and cannot be cancelled")]
        assert now() == began, "it is not even asked"
    await hanging.leave(1.0)
    assert caplog.text.count("left behind") == MOST_HANGING


class Counter:
    """Carries out everything within so many seconds, and counts."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.done = 0
        self.cancelled = 0

    async def __call__(self, order: Order) -> Result:
        try:
            await asyncio.sleep(self.seconds if isinstance(order, Submit) else 2 * self.seconds)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        self.done += 1
        return Submitted(order) if isinstance(order, Submit) else Failed(order, "")


@virtual
async def test_after_a_failure_submissions_are_waited_for_and_the_others_cancelled() -> None:
    work = Counter(9.0)
    with pytest.raises(StoreUnavailable):  # noqa: PT012 - what happens in the block is what raises
        async with errands(work, Inbox()) as out:
            out.begin(SUBMIT)
            out.begin(FINISH)
            await asyncio.sleep(0)
            raise StoreUnavailable("full")
    assert now() >= 9.0
    assert (work.done, work.cancelled) == (1, 1)


@pytest.mark.parametrize(("seconds", "done"), [(1.0, 1), (9.0, 0)])
@virtual
async def test_at_the_end_of_the_program_submissions_have_a_moment(seconds: float, done: int) -> None:
    work = Counter(seconds)

    async def follow() -> None:
        async with errands(work, Inbox()) as out:
            out.begin(SUBMIT)
            await asyncio.Event().wait()

    following = asyncio.create_task(follow())
    await asyncio.sleep(0.5)
    following.cancel()
    with pytest.raises(asyncio.CancelledError):
        await following
    assert (work.done, work.cancelled) == (done, 1 - done)
    assert now() <= 4.0
