"""The ratchet's file: read strictly, written in one way only, and merged by git without a conflict."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ganga_quality.errors import UsageError
from ganga_quality.ratchet.allowances import Key
from ganga_quality.ratchet.file import lines_of, parsed, rendered, with_union
from tests.tools.history import History

NAME = ".github/ratchet.txt"

PATHS = st.one_of(
    st.sampled_from(
        ["a.py", "b.py", "c d.py", "#.py", '"q".py', " a.py", "a.py ", "\n.py", "\r.py", "\udcff.py", "ü.py", "\u2028"]
    ),
    st.text(alphabet=st.characters(blacklist_characters="\0"), min_size=1),
)
RULES = st.from_regex(r"[A-Za-z][A-Za-z0-9:=-]*", fullmatch=True)
ALLOWED = st.dictionaries(st.builds(Key, PATHS, RULES), st.integers(1, 10**6))


def test_it_is_a_line_for_each_entry() -> None:
    allowed = {Key("b.py", "E501"): 2, Key("a b.py", "noqa:F401"): 1, Key("\udcff.py", "E501"): 3, Key("b.py", "D"): 9}
    assert rendered(allowed).decode().splitlines()[1:] == [
        "1 noqa:F401 a b.py",
        "9 D b.py",
        "2 E501 b.py",
        r'3 E501 "\udcff.py"',
    ]


@given(allowed=ALLOWED)
def test_what_is_written_is_read(allowed: dict[Key, int]) -> None:
    assert parsed(rendered(allowed), NAME) == allowed
    assert parsed(rendered(allowed).replace(b"\n", b"\r\n"), NAME) == allowed
    assert rendered(allowed).count(b"\n") == len(allowed) + 1


def test_of_several_lines_the_smallest_counts() -> None:
    content = b"# x\n3 E501 a.py\n2 E501 a.py\n4 E501 a.py\n1 F401 a.py\n"
    assert parsed(content, NAME) == {Key("a.py", "E501"): 2, Key("a.py", "F401"): 1}
    assert lines_of(content, NAME) == {Key("a.py", "E501"): 4, Key("a.py", "F401"): 5}


def test_an_empty_file_allows_nothing() -> None:
    assert parsed(b"", NAME) == parsed(rendered({}), NAME) == {}


@pytest.mark.parametrize(
    "line",
    [
        b"0 E501 a.py",
        b"-1 E501 a.py",
        b"01 E501 a.py",
        b"x E501 a.py",
        b"1 E501",
        b"1  E501 a.py",
        b"1 E501 a.py ",
        b"1 E501 \xc3\xbc.py",
        b'1 E501 "a.py',
        b'1 E501 ""',
        b"1 E501 [1]",
        b"",
        b"\xff",
        b"1000000000 E501 a.py",
        b" 1 E501 a.py",
    ],
)
def test_a_broken_line_is_named(line: bytes) -> None:
    if line == b"1 E501 [1]":
        assert parsed(line, NAME) == {Key("[1]", "E501"): 1}
        return
    with pytest.raises(UsageError, match=r"\.github/ratchet\.txt:2 is .*ganga-quality ratchet update"):
        parsed(b"1 E501 a.py\n" + line + b"\n1 E501 b.py\n", NAME)


@pytest.mark.parametrize("mark", ["<<<<<<< HEAD", "||||||| 1a2b", "=======", ">>>>>>> topic"])
def test_marks_of_a_conflict_are_known(mark: str) -> None:
    with pytest.raises(UsageError, match=r"\.github/ratchet\.txt:2 is a mark that git left of a conflict"):
        parsed(f"1 E501 a.py\n{mark}\n".encode(), NAME)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b"ratchet.txt merge=union\n"),
        (b"*.bin binary", b"*.bin binary\nratchet.txt merge=union\n"),
        (b"*.bin binary\n", b"*.bin binary\nratchet.txt merge=union\n"),
        (b"ratchet.txt merge=union\n*.bin binary\n", b"ratchet.txt merge=union\n*.bin binary\n"),
    ],
)
def test_attributes_are_added_once(before: bytes, after: bytes) -> None:
    assert with_union(before, NAME) == after
    assert with_union(after, NAME) == after


def test_a_name_that_attributes_would_misread_is_refused() -> None:
    with pytest.raises(UsageError, match="give the file a name of"):
        with_union(b"", "x/my *.txt")


# -- merged by git itself


KEYS = [Key(path, rule) for path in ("a.py", "b.py", "c.py") for rule in ("E501", "F401")]
#: For each key: how many there were, and how many each of two branches took away.
DEBT = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4)), min_size=len(KEYS), max_size=len(KEYS)
)


def state(history: History, allowed: dict[Key, int]) -> None:
    history.commit({NAME: rendered(allowed), ".github/.gitattributes": with_union(b"", NAME)})


def positive(numbers: dict[Key, int]) -> dict[Key, int]:
    return {key: number for key, number in numbers.items() if number > 0}


@pytest.mark.usefixtures("plain_git")
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(debt=DEBT, renamed=st.sampled_from([None, "a.py", "b.py"]))
def test_two_branches_that_mend_things_merge_without_a_conflict(
    debt: list[tuple[int, int, int]], renamed: str | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    history = History(tmp_path_factory.mktemp("merged"))
    base = {key: count for key, (count, _, _) in zip(KEYS, debt, strict=True)}
    one = {key: max(count - less, 0) for key, (count, less, _) in zip(KEYS, debt, strict=True)}
    other = {key: max(count - less, 0) for key, (count, _, less) in zip(KEYS, debt, strict=True)}
    # Each finding that is left had to be left by both, so there are at most as many as the smaller number.
    left = {key: max(count - first - second, 0) for key, (count, first, second) in zip(KEYS, debt, strict=True)}

    def named(numbers: dict[Key, int]) -> dict[Key, int]:
        return {Key("new.py" if key.path == renamed else key.path, key.rule): n for key, n in numbers.items()}

    state(history, positive(base))
    history.git("checkout", "-q", "-b", "topic")
    state(history, positive(named(other)))
    history.git("checkout", "-q", "main")
    state(history, positive(one))
    history.git("merge", "-q", "-m", "merge", "topic")

    merged = parsed((history.root / NAME).read_bytes(), NAME)
    for key, number in merged.items():
        assert number <= max(one.get(key, 0), named(other).get(key, 0))
    for key, number in named(left).items():
        assert merged.get(key, 0) >= number


@pytest.mark.parametrize("how", ["merge", "rebase", "cherry-pick"])
def test_neighbours_and_equals_collide_nowhere(history: History, how: str) -> None:
    state(history, {Key("a.py", "E501"): 5, Key("a.py", "F401"): 3, Key("b.py", "E501"): 2})
    history.git("checkout", "-q", "-b", "topic")
    state(history, {Key("a.py", "E501"): 4, Key("a.py", "F401"): 2, Key("z.py", "E501"): 2})
    history.git("checkout", "-q", "main")
    state(history, {Key("a.py", "E501"): 3, Key("b.py", "E501"): 1})
    if how == "rebase":
        history.git("checkout", "-q", "topic")
    options = ["-m", "merge"] if how == "merge" else []
    history.git(how, *options, "main" if how == "rebase" else "topic")
    merged = parsed((history.root / NAME).read_bytes(), NAME)
    assert merged[Key("a.py", "E501")] == 3
    assert merged[Key("z.py", "E501")] == 2


def test_two_branches_may_both_begin_with_it(history: History) -> None:
    history.commit()
    history.git("checkout", "-q", "-b", "topic")
    state(history, {Key("a.py", "E501"): 5})
    history.git("checkout", "-q", "main")
    state(history, {Key("b.py", "E501"): 5})
    history.git("merge", "-q", "-m", "merge", "topic")
    assert len(parsed((history.root / NAME).read_bytes(), NAME)) == 2
    assert not Path(history.root / "MERGE_HEAD").exists()
