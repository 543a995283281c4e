"""Lines of `jobcomp/filetxt`, as recorded, and any others."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.slurm import completions, ids

_FOLDER = Path(__file__).with_name("replies")


@pytest.mark.parametrize(
    ("version", "ended"),
    [
        ("22.05", ["3", "2", "1", "4", "6_1", "6_0", "6_2", "6_3", "6_5", "6_4"]),
        ("24.11", ["2", "1", "3", "4", "6_0", "6_1", "6_3", "6_2"]),
    ],
)
def test_recorded_lines(version: str, ended: list[str]) -> None:
    lines = (_FOLDER / version / "jobcomp-filetxt.txt").read_bytes().splitlines()
    assert [completions.read(line) for line in lines] == ended


def test_a_name_does_not_mislead() -> None:
    line = b"JobId=9 UserId=a(1) Name=x ArrayJobId=1 ArrayTaskId=1 JobState=FAILED ArrayJobId=6 ArrayTaskId=1 Exit=0"
    assert completions.read(line) == "6_1"


@given(st.binary())
def test_any_bytes_mean_a_job_or_none(line: bytes) -> None:
    for text in (line, b"JobId=7 " + line, b"JobId=7 " + line + b" ArrayJobId=6 ArrayTaskId=1 "):
        native_id = completions.read(text)
        assert native_id is None or ids.place(native_id) is not None
