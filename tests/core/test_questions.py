"""Answers that were overtaken by newer ones are told from those that were not."""

import pytest

from ganga.core.questions import Questions
from ganga.model.ids import NativeId
from ganga.model.status import JobStatus
from tests.core.examples import record, seen

JOB = NativeId("n1")


@pytest.fixture
def questions() -> Questions:
    return Questions()


def test_an_older_question_is_overtaken_by_a_newer_one_that_told_news(questions: Questions) -> None:
    older, newer = questions.ask([JOB]), questions.feed()
    questions.heard(newer, JOB)
    assert questions.outdated(older, JOB, seen(), record())
    assert not questions.outdated(newer, JOB, seen(), record())
    assert not questions.outdated(older, NativeId("n2"), seen(), record())


def test_an_end_and_a_later_run_are_news_whenever_they_were_asked_for(questions: Questions) -> None:
    older, newer = questions.ask([JOB]), questions.feed()
    questions.heard(newer, JOB)
    assert not questions.outdated(older, JOB, seen(JobStatus.COMPLETED), record())
    assert not questions.outdated(older, JOB, seen(restart=1), record())


def test_a_question_is_closed_once_with_its_news(questions: Questions) -> None:
    number = questions.feed()
    assert (questions.feeding, number) == (True, 1)
    questions.heard(number, JOB)
    assert questions.close(number) == 1
    assert questions.close(number) is None
    assert (questions.feeding, number) == (False, 1)
    assert not questions.outdated(number, JOB, seen(), record())


def test_what_no_part_has_spoken_of_is_known(questions: Questions) -> None:
    number = questions.ask([JOB, NativeId("n2"), NativeId("n3")])
    assert questions.unspoken(number, [JOB]) == {"n2", "n3"}
    assert questions.unspoken(number, [NativeId("n3"), NativeId("n4")]) == {"n2"}
    assert questions.unspoken(99, []) == set()
