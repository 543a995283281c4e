"""A count hastens a question, and decides nothing."""

from msgspec.structs import replace

from ganga.core.census import Census, Ours
from ganga.core.orders import Answered, CatchUp, Recall, Recalled, Sweep
from ganga.core.tracker import Tracker
from ganga.model.ids import NativeId
from ganga.model.job import JobRecord
from ganga.model.observation import Answer, Observation
from ganga.model.status import JobStatus as S
from tests.core.examples import TARGET, digest, moment, record, seen, tracker


def ours(live: int, arrived: int = 100, *, settled: bool = True) -> Ours:
    return Ours(live, arrived, settled)


def count(census: Census, there: int, live: int, after: int | None = None, *, others: int = 0) -> bool:
    """Ask while so many are believed to live, and hear of the ends of some while they count."""
    census.asked(ours(live))
    census.ended(others)
    return census.counted(there, ours(live if after is None else after))


def test_the_first_count_is_only_remembered() -> None:
    assert not count(Census(), there=5, live=10)


def test_what_vanishes_is_missed_once() -> None:
    census = Census()
    assert [count(census, there, live=10) for there in (17, 17, 16, 16)] == [False, False, True, False]


def test_an_end_that_is_known_is_not_missing() -> None:
    census = Census()
    count(census, there=17, live=10)
    assert not count(census, there=14, live=10, after=7)
    assert not count(census, there=14, live=7)


def test_an_end_between_the_count_and_the_answer_is_not_missing_later() -> None:
    census = Census()
    count(census, there=17, live=10, after=8)
    assert not count(census, there=15, live=8)
    assert count(census, there=14, live=8)


def test_ends_of_other_jobs_are_not_missing() -> None:
    census = Census()
    count(census, there=17, live=10)
    assert not count(census, there=14, live=10, others=3)
    assert not count(census, there=14, live=10)


def test_those_told_with_the_count_may_have_come_before_it_or_after() -> None:
    census = Census()
    count(census, there=17, live=10)
    assert not count(census, there=17, live=10, others=2)
    assert not count(census, there=15, live=10)
    assert count(census, there=14, live=10)


def test_ends_of_others_told_without_a_count_count_too() -> None:
    census = Census()
    count(census, there=17, live=10)
    census.asked(ours(10))
    census.ended(4)
    assert not count(census, there=13, live=10)


def test_new_jobs_of_others_are_nothing_to_miss() -> None:
    census = Census()
    assert [count(census, there, live=10) for there in (10, 50, 50)] == [False, False, False]
    assert count(census, there=49, live=10)


def test_while_jobs_are_submitted_or_arrive_nothing_is_compared() -> None:
    for asked, heard in (
        (ours(10, settled=False), ours(10)),
        (ours(10), ours(10, settled=False)),
        (ours(10), ours(11, arrived=101)),
    ):
        census = Census()
        count(census, there=17, live=10)
        census.asked(asked)
        assert not census.counted(1, heard)
        assert not count(census, there=1, live=10), "nor with what was counted before"


# What follows for the target

RUNNING = [replace(record(str(number), S.RUNNING), confirmed_at=1000.0) for number in (1, 2, 3)]
SEEN = {NativeId(f"n{number}"): seen() for number in (1, 2, 3)}


def followed(*records: JobRecord) -> Tracker:
    """A target whose jobs were swept at its start, and whose next sweep is far away."""
    target = tracker(*records, feed=True)
    for order in target.due(moment(0)):
        if isinstance(order, Sweep):
            digest(target, 0.1, Answered(order, Answer({name: SEEN[name] for name in order.ids})))
        elif isinstance(order, CatchUp):
            digest(target, 0.1, Answered(order, Answer(living=3)))
    return target


def catch_up(target: Tracker, at: float, living: int, **news: Observation) -> None:
    [order] = [order for order in target.due(moment(at)) if isinstance(order, CatchUp)]
    answer = Answer({NativeId(name): told for name, told in news.items()}, living=living)
    digest(target, at, *([] if not news else [Recalled(Recall(TARGET, tuple(answer.seen)))]), Answered(order, answer))


def sweeps_from(target: Tracker) -> float:
    """When the next sweep is due."""
    at = target._roster.sweeper.next_wakeup()
    assert at is not None
    return at


def test_a_job_that_is_missing_brings_the_sweep_forward_to_its_fastest_pace() -> None:
    target = followed(*RUNNING)
    assert sweeps_from(target) == 60.0
    catch_up(target, 6, living=3)
    assert sweeps_from(target) == 60.0
    catch_up(target, 12, living=2)
    assert sweeps_from(target) == 12.0, "the last one began more than the fastest pace ago"
    assert len(target) == 3, "no job is changed"


def test_no_sweep_is_more_often_than_the_fastest_pace() -> None:
    target = followed(*RUNNING)
    catch_up(target, 6, living=2)
    assert sweeps_from(target) == 10.0


def test_jobs_of_others_that_end_hasten_nothing() -> None:
    target = followed(*RUNNING)
    catch_up(target, 6, living=4, x1=seen())
    catch_up(target, 12, living=3, x1=seen(S.COMPLETED, "CD"))
    assert sweeps_from(target) == 60.0


def test_without_a_count_nothing_is_new() -> None:
    target = followed(*RUNNING)
    [order] = [order for order in target.due(moment(6)) if isinstance(order, CatchUp)]
    digest(target, 6, Answered(order, Answer()))
    assert sweeps_from(target) == 60.0
