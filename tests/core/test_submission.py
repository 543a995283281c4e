"""From the intent to the native id, once."""

from msgspec.structs import replace

from ganga.core.orders import Failed, Find, Found, Kill, Order, Requested, Submit, Submitted
from ganga.core.tracker import Tracker
from ganga.model.ids import JobId, NativeId
from ganga.model.status import JobStatus
from tests.core.examples import TARGET, digest, moment, record, told, tracker

WAITING = record(status=JobStatus.SUBMITTING)
ONE = (JobId("1"),)
N1 = NativeId("n1")


def next_order(target: Tracker) -> tuple[float, Order]:
    wakeup = target.next_wakeup()
    assert wakeup is not None
    seconds = max(wakeup, 0.0)
    [order] = target.due(moment(seconds))
    return seconds, order


def test_what_is_accepted_is_submitted() -> None:
    target = tracker(WAITING)
    _, order = next_order(target)
    assert order == Submit(TARGET, ONE)
    assert told(digest(target, 1, Submitted(order, {ONE[0]: N1}))) == ["submitting -> submitted"]


def test_what_is_refused_has_failed_and_says_why() -> None:
    target = tracker(WAITING)
    update = digest(target, 1, Submitted(Submit(TARGET, ONE), {}, {ONE[0]: "no such queue"}))
    assert (told(update), update.events[0].reason) == (["submitting -> failed"], "no such queue")
    assert len(target) == 0


def test_what_failed_or_was_passed_over_is_looked_for_before_it_is_submitted_again() -> None:
    for failed in (True, False):
        target = tracker(WAITING)
        seconds, order = next_order(target)
        assert isinstance(order, Submit)
        digest(target, seconds, Failed(order, "no route") if failed else Submitted(order))
        for reply in ({}, {"absent": frozenset(ONE)}):
            seconds, order = next_order(target)
            assert order == Find(TARGET, ONE)
            digest(target, seconds, Failed(order, "no route"))
            seconds, order = next_order(target)
            assert order == Find(TARGET, ONE)
            digest(target, seconds, Found(order, {}, frozenset(reply.get("absent", ()))))
        seconds, order = next_order(target)
        assert order == Submit(TARGET, ONE)


def test_what_keeps_vanishing_is_submitted_at_once_the_first_time_and_then_ever_more_slowly() -> None:
    target = tracker(WAITING, in_doubt=True)
    waits = []
    for _ in range(4):
        denied, order = next_order(target)
        assert order == Find(TARGET, ONE)
        digest(target, denied, Found(order, {}, frozenset(ONE)))
        seconds, order = next_order(target)
        assert isinstance(order, Submit)
        digest(target, seconds, Submitted(order))
        waits.append(seconds - denied)
    assert waits[0] <= 0.01
    assert waits[1] > 0.01
    assert waits == sorted(waits)


def test_what_is_found_is_not_submitted_again() -> None:
    target = tracker(WAITING, in_doubt=True)
    seconds, order = next_order(target)
    assert order == Find(TARGET, ONE)
    assert told(digest(target, seconds, Found(Find(TARGET, ONE), {ONE[0]: N1}))) == ["submitting -> submitted"]


def test_a_kill_waits_for_the_submission_to_be_settled() -> None:
    killed = Requested(TARGET, (replace(WAITING, kill_requested_by="ada"),))
    target = tracker(WAITING)
    _, order = next_order(target)
    assert isinstance(order, Submit)
    assert told(digest(target, 1, killed)) == []
    digest(target, 2, Submitted(order, {ONE[0]: N1}))
    assert Kill(TARGET, (N1,)) in target.due(moment(3))

    target = tracker(WAITING, in_doubt=True)
    _, order = next_order(target)
    assert isinstance(order, Find)
    assert told(digest(target, 1, killed)) == []
    update = digest(target, 2, Found(order, {}, frozenset(ONE)))
    assert told(update) == ["submitting -> killed"]
    assert update.events[0].reason == "killed as ada asked, before it was submitted"


def test_a_kill_before_the_submission_is_at_once() -> None:
    for status in (JobStatus.SUBMITTING, JobStatus.NEW):
        waiting = record(status=status)
        target = tracker(waiting)
        update = digest(target, 1, Requested(TARGET, (replace(waiting, kill_requested_by="ada"),)))
        assert told(update) == [f"{status} -> killed"]
        assert (target.due(moment(2)), len(target)) == ([], 0)
