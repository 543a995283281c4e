"""xRSL that says what is meant."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.arc.descriptions import Defaults, described, quoted, refusal
from ganga.model.ids import Tag
from ganga.model.resources import Resources

FILES = {"ganga.tar": 10240, "ganga.sh": 60}
#: A quoted text of xRSL, by its grammar.
_QUOTED = re.compile(r'"(?:[^"]|"")*"')


NOTHING, NO_DEFAULTS = Resources(), Defaults()


def one(wish: Resources = NOTHING, defaults: Defaults = NO_DEFAULTS) -> str:
    return described([(Tag("ganga-1"), FILES)], wish, defaults).decode()


def test_a_job_is_its_launcher_and_its_files() -> None:
    assert one() == (
        '&(executable="ganga.sh")(inputfiles=("ganga.tar" "10240")("ganga.sh" "60"))(outputfiles=("/" ""))'
        '(stdout="stdout")(stderr="stderr")(jobname="ganga-1")'
    )


def test_several_jobs_are_one_text() -> None:
    text = described([(Tag("a"), FILES), (Tag("b"), FILES)], Resources(), Defaults()).decode()
    assert text.startswith("+(&(executable=")
    assert text.count('(jobname="') == 2
    assert ")(&(executable=" in text


def test_what_a_job_needs_is_said_in_arcs_words() -> None:
    wish = Resources(processors=4, memory=(2 << 30) + 1, time=90, queue="long", project="p q")
    text = one(wish)
    # For each processor, in whole megabytes, and not less than is needed.
    for said in (
        '(count="4")(countpernode="4")',
        '(memory="513")',
        '(walltime="90 seconds")',
        '(queue="long")',
        '(project="p q")',
    ):
        assert said in text


def test_a_job_comes_before_the_settings_of_its_target() -> None:
    defaults = Defaults(queue="q", project="p", native=('(runtimeenvironment="ENV/RTE")',))
    text = one(Resources(queue="own", native=("priority=7",)), defaults)
    assert '(queue="own")(project="p")' in text
    assert text.endswith('(runtimeenvironment="ENV/RTE")(priority=7)')


@pytest.mark.parametrize("wish", [Resources(gpus=1), Resources(image="busybox")])
def test_what_arc_has_no_word_for_is_refused(wish: Resources) -> None:
    assert "ARC cannot be asked for" in str(refusal(wish))


@pytest.mark.parametrize(
    "option",
    [
        'priority="7"',
        "(priority=7)",
        '(runtimeenvironment = "ENV/RTE" "an option")',
        "(runtimeenvironment>='ENV/RTE-2')",
        '(environment=("A" "it""s")("B" "(")) ',
    ],
)
def test_native_attributes_are_taken(option: str) -> None:
    assert refusal(Resources(native=(option,))) is None


@pytest.mark.parametrize(
    "option",
    [
        "",
        "priority",
        "(priority=7",
        "priority=7)",
        '(a="b)',
        "(a=b)(c=d)",
        "a=b)(c=d",
        "(a=$(B))",
        "(a=b) c",
        "+(a=b)",
        "(a=)",
    ],
)
def test_native_attributes_that_would_say_something_else_are_not(option: str) -> None:
    assert "xRSL" in str(refusal(Resources(native=(option,))))


@pytest.mark.parametrize("option", ["(executable=/bin/sh)", 'JobName="x"', "(stdout=x)"])
def test_what_ganga_says_itself_is_not_said_again(option: str) -> None:
    assert "ganga's own" in str(refusal(Resources(native=(option,))))


@given(st.text())
def test_any_text_is_one_quoted_text(text: str) -> None:
    written = quoted(text)
    assert _QUOTED.fullmatch(written)
    assert written[1:-1].replace('""', '"') == text


@given(st.text(max_size=60) | st.text(alphabet="()=\"'ab ", max_size=30))
def test_a_native_attribute_that_is_taken_stays_within_its_parentheses(option: str) -> None:
    if refusal(Resources(native=(option,))) is not None:
        return
    bare = re.sub(r"\"(?:[^\"]|\"\")*\"|'(?:[^']|'')*'", "", one(Resources(native=(option,))))
    depths = [bare[: at + 1].count("(") - bare[: at + 1].count(")") for at in range(len(bare))]
    assert min(depths) == 0
    assert depths[-1] == 0
    start = bare.index("(jobname=)") + len("(jobname=)")
    assert all(depth > 0 for depth in depths[start : len(bare.rstrip()) - 1])
