"""What is allowed follows the code, and can only fall."""

from collections import Counter
from collections.abc import Callable
from typing import TypeAlias

from hypothesis import given
from hypothesis import strategies as st

from ganga_quality.findings import Finding
from ganga_quality.ratchet.allowances import Key, accepted, carried, counted, grown, lowered

KEYS = st.builds(Key, st.sampled_from(["a.py", "b.py", "c/d.py"]), st.sampled_from(["E501", "F401", "noqa"]))
ALLOWED = st.dictionaries(KEYS, st.integers(1, 5))
Judged: TypeAlias = Callable[[str], bool]
JUDGED = st.sets(st.sampled_from(["E501", "F401", "noqa"])).map(lambda rules: rules.__contains__)


def test_findings_are_counted_by_file_and_rule() -> None:
    findings = [
        Finding(path=path, line=line, end_line=line, rule=rule, tool="ruff", message="")
        for path, line, rule in [("a.py", 1, "E501"), ("a.py", 9, "E501"), ("a.py", 9, "F401"), ("b.py", 1, "E501")]
    ]
    assert counted(findings) == {Key("a.py", "E501"): 2, Key("a.py", "F401"): 1, Key("b.py", "E501"): 1}


def test_a_renamed_file_takes_its_allowance_along() -> None:
    allowed = {Key("old.py", "E501"): 3, Key("old.py", "F401"): 1, Key("b.py", "E501"): 2}
    assert carried(allowed, {"new.py": "old.py"}) == {
        Key("new.py", "E501"): 3,
        Key("new.py", "F401"): 1,
        Key("b.py", "E501"): 2,
    }


def test_what_was_said_of_the_new_name_goes_before() -> None:
    allowed = {Key("old.py", "E501"): 3, Key("new.py", "E501"): 2}
    assert carried(allowed, {"new.py": "old.py"}) == {Key("new.py", "E501"): 2}


def test_files_that_exchange_names_exchange_allowances() -> None:
    allowed = {Key("a.py", "E501"): 1, Key("b.py", "E501"): 2}
    assert carried(allowed, {"a.py": "b.py", "b.py": "a.py"}) == {Key("a.py", "E501"): 2, Key("b.py", "E501"): 1}


@given(allowed=ALLOWED, there=ALLOWED, judged=JUDGED)
def test_lowering_never_raises(allowed: dict[Key, int], there: dict[Key, int], judged: Judged) -> None:
    least = lowered(allowed, there, judged)
    assert all(0 < number <= allowed[key] for key, number in least.items())
    assert all(least.get(key, 0) <= there.get(key, 0) for key in allowed if judged(key.rule))
    assert all(least[key] == number for key, number in allowed.items() if not judged(key.rule))
    assert lowered(least, there, judged) == least


@given(allowed=ALLOWED, there=ALLOWED, judged=JUDGED)
def test_what_has_grown_is_the_same_after_lowering(
    allowed: dict[Key, int], there: dict[Key, int], judged: Judged
) -> None:
    assert grown(lowered(allowed, there, judged), there).keys() == grown(allowed, there).keys()


@given(allowed=ALLOWED, there=ALLOWED)
def test_nothing_has_grown_once_it_is_accepted(allowed: dict[Key, int], there: dict[Key, int]) -> None:
    everything = accepted(allowed, there, lambda _: True)
    assert everything == there
    assert grown(everything, there) == {}


@given(allowed=ALLOWED, there=ALLOWED, judged=JUDGED)
def test_accepting_leaves_alone_what_nobody_judged(
    allowed: dict[Key, int], there: dict[Key, int], judged: Judged
) -> None:
    seen = {key: number for key, number in there.items() if judged(key.rule)}
    after = accepted(allowed, seen, judged)
    assert {key: n for key, n in after.items() if not judged(key.rule)} == {
        key: n for key, n in allowed.items() if not judged(key.rule)
    }


#: What a developer does to the findings of a tree: adds one, mends one, or renames a file.
DEEDS = st.lists(st.tuples(st.sampled_from(["add", "mend", "rename", "update"]), KEYS), max_size=30)


@given(start=ALLOWED, deeds=DEEDS)
def test_through_any_history_debt_only_falls(start: dict[Key, int], deeds: list[tuple[str, Key]]) -> None:
    """The allowance of a file is never more than it began with, and whatever is more than it is told at once."""
    there, allowed = Counter(start), dict(start)
    names = {path: path for path in ("a.py", "b.py", "c/d.py")}
    for step, (deed, (path, rule)) in enumerate(deeds):
        key = Key(names[path], rule)
        if deed == "add":
            there[key] += 1
            assert grown(allowed, there).get(key, 0) == max(there[key] - allowed.get(key, 0), 0)
        elif deed == "mend" and there[key]:
            there[key] -= 1
        elif deed == "rename":
            old, names[path] = names[path], f"{step}.py"
            there = Counter({Key(names[path] if k.path == old else k.path, k.rule): n for k, n in there.items()})
            before = grown(allowed, there)
            allowed = carried(allowed, {names[path]: old})
            assert sum(grown(allowed, there).values()) <= sum(before.values())
        elif deed == "update":
            allowed = lowered(allowed, there, lambda _: True)
        assert sum(allowed.values()) <= sum(start.values())
