import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.errors import EventsForgotten
from ganga.model.clock import Utc
from ganga.model.event import Event, EventKind
from ganga.model.ids import Seq, TargetName
from ganga.store.log import Log

EVENT = Event(at=Utc(0.0), kind=EventKind.TARGET_UP, target=TargetName("here"))


def seqs(log: Log, after: int = 0) -> list[int]:
    return [event.seq for event in log.read(Seq(after), 100, None)]


@given(told=st.integers(0, 6), up_to=st.integers(0, 8), limit=st.integers(1, 4), more=st.integers(0, 3))
def test_no_number_is_given_twice(told: int, up_to: int, limit: int, more: int) -> None:
    log = Log()
    log.tell([EVENT] * told)
    steps = 1
    while log.forget(Seq(up_to), limit):
        steps += 1
    assert steps == max(1, -(-min(up_to, told) // limit))
    log.tell([EVENT] * more)
    assert seqs(log) == list(range(min(up_to, told) + 1, told + more + 1))
    assert log.last == told + more


def test_who_reads_on_behind_what_was_forgotten_is_told() -> None:
    log = Log()
    log.tell([EVENT] * 5)
    log.forget(Seq(3), 100)
    assert seqs(log, 3) == [4, 5]
    with pytest.raises(EventsForgotten, match="events behind 2 are no longer all in the store: those up to 3"):
        seqs(log, 2)


def test_what_comes_back_is_seen_when_all_of_it_is_there() -> None:
    log = Log()
    events = log.tell([EVENT] * 4)
    log.forget(Seq(3), 100)
    log.load(reversed(events[1:]))
    log.load(events)
    assert seqs(log) == [4]
    log.forgotten = Seq(0)
    assert seqs(log) == [1, 2, 3, 4]
    assert len(log) == 4
