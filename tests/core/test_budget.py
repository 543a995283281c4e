"""The rate stays inside its bounds, no more is spent than it allows, and it finds the limit of a service."""

from collections.abc import Iterator
from itertools import pairwise
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from ganga.core.budget import (
    AHEAD,
    DECREASE,
    LULL,
    SETTLING,
    Complaint,
    aged,
    believed,
    cut,
    full,
    is_whole,
    noted,
    spent,
)
from ganga.core.rest import Rest
from ganga.model.budget import Budget
from ganga.model.clock import Utc
from ganga.model.policy import Allowance

MINUTE = Allowance(ceiling=1.0, floor=0.1, burst=10.0)
ROUNDING = 1e-3


def complaint(took: float = 0.0, retry_after: float | None = None) -> Complaint:
    return Complaint(Utc(1.8e9), "429", took, retry_after)


@st.composite
def allowances(draw: st.DrawFn) -> Allowance:
    floor = draw(st.floats(0.001, 5.0))
    return Allowance(
        floor=floor,
        ceiling=draw(st.floats(floor, 50.0)),
        rise=draw(st.floats(0.0, 1.0)),
        burst=draw(st.floats(2.0, 50.0)),
    )


#: Seconds that pass; clocks are also set back.
passing = st.floats(-100.0, 10_000.0)
deeds = st.one_of(
    st.tuples(st.integers(1, 20), st.booleans()),
    st.builds(complaint, st.floats(0.0, 100.0), st.none() | st.floats(0.0, 1e9)),
    st.none(),
)


@given(allowances(), st.lists(st.tuples(passing, deeds), max_size=40))
def test_whatever_happens_rate_and_tokens_keep_their_bounds(
    allowance: Allowance, story: list[tuple[float, tuple[int, bool] | Complaint | None]]
) -> None:
    budget, now = full(allowance, 0.0), 0.0
    for seconds, deed in story:
        now += seconds
        match deed:
            case None:
                budget = noted(budget, allowance, now)
            case Complaint():
                budget = cut(budget, allowance, now, deed)
            case (calls, urgent):
                budget, grant = spent(budget, allowance, now, calls, urgent=urgent)
                assert 0 <= grant.calls <= calls
                assert (grant.calls > 0) != (grant.wait > 0)
        assert allowance.floor <= budget.rate <= allowance.ceiling
        assert 0.0 <= budget.tokens <= allowance.burst
        assert 0.0 <= budget.rest <= Rest.LONGEST
        assert budget.use >= 0.0


@given(allowances(), st.lists(st.tuples(st.floats(0.0, 100.0), st.integers(1, 20), st.booleans()), max_size=60))
def test_over_any_interval_no_more_is_spent_than_the_ceiling_and_a_burst_allow(
    allowance: Allowance, story: list[tuple[float, int, bool]]
) -> None:
    budget, now = full(allowance, 0.0), 0.0
    spending: list[tuple[float, int]] = []
    for seconds, calls, urgent in story:
        now += seconds
        budget, grant = spent(budget, allowance, now, calls, urgent=urgent)
        spending.append((now, grant.calls))
    for first, (begin, _) in enumerate(spending):
        total = 0
        for end, calls in spending[first:]:
            total += calls
            assert total <= allowance.ceiling * (end - begin) + allowance.burst + ROUNDING


@given(allowances(), st.integers(0, 60), st.booleans())
def test_who_waits_as_long_as_it_is_told_gets_a_call(allowance: Allowance, before: int, urgent: bool) -> None:
    budget = full(allowance, 0.0)
    for _ in range(before):
        budget, _ = spent(budget, allowance, 0.0, 1, urgent=urgent)
    grant = spent(budget, allowance, 0.0, 1, urgent=urgent)[1]
    assert spent(budget, allowance, grant.wait, 1, urgent=urgent)[1].calls == 1


def test_polls_leave_the_reserve_to_people() -> None:
    budget, grant = spent(full(MINUTE, 0.0), MINUTE, 0.0, 100, urgent=False)
    assert grant.calls == MINUTE.burst - MINUTE.reserve
    unchanged, grant = spent(budget, MINUTE, 0.0, 1, urgent=False)
    assert unchanged is budget, "who only waits changes nothing"
    assert grant.wait == 1.0
    assert spent(budget, MINUTE, 0.0, 100, urgent=True)[1].calls == MINUTE.reserve


def test_a_complaint_cuts_what_was_really_used() -> None:
    budget = full(MINUTE, 0.0)
    for second in range(300):
        budget = noted(budget, MINUTE, second * 2.0)
    after = cut(budget, MINUTE, 600.0, complaint())
    assert abs(after.rate - DECREASE * 0.5) < 0.02
    assert (after.cut_at, after.reason) == (1.8e9, "429")
    assert not is_whole(after, MINUTE)


def test_complaints_about_the_same_calls_cut_once() -> None:
    budget = replace(full(MINUTE, 0.0), use=1.0)
    once = cut(budget, MINUTE, 0.0, complaint(took=30.0))
    assert cut(once, MINUTE, 29.0, complaint()).rate == aged(once, MINUTE, 29.0).rate
    assert cut(once, MINUTE, 31.0, complaint()).rate < once.rate
    quick = cut(budget, MINUTE, 0.0, complaint())
    assert cut(quick, MINUTE, SETTLING - 1, complaint()).rate >= quick.rate


