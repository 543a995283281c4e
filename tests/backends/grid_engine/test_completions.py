"""Lines of the file `accounting`, as recorded, and any others."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.grid_engine import completions, ids

_FOLDER = Path(__file__).with_name("replies")


def test_recorded_lines() -> None:
    lines = (_FOLDER / "accounting").read_bytes().splitlines()
    ended = [completions.read(line) for line in lines]
    assert ended == [None] * 4 + ["2", "3", "1", "7", "4.1", "4.2", "4.3", "4.4", "6"]


@given(st.lists(st.binary(max_size=4), max_size=40))
def test_any_bytes_mean_a_job_or_none(fields: list[bytes]) -> None:
    native_id = completions.read(b":".join(fields))
    assert native_id is None or ids.place(native_id) is not None
