import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.batch.dialect import Place
from ganga.backends.pbs.ids import Name, arrays, meaning, native_id, parse, place
from ganga.model.ids import NativeId


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("7.vm", Name("7.vm", is_array=False, task=None)),
        ("0.vm", Name("0.vm", is_array=False, task=None)),
        ("7[].pbs-1.example.org", Name("7.pbs-1.example.org", is_array=True, task=None)),
        ("7[3].vm", Name("7.vm", is_array=True, task=3)),
    ],
)
def test_an_id_has_parts(text: str, name: Name) -> None:
    assert parse(text) == name


@pytest.mark.parametrize("text", ["", "7", "7.", "x.vm", "7[1-3].vm", "7[.vm", "07.vm", "7./vm", "../7.vm", "7.-vm"])
def test_other_text_is_none(text: str) -> None:
    assert parse(text) is None
    assert place(text) is None


def test_a_place_is_one_task() -> None:
    assert place("7.vm") == place("7[0].vm") == Place("7.vm", 0)
    assert place("7[3].vm") == Place("7.vm", 3)
    assert place("7[].vm") is None
    assert native_id("7.vm", None) == "7.vm"
    assert native_id("7.vm", 3) == "7[3].vm"


def test_an_array_is_asked_for_once() -> None:
    assert arrays([NativeId(text) for text in ("7[1].vm", "8.vm", "7[2].vm")]) == ["7[].vm", "8.vm"]


@pytest.mark.parametrize(
    ("reference", "job", "meant"),
    [
        ("7", "7", {"7.vm", "7.other", "7[1].vm", "7[9].vm"}),
        ("7.vm", "7.vm", {"7.vm", "7[1].vm", "7[9].vm"}),
        ("7[].vm", "7[].vm", {"7.vm", "7[1].vm", "7[9].vm"}),
        ("7[1]", "7[]", {"7[1].vm"}),
        ("7[2-9]", "7[]", {"7[9].vm"}),
        ("7[9-2]", "7[]", set()),
    ],
)
def test_a_person_means_a_job_or_some_of_its_subjobs(reference: str, job: str, meant: set[str]) -> None:
    told = meaning(reference)
    assert told is not None
    assert told.job == job
    known = ["7.vm", "7.other", "7[1].vm", "7[9].vm", "77.vm", "8[1].vm", "x"]
    assert {native_id for native_id in known if native_id in told} == meant


@given(st.text() | st.from_regex(r"[0-9]{1,3}(\[[0-9]{0,3}\])?\.[a-z.]{1,9}", fullmatch=True))
def test_any_text_is_a_place_that_leads_back_or_none(text: str) -> None:
    found, name = place(text), parse(text)
    if found is not None:
        assert name is not None
        assert native_id(found.job, name.task) == text
        assert "/" not in found.job
