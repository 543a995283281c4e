"""Tests of what is true of the jobs of the benchmarks."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ganga.model.status import JobStatus
from tests.bench.scale.truth import Truth

moments = st.floats(-5.0, 50.0)
truths = st.builds(
    Truth, st.integers(0, 100), st.integers(0, 100), st.just(1_768_000_000.0), st.floats(0.1, 100.0, allow_nan=False)
)


@given(truths, st.lists(moments, min_size=2, max_size=10))
def test_whoever_asks_for_news_hears_of_each_change_once_and_when_it_is_true(truth: Truth, times: list[float]) -> None:
    asked = sorted(truth.begins_at + seconds for seconds in times)
    told = [index for since, until in pairwise(asked) for index in truth.changed(since, until)]
    assert told == list(truth.changed(asked[0], asked[-1]))
    assert all(index in range(truth.first, truth.first + truth.count) for index in told)
    for index in told:
        assert truth.observe(index, asked[-1]) == truth.changed_or_not(index, changed=True)
        assert truth.observe(index, asked[0]) == truth.changed_or_not(index, changed=False)


@given(truths, moments)
def test_what_changed_before_stays_so(truth: Truth, seconds: float) -> None:
    later = truth.next(10, truth.begins_at + 1000.0, 1.0)
    for index in range(later.first):
        seen = later.observe(index, truth.begins_at + seconds)
        assert seen.status is (JobStatus.COMPLETED if index % 2 else JobStatus.RUNNING)
