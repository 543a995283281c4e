"""Evidence, denials, and silence, from which nothing follows."""

from msgspec.structs import replace

from ganga.core.orders import Answered, CatchUp, Order, Sweep
from ganga.core.tracker import Tracker
from ganga.model.ids import Cursor, JobId, NativeId
from ganga.model.observation import Answer, Observation
from ganga.model.status import JobStatus
from tests.core.examples import digest, moment, record, seen, told, tracker

RUNNING = record(status=JobStatus.RUNNING)
N1, N2 = NativeId("n1"), NativeId("n2")


def due(target: Tracker, seconds: float) -> Order:
    [order] = target.due(moment(seconds))
    return order


def sweep(target: Tracker, seconds: float) -> Sweep:
    order = due(target, seconds)
    assert isinstance(order, Sweep)
    return order


def answer(**said: Observation) -> Answer:
    return Answer({NativeId(native_id): observation for native_id, observation in said.items()})


def test_a_whole_answer_without_news_is_noted_with_the_target_alone() -> None:
    target = tracker(RUNNING)
    update = digest(target, 1, Answered(sweep(target, 0), answer(n1=seen())))
    assert (update.records, update.events) == ((), ())
    assert update.state is not None
    assert update.state.confirmed_at == 1000.0


def test_who_is_left_out_falls_silent_and_is_not_confirmed() -> None:
    target = tracker(RUNNING, record("2", JobStatus.RUNNING))
    update = digest(target, 1, Answered(sweep(target, 0), answer(n2=seen())))
    assert told(update) == ["fell_silent"]
    silent = target.record(JobId("1"))
    assert silent is not None
    assert (silent.status, silent.silent_since, silent.confirmed(target.state)) == (JobStatus.RUNNING, 1001.0, 950.0)
    assert told(digest(target, 400, Answered(sweep(target, 400), answer(n2=seen())))) == []
    assert told(digest(target, 800, Answered(sweep(target, 800), answer(n1=seen(), n2=seen())))) == ["heard_again"]


def test_parts_are_one_answer() -> None:
    target = tracker(RUNNING, record("2", JobStatus.RUNNING))
    order = sweep(target, 0)
    first = digest(target, 1, Answered(order, answer(n1=seen()), last=False))
    second = digest(target, 2, Answered(order, answer(n2=seen())))
    assert (told(first), told(second)) == ([], [])
    assert second.state is not None


def test_denials_for_long_make_a_job_lost_and_evidence_overturns_that() -> None:
    target = tracker(RUNNING)
    news = []
    for seconds in (0, 100, 200):
        order = sweep(target, seconds)
        news += told(digest(target, seconds, Answered(order, Answer(absent=frozenset({N1, N2})))))
    assert news == ["fell_silent", "running -> lost"]
    lost = target.record(JobId("1"))
    assert lost is not None
    assert lost.reason == "slurm has denied for 1 minutes that it knows n1; how it ended is not known"
    assert target.due(moment(900)) == []
    late = Answered(CatchUp(target.name, None), answer(n1=seen()))
    assert told(digest(target, 901, late)) == ["lost -> running"]


def test_a_feed_denies_nothing_and_silences_nobody() -> None:
    target = tracker(RUNNING, feed=True)
    orders = target.due(moment(0))
    feed = orders[1]
    assert isinstance(feed, CatchUp)
    assert feed.since is None
    for _ in range(5):
        update = digest(target, 500, Answered(feed, Answer(absent=frozenset({N1}), cursor=Cursor("c7"))))
        assert not update.records
    assert target.state.cursor == "c7"
    again = target.due(moment(600))
    assert [order.since for order in again if isinstance(order, CatchUp)] == ["c7"]


def test_an_answer_that_was_overtaken_is_no_news_but_an_end_is() -> None:
    target = tracker(record(), feed=True)
    old, new = target.due(moment(0))
    assert isinstance(old, Sweep)
    assert isinstance(new, CatchUp)
    assert told(digest(target, 1, Answered(new, answer(n1=seen())))) == ["submitted -> running"]
    late = seen(JobStatus.HELD, "PD")
    assert told(digest(target, 2, Answered(old, answer(n1=late), last=False))) == []
    end = seen(JobStatus.COMPLETED, "CD")
    assert told(digest(target, 3, Answered(old, answer(n1=end)))) == ["running -> completing"]


def test_an_answer_given_twice_counts_once() -> None:
    target = tracker(RUNNING)
    order = sweep(target, 0)
    digest(target, 1, Answered(order, answer(n1=seen())))
    again = digest(target, 2, Answered(order, answer(n1=seen())))
    assert not again
    assert target.next_wakeup() == 60.0


def test_strangers_are_none_of_its_business() -> None:
    target = tracker(RUNNING)
    update = digest(target, 1, Answered(sweep(target, 0), answer(n1=seen(), n9=seen(JobStatus.FAILED))))
    assert update.records == ()


def test_what_it_wanted_again_begins_when_it_is_lost() -> None:
    target = tracker(replace(RUNNING, wanted_attempt=2))
    news = []
    for seconds in (0, 100, 200):
        order = sweep(target, seconds)
        news += told(digest(target, seconds, Answered(order, Answer(absent=frozenset({N1})))))
    assert news == ["fell_silent", "running -> lost", "lost -> submitting"]
