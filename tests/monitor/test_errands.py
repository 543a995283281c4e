"""Each order ends in exactly one result, whatever the back end does; submissions are not left to themselves."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from random import Random
from typing import NoReturn

import pytest

from ganga.core.budget import Complaint, cut, full
from ganga.core.orders import (
    Answered,
    Ending,
    Failed,
    Finish,
    Finished,
    JobAttempt,
    Kill,
    KillSent,
    Order,
    Result,
    Submit,
    Submitted,
    Sweep,
)
from ganga.errors import BackendProtocolError, BackendUnavailable, Overloaded, StoreDamaged, StoreUnavailable
from ganga.model.budget import own_budget
from ganga.model.ids import BudgetName, JobId, NativeId, TargetName
from ganga.model.observation import Answer
from ganga.model.policy import Allowance
from ganga.model.status import JobStatus
from ganga.monitor.errands import MOST_HANGING, Errands
from ganga.monitor.hanging import Hanging
from ganga.monitor.inbox import Inbox
from ganga.monitor.purse import Purse
from ganga.store.base import BudgetChange, ResultT
from ganga.store.memory import MemoryStore
from ganga.testing.clock import VirtualLoop
from tests.monitor.doubles import BRISK, Odd, clock, deaf, now, target, virtual

NAME = TargetName("site")
SWEEP = Sweep(NAME, (NativeId("a"),), 1)
SUBMIT = Submit(NAME, (JobId("1"),))
FINISH = Finish(NAME, (JobAttempt(JobId("1"), 1),))


def errands(
    carry_out: Callable[[Order], Awaitable[Result]],
    inbox: Inbox,
    hanging: Hanging | None = None,
    store: MemoryStore | None = None,
    allowance: Allowance = BRISK.allowance,
) -> Errands:
    place = target("site", Odd(), replace(BRISK, allowance=allowance))
    purse = Purse(NAME, allowance, store or MemoryStore(), clock, Random(0))
    return Errands(place, carry_out, inbox, Hanging() if hanging is None else hanging, purse)


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
    ("raised", "failure"),
    [
        (BackendUnavailable("no route"), Failed(SWEEP, "no route", unavailable=True)),
        (BackendProtocolError("no list"), Failed(SWEEP, "no list")),
        (TypeError("not a list"), Failed(SWEEP, "a bug in the back end: TypeError: not a list")),
        (SystemExit(2), Failed(SWEEP, "the back end tried to end the program: SystemExit(2)")),
        (asyncio.CancelledError(), Failed(SWEEP, "the back end cancelled its own call")),
    ],
)
@virtual
async def test_what_is_raised_is_a_failure(raised: BaseException, failure: Failed) -> None:
    async def fail(_: Order) -> NoReturn:
        await asyncio.sleep(0)
        raise raised

    assert await only_result(SWEEP, fail) == failure


@virtual
async def test_how_long_the_back_end_wants_to_be_left_alone_is_part_of_its_failure() -> None:
    async def fail(_: Order) -> Result:
        raise BackendUnavailable("not ready", retry_after=10.0)

    assert await only_result(SWEEP, fail) == Failed(SWEEP, "not ready", unavailable=True, retry_after=10.0)


@pytest.mark.parametrize(
    ("result", "told"),
    [
        (Failed(FINISH, "no route"), ["site: job 1 not finished yet: no route"]),
        (Finished(FINISH, {}, {JobId("1"): "lost"}), ["site: job 1 not finished yet: lost"]),
        (
            Finished(FINISH, {}, {JobId("2"): "lost", JobId("3"): "late"}),
            ["site: job 2 and 1 more not finished yet: lost"],
        ),
        (Finished(FINISH, {JobId("1"): Ending(JobStatus.COMPLETED)}), []),
        (Failed(SWEEP, "no route"), []),
    ],
)
@virtual
async def test_why_a_job_goes_on_completing_is_in_the_log(
    result: Result, told: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    async def answer(_: Order) -> Result:
        return result

    caplog.set_level(logging.INFO, "ganga.monitor.errands")
    await only_result(FINISH, answer)
    assert caplog.messages == told


@virtual
async def test_trouble_with_the_store_is_our_own() -> None:
    async def fail(_: Order) -> NoReturn:
        raise StoreUnavailable("the disk is full")

    assert await only_result(SUBMIT, fail) == Failed(SUBMIT, "the disk is full", ours=True)


@virtual
async def test_a_damaged_store_is_our_own_trouble_too() -> None:
    async def fail(_: Order) -> NoReturn:
        raise StoreDamaged("malformed")

    assert await only_result(SUBMIT, fail) == Failed(SUBMIT, "malformed", ours=True)


class Damaged(MemoryStore):
    async def change_budget(self, name: BudgetName, change: BudgetChange[ResultT]) -> ResultT:
        raise StoreDamaged(f"no {name}: {change}")


@virtual
async def test_an_order_whose_budget_cannot_be_read_ends_in_a_result() -> None:
    async def answer(_: Order) -> Result:
        raise AssertionError

    inbox = Inbox()
    async with errands(answer, inbox, store=Damaged(), allowance=Allowance(ceiling=1.0, strict=True)) as out:
        out.begin(SWEEP)
        [result] = await inbox.take(100.0)
        assert isinstance(result, Failed)
        assert result.ours


@virtual
async def test_an_answer_is_kept_whose_complaint_cannot_be_noted() -> None:
    async def fail(_: Order) -> NoReturn:
        raise Overloaded("too many requests")

    inbox = Inbox()
    async with errands(fail, inbox, store=Damaged()) as out:
        out.begin(SWEEP)
        refused = Failed(SWEEP, "too many requests", unavailable=True, overloaded=True)
        assert await inbox.take(100.0) == [refused]


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


@pytest.mark.parametrize(
    ("order", "seconds", "slow", "reason"),
    [
        (SWEEP, 2.0, None, None),
        (SWEEP, 1e9, None, "an answer took 5.0 seconds"),
        (SWEEP, 2.0, 1.5, "an answer took 2.0 seconds"),
        (SWEEP, 1.0, 1.5, None),
        (SUBMIT, 1e9, 1.5, None),
        (FINISH, 1e9, 1.5, None),
    ],
)
@virtual
async def test_slow_answers_are_complaints(
    order: Order, seconds: float, slow: float | None, reason: str | None
) -> None:
    async def answer(_: Order) -> Result:
        await asyncio.sleep(seconds)
        return Answered(SWEEP, Answer())

    inbox, store = Inbox(), MemoryStore()
    async with errands(answer, inbox, store=store, allowance=Allowance(slow=slow)) as out:
        out.begin(order)
        await inbox.take(None)
    assert [budget.reason for budget in (await store.budgets()).values()] == ([] if reason is None else [reason])


@virtual
async def test_that_we_stood_still_ourselves_is_no_complaint() -> None:
    async def answer(_: Order) -> Result:
        await asyncio.sleep(1.0)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        loop.clock.advance(3600.0)
        return Answered(SWEEP, Answer())

    inbox, store = Inbox(), MemoryStore()
    async with errands(answer, inbox, store=store, allowance=Allowance(slow=3.0)) as out:
        out.begin(SWEEP)
        await inbox.take(None)
    assert not await store.budgets()


@virtual
async def test_an_overloaded_target_is_one_whose_budget_is_cut() -> None:
    async def refuse(_: Order) -> NoReturn:
        raise Overloaded("not ready (429)", retry_after=7.0)

    inbox, store = Inbox(), MemoryStore()
    async with errands(refuse, inbox, store=store) as out:
        out.begin(SUBMIT)
        refused = Failed(SUBMIT, "not ready (429)", unavailable=True, retry_after=7.0, overloaded=True)
        assert await inbox.take(None) == [refused]
    [budget] = (await store.budgets()).values()
    assert (budget.reason, budget.rest) == ("not ready (429)", 7.0)


@virtual
async def test_only_the_first_request_to_end_a_job_may_have_of_the_reserve() -> None:
    async def carry_out(order: Order) -> Result:
        assert isinstance(order, Kill)
        return KillSent(order)

    inbox, store, allowance = Inbox(), MemoryStore(), Allowance(rise=0.0)
    complaint = Complaint(clock().utc, "429")
    await store.change_budget(
        own_budget(NAME), lambda _, at: (cut(full(allowance, at), allowance, at, complaint), None)
    )
    first = Kill(NAME, (NativeId("a"),))
    repeated = replace(first, again=True)
    async with errands(carry_out, inbox, store=store, allowance=allowance) as out:
        for kill in (repeated, first):
            out.begin(kill)
        assert await inbox.take(1.0) == [KillSent(first)]
        assert await inbox.take(2.0 * (allowance.reserve + 1.0) / allowance.floor) == [KillSent(repeated)]


@virtual
async def test_what_waits_for_the_budget_is_not_waited_for_and_has_not_begun() -> None:
    carry_out = Counter(1.0)
    inbox, store, allowance = Inbox(), MemoryStore(), Allowance(strict=True)
    asked = Complaint(clock().utc, "503", retry_after=3000.0)
    await store.change_budget(own_budget(NAME), lambda _, at: (cut(full(allowance, at), allowance, at, asked), None))
    async with errands(carry_out, inbox, store=store, allowance=allowance) as out:
        out.begin(SUBMIT)
        assert await inbox.take(100.0) == []
        left = now()
    assert (now(), carry_out.done, carry_out.cancelled) == (left, 0, 0)


@virtual
async def test_a_store_that_is_away_costs_a_question_and_no_blame() -> None:
    class Away(MemoryStore):
        async def change_budget(self, name: BudgetName, change: BudgetChange[ResultT]) -> ResultT:
            raise StoreUnavailable(f"no {name}: {change}")

    async def refuse(_: Order) -> NoReturn:
        raise Overloaded("not ready")

    inbox = Inbox()
    async with errands(Counter(1.0), inbox, store=Away(), allowance=Allowance(strict=True)) as out:
        out.begin(SWEEP)
        [result] = await inbox.take(None)
        assert isinstance(result, Failed)
        assert result.ours
    async with errands(refuse, inbox, store=Away()) as out:
        out.begin(SWEEP)
        refused = Failed(SWEEP, "not ready", unavailable=True, overloaded=True)
        assert await inbox.take(None) == [refused], "what it says is not lost"