@given(st.floats(0.1, Rest.LONGEST), st.booleans())
def test_a_service_that_asks_to_be_left_alone_is(seconds: float, urgent: bool) -> None:
    budget = cut(full(MINUTE, 0.0), MINUTE, 0.0, complaint(retry_after=seconds))
    assert spent(budget, MINUTE, seconds * 0.99, 1, urgent=urgent)[1].calls == 0
    assert spent(budget, MINUTE, seconds * 1.01, 1, urgent=True)[1].calls == 1
    again = cut(budget, MINUTE, 0.0, complaint(retry_after=seconds / 2))
    assert again.rest == budget.rest, "the longest of several counts"


def test_after_a_rest_there_is_no_rush() -> None:
    budget = cut(full(MINUTE, 0.0), MINUTE, 0.0, complaint(retry_after=600.0))
    after = aged(budget, MINUTE, 600.0)
    assert (after.tokens, after.rate) == (MINUTE.reserve, budget.rate)


def test_a_pause_of_ours_says_little_about_the_service() -> None:
    budget = cut(full(MINUTE, 0.0), MINUTE, 0.0, complaint())
    assert aged(budget, MINUTE, 1e6).rate == MINUTE.floor + LULL * MINUTE.rise


def test_other_bounds_hold_at_once() -> None:
    budget = full(Allowance(ceiling=100.0, burst=50.0), 0.0)
    after = aged(budget, MINUTE, 0.0)
    assert (after.rate, after.tokens) == (MINUTE.ceiling, MINUTE.burst)


@settings(max_examples=10)
@given(st.floats(0.2, 2.0), st.integers(0, 2**32))
def test_it_settles_just_below_the_limit_of_a_service_and_follows_it(limit: float, seed: int) -> None:
    """The limit is hidden, and rises to the double after two hours."""
    allowance = Allowance(strict=True)
    told = list(_served(allowance, limit, Random(seed)))
    settled = [calls for begin, calls, _ in told if 3600 <= begin < 7200]
    later = [calls for begin, calls, _ in told if begin >= 10_800]
    for calls, bound in ((settled, limit), (later, 2 * limit)):
        assert 0.7 * bound < sum(calls) / (600 * len(calls)) <= bound * 1.02
    refused = sum(refusals for begin, _, refusals in told if begin >= 3600)
    assert refused < 0.05 * sum(calls for begin, calls, _ in told if begin >= 3600)


def _served(allowance: Allowance, limit: float, random: Random) -> Iterator[tuple[int, int, int]]:
    """Ask as often as the budget allows, for four hours; for each ten minutes the calls that were served and those
    that were refused.
    """
    budget, now, bucket, last = full(allowance, 0.0), 0.0, 5.0, 0.0
    for begin, end in pairwise(range(0, 14_401, 600)):
        served = refused = 0
        while now < end:
            budget, grant = spent(budget, allowance, now, 1, urgent=False)
            if not grant.calls:
                now += grant.wait * random.uniform(1.0, 1.1)
                continue
            bucket = min(5.0, bucket + (now - last) * (2 * limit if now >= 7200 else limit))
            last = now
            if bucket >= 1.0:
                bucket, served = bucket - 1.0, served + 1
            else:
                refused, budget = refused + 1, cut(budget, allowance, now, complaint())
            now += 0.1
        yield begin, served, refused


def test_a_budget_is_data() -> None:
    assert full(MINUTE, 5.0) == Budget(at=5.0, rate=1.0, tokens=10.0)


anything = st.floats() | st.sampled_from([-1e300, -1.0, 0.0, 1e300])


@given(
    allowances(),
    st.builds(Budget, at=anything, rate=anything, tokens=anything, use=anything, rest=anything, settling=anything),
    st.floats(0.0, 4e9),
)
def test_whatever_another_wrote_there_stops_nobody_for_long(allowance: Allowance, budget: Budget, now: float) -> None:
    before = believed(budget, allowance, now)
    later = now + AHEAD + Rest.LONGEST + (1.0 + allowance.burst) / allowance.floor
    assert spent(before, allowance, later, 1, urgent=False)[1].calls == 1
    cut_again = cut(before, allowance, now, complaint(took=1e9))
    assert believed(cut_again, allowance, now) == cut_again


@given(allowances(), st.lists(st.tuples(st.floats(-20.0, 10_000.0), deeds), max_size=20))
def test_what_comes_about_by_the_rules_is_believed(
    allowance: Allowance, story: list[tuple[float, tuple[int, bool] | Complaint | None]]
) -> None:
    budget, now = full(allowance, 0.0), 0.0
    for seconds, deed in story:
        now += seconds
        assert believed(budget, allowance, now) is budget
        match deed:
            case None:
                budget = noted(budget, allowance, now)
            case Complaint():
                budget = cut(budget, allowance, now, deed)
            case (calls, urgent):
                budget, _ = spent(budget, allowance, now, calls, urgent=urgent)
    assert believed(None, allowance, now) == full(allowance, now)


def test_a_clock_that_is_far_behind_begins_anew() -> None:
    drained = replace(full(MINUTE, 1e9), tokens=0.0)
    assert believed(drained, MINUTE, 1e9 - AHEAD) is drained
    assert believed(drained, MINUTE, 1e9 - AHEAD - 1.0) == full(MINUTE, 1e9 - AHEAD - 1.0)
