from difflib import SequenceMatcher

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga_quality.changes import FileChange, Hunk, Span

# Few distinct lines, so that they repeat.
TEXTS = st.lists(st.sampled_from("abc"), max_size=12)


def change_of(old: list[str], new: list[str]) -> FileChange:
    """As git would tell it, by somebody else."""
    hunks = []
    for kind, first, last, new_first, new_last in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            count, new_count = last - first, new_last - new_first
            hunks.append(Hunk(first + bool(count), count, new_first + bool(new_count), new_count))
    return FileChange(path="x.py", old_path="x.py", hunks=tuple(hunks))


@given(TEXTS, TEXTS)
def test_a_line_that_was_not_written_stood_in_the_old_state(old: list[str], new: list[str]) -> None:
    change = change_of(old, new)
    stood = {line: change.old_line(line) for line in range(1, len(new) + 1)}
    kept = [(line, place) for line, place in stood.items() if place is not None]
    assert all(old[place - 1] == new[line - 1] for line, place in kept)
    assert [place for _, place in kept] == sorted({place for _, place in kept})
    assert {line for line, place in stood.items() if place is None} == {
        line for span in change.spans for line in range(span.first, span.last + 1)
    }
    assert all(change.wrote(line) == (place is None) for line, place in stood.items())
    assert len(kept) == len(old) - sum(hunk.old_count for hunk in change.hunks)


@pytest.mark.parametrize(
    ("hunks", "spans"),
    [
        ((), ()),
        ((Hunk(3, 2, 2, 0),), ()),
        ((Hunk(0, 0, 1, 3),), (Span(1, 3),)),
        ((Hunk(1, 1, 0, 0), Hunk(4, 1, 3, 2)), (Span(3, 4),)),
    ],
)
def test_deletions_have_no_span(hunks: tuple[Hunk, ...], spans: tuple[Span, ...]) -> None:
    assert FileChange(path="x.py", old_path="x.py", hunks=hunks).spans == spans


def test_lines_behind_a_deletion_at_the_top_moved_up() -> None:
    change = FileChange(path="x.py", old_path="x.py", hunks=(Hunk(1, 2, 0, 0),))
    assert [change.old_line(line) for line in (1, 2)] == [3, 4]


def test_a_line_before_a_deletion_stayed_and_the_one_behind_moved() -> None:
    change = FileChange(path="x.py", old_path="x.py", hunks=(Hunk(2, 1, 1, 0),))
    assert [change.old_line(line) for line in (1, 2)] == [1, 3]


def test_nothing_of_a_new_file_stood_anywhere() -> None:
    change = FileChange(path="x.py", old_path=None, hunks=(Hunk(0, 0, 1, 2),))
    assert change.wrote(2)
    assert change.old_line(2) is None
    # Beyond its end nothing was written, and nothing stood in the old state either.
    assert not change.wrote(3)
    assert change.old_line(3) is None


def test_places_are_the_spans_and_where_lines_were_deleted() -> None:
    hunks = (Hunk(1, 2, 0, 0), Hunk(5, 1, 3, 2), Hunk(9, 1, 7, 0))
    change = FileChange(path="x.py", old_path="x.py", hunks=hunks)
    assert change.spans == (Span(3, 4),)
    assert change.places == (Span(1, 0), Span(3, 4), Span(8, 7))
