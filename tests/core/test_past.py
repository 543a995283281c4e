import pytest

from ganga.core.past import Past
from ganga.model.ids import NativeId

ONE, TWO, THREE = NativeId("1"), NativeId("2"), NativeId("3")


def test_whatever_is_not_known_may_be_ours() -> None:
    assert Past().concerns(ONE, 0)


def test_only_a_later_run_of_what_has_ended_is_news() -> None:
    past = Past()
    past.ended(ONE, 1)
    assert [past.concerns(ONE, restart) for restart in (0, 1, 2)] == [False, False, True]
    past.ended(ONE, 2)
    assert not past.concerns(ONE, 2)


def test_what_is_another_s_is_no_concern_of_ours() -> None:
    past = Past()
    past.strange(ONE)
    assert not past.concerns(ONE, 1000)


def test_a_stranger_that_was_submitted_meanwhile_is_ours() -> None:
    past = Past()
    past.strange(ONE)
    past.ended(ONE, 0)
    assert past.concerns(ONE, 1)


def test_what_was_ours_is_strange_once_the_job_has_another_id() -> None:
    past = Past()
    past.ended(ONE, 0)
    past.strange(ONE)
    assert not past.concerns(ONE, 1)


def test_the_memory_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Past, "MEMORY", 2)
    past = Past()
    past.strange(ONE)
    past.strange(TWO)
    past.ended(ONE, 0)
    past.strange(THREE)
    assert len(past) == 2
    assert past.concerns(TWO, 0), "forgotten, since it was heard of longest ago"
    assert not past.concerns(ONE, 0)
