"""Many targets, none of which waits for another."""

from ganga.core.orders import Answered, Failed, Requested, Sweep
from ganga.core.tracker import Tracker
from ganga.model.ids import NativeId, TargetName
from ganga.model.observation import Answer
from tests.core.examples import TARGET, moment, record, seen, tracker


def test_a_target_that_fails_or_hangs_costs_the_others_nothing() -> None:
    bad, good = tracker(record()), tracker(record())
    bad.name = TargetName("bad")
    both = Tracker([bad])
    both.add(good)
    for turn in range(20):
        orders = both.due(moment(turn * 10.0))
        for order in orders:
            if order.target == TARGET:
                assert isinstance(order, Sweep)
                answer = Answer({NativeId("n1"): seen()})
                both.receive(TARGET, [Answered(order, answer)], moment(turn * 10.0 + 1))
            elif turn:
                both.receive(bad.name, [Failed(order, "no route")], moment(turn * 10.0 + 1))
        assert both.next_wakeup() is not None
    assert good.state.confirmed_at is not None
    assert good.state.down_since is None


def test_news_of_a_target_that_is_no_longer_ours_changes_nothing() -> None:
    one = Tracker([tracker(record())])
    assert (TARGET in one, one[TARGET].name, repr(one)) == (True, TARGET, "<Tracker slurm: 1 jobs>")
    one.remove(TARGET)
    one.remove(TARGET)
    assert not one.receive(TARGET, [Requested(TARGET, (record(),))], moment(0))
    assert (list(one), one.next_wakeup(), one.due(moment(0))) == ([], None, [])
