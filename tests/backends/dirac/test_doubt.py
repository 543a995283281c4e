"""Refusals that may be failures."""

from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.dirac.doubt import LASTING, Doubt

WORDS = "DiracX at https://diracx.example.org refused (400): JDL syntax error"


def test_other_words_are_believed() -> None:
    assert not Doubt().about("DiracX refused (403): Forbidden", 0.0)


def test_what_stays_is_believed() -> None:
    doubt = Doubt()
    assert doubt.about(WORDS, 100.0)
    assert doubt.about(WORDS, 99.9 + LASTING)
    assert not doubt.about(WORDS, 100.0 + LASTING)
    assert not doubt.about(WORDS, 100.1 + LASTING)


def test_who_takes_a_job_in_between_is_doubted_anew() -> None:
    doubt = Doubt()
    assert doubt.about(WORDS, 0.0)
    doubt.dispelled()
    assert doubt.about(WORDS, LASTING)


@given(st.lists(st.floats(min_value=0.0, max_value=10_000.0), min_size=1).map(sorted))
def test_nothing_is_believed_that_was_not_said_before(times: list[float]) -> None:
    doubt = Doubt()
    believed = [at for at in times if not doubt.about(WORDS, at)]
    assert all(any(at - earlier >= LASTING for earlier in times) for at in believed)


def test_what_was_said_long_ago_does_not_count() -> None:
    doubt = Doubt()
    assert doubt.about(WORDS, 0.0)
    assert doubt.about(WORDS, 5000.0)
