"""Jobs of others that are followed are known by number."""

import pytest

from ganga.backends.dirac import others
from ganga.backends.dirac.others import Others
from ganga.backends.dirac.road import JobState


def states(owner: str, *numbers: int) -> list[JobState]:
    return [JobState(id=number, status="Running", owner=owner) for number in numbers]


def test_only_those_of_others_are_known() -> None:
    known = Others()
    known.learn(states("alice", 1) + states("bob", 2, 3) + states("", 4), "alice")
    assert list(known.numbers("alice")) == [2, 3]


def test_what_was_learnt_before_our_name_was_known_is_sorted_out_later() -> None:
    known = Others()
    known.learn(states("alice", 1) + states("bob", 2), None)
    assert list(known.numbers("alice")) == [2]


def test_those_heard_of_longest_ago_are_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(others, "MOST", 2)
    known = Others()
    known.learn(states("bob", 1, 2, 3), "alice")
    known.learn(states("bob", 2), "alice")
    assert list(known.numbers("alice")) == [3, 2]
