from fnmatch import fnmatchcase

from hypothesis import given
from hypothesis import strategies as st

from ganga.store.patterns import beginning, behind_all

texts = st.text(st.sampled_from("fit-1*?[]!^a\\\0é\ud7ff\ue000\U0010ffff"), max_size=6)


@given(pattern=texts, name=texts)
def test_a_name_that_fits_is_within_the_bounds(pattern: str, name: str) -> None:
    begins, behind = beginning(pattern), behind_all(beginning(pattern))
    if fnmatchcase(name, pattern):
        assert begins.encode() <= name.encode()
        assert behind is None or name.encode() < behind.encode()


@given(begins=texts, name=texts)
def test_the_bounds_hold_what_begins_so_and_nothing_else(begins: str, name: str) -> None:
    behind = behind_all(begins)
    within = begins.encode() <= name.encode() and (behind is None or name.encode() < behind.encode())
    assert within is (name.startswith(begins) or (behind is None and name >= begins))


def test_no_surrogate_is_a_bound() -> None:
    assert behind_all("a\ud7ff") == "a\ue000"
    assert behind_all("a\U0010ffff") == "b"
    assert behind_all("\U0010ffff") is None
    assert behind_all("") is None
