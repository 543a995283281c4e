from hypothesis import given
from hypothesis import strategies as st

from tests.chaos.plan import SPANS, Kind, schedule

seeds = st.integers(0, 2**32)
lengths = st.floats(0.0, 600.0)
some_kinds = st.sets(st.sampled_from(Kind))
numbers_of_hosts = st.integers(1, 5)


@given(seeds, lengths, some_kinds, numbers_of_hosts)
def test_the_same_seed_makes_the_same_plan(seed: int, seconds: float, kinds: set[Kind], hosts: int) -> None:
    again = schedule(seed, seconds, sorted(kinds, reverse=True), hosts=hosts)
    assert schedule(seed, seconds, kinds, hosts=hosts) == again


@given(seeds, lengths, some_kinds, numbers_of_hosts)
def test_faults_come_in_order_and_are_over_in_time(seed: int, seconds: float, kinds: set[Kind], hosts: int) -> None:
    faults = schedule(seed, seconds, kinds, hosts=hosts)
    assert list(faults) == sorted(faults, key=lambda fault: fault.at)
    for fault in faults:
        assert fault.kind in kinds
        assert 0 <= fault.host < hosts + SPANS[fault.kind].others
        assert fault.at > 0
        assert fault.until <= seconds
        assert SPANS[fault.kind].shortest <= fault.seconds <= SPANS[fault.kind].longest
        assert 0 <= fault.degree <= 1


@given(seeds, lengths, some_kinds, numbers_of_hosts)
def test_nothing_is_struck_by_two_faults_at_once(seed: int, seconds: float, kinds: set[Kind], hosts: int) -> None:
    over: dict[tuple[str, int], float] = {}
    for fault in schedule(seed, seconds, kinds, hosts=hosts):
        assert over.get(fault.subject, 0.0) <= fault.at
        over[fault.subject] = fault.until


@given(seeds)
def test_there_is_one_fail_over_at_most(seed: int) -> None:
    faults = schedule(seed, 600.0, {Kind.FAILOVER, Kind.KILL})
    assert sum(fault.kind is Kind.FAILOVER for fault in faults) <= 1


def test_in_the_long_run_everything_goes_wrong() -> None:
    assert {fault.kind for fault in schedule(1, 3600.0, list(Kind))} == set(Kind)


def test_other_seeds_make_other_plans() -> None:
    assert schedule(1, 60.0, list(Kind)) != schedule(2, 60.0, list(Kind))
