from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.batch.words import parts, strange_word
from ganga.model.resources import Resources


@given(st.integers(0, 3000))
def test_parts_are_the_whole(count: int) -> None:
    words = list(map(str, range(count)))
    several = list(parts(words))
    assert [word for part in several for word in part] == words
    assert all(0 < len(part) <= 1000 for part in several)


def test_a_native_option_is_one_text_with_its_value() -> None:
    assert strange_word(Resources(native=("-l a=b", "-V", "--x='a b'")), "qsub") is None
    for text in ("script.sh", "a=b", "-N 'x", " "):
        assert "is no option of qsub" in (strange_word(Resources(native=("-V", text)), "qsub") or "")


def test_a_name_is_no_option() -> None:
    assert strange_word(Resources(queue="long", project="atlas"), "qsub") is None
    for wish in (Resources(queue="-x"), Resources(project="-x")):
        assert "is no name of a queue or a project" in (strange_word(wish, "qsub") or "")
