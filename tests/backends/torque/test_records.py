import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.torque.records import records
from tests.backends.torque.documented import TORQUE, WRAPPERS


def test_each_job_is_told_with_its_attributes() -> None:
    first, second, *_ = records(TORQUE)
    assert first.id == "4711.torque.example.org"
    assert first.attributes["Job_Name"].endswith(".which.it.could.have")
    assert first.attributes["Variable_List"].endswith("eval it}")
    assert (first.attributes["start_count"], second.attributes["Hold_Types"]) == ("2", "s")
    assert [record.attributes["job_state"] for record in records(TORQUE)] == ["R", "H", "C", "Q", "C"]


def test_a_tab_in_front_of_each_attribute_is_none_of_a_longer_value() -> None:
    assert [(record.id, record.attributes["job_state"]) for record in records(WRAPPERS)] == [
        *(("7", "R"), ("8", "Q"), ("9", "C"))
    ]


def test_what_is_told_twice_is_not_believed() -> None:
    text = "Job Id: 7.vm\n    job_state = R\n    Variable_List = A=\n    job_state = C\n\tx\n    exit_status = 0\n\n"
    (record,) = records(text)
    assert record.attributes["job_state"] == ""
    assert record.attributes["exit_status"] == "0"


@pytest.mark.parametrize("text", [TORQUE, WRAPPERS])
def test_a_text_that_is_cut_within_a_job_is_an_error(text: str) -> None:
    whole = list(records(text))
    ends = [end for end in range(len(text)) if text[:end].endswith("\n\n")]
    for length in range(len(text)):
        told = [end for end in (0, *ends) if end <= length][-1]
        if "Job Id:" in text[told:length].rpartition("\n")[0]:
            with pytest.raises(ValueError, match="within a job"):
                list(records(text[:length]))
        else:
            assert list(records(text[:length])) == whole[: ends.index(told) + 1 if told else 0]


@given(st.text())
def test_any_text_is_read_or_is_cut(text: str) -> None:
    try:
        told = list(records(text))
    except ValueError:
        assert "Job Id:" in text
    else:
        assert len(told) <= text.count("Job Id:")
