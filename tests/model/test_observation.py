"""An answer in parts says what the whole says."""

from hypothesis import given
from hypothesis import strategies as st

from ganga.model.ids import Cursor, NativeId
from ganga.model.observation import Answer
from tests.core.examples import seen


@given(st.integers(0, 20), st.integers(1, 7))
def test_parts_make_the_whole(jobs: int, size: int) -> None:
    told = {NativeId(str(job)): seen() for job in range(jobs)}
    whole = Answer(told, frozenset({NativeId("x")}), Cursor("c"), living=7)
    parts = list(whole.parts(size))
    assert {key: value for part in parts for key, value in part.seen.items()} == whole.seen
    assert all(len(part.seen) <= size for part in parts)
    assert (parts[-1].absent, parts[-1].cursor, parts[-1].living) == (whole.absent, whole.cursor, whole.living)
    assert all((part.absent, part.cursor, part.living) == (frozenset(), None, None) for part in parts[:-1])
