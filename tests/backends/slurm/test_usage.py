"""What `sacct` says that jobs have used, as recorded, and any other text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.batch.dialect import Usage
from ganga.backends.slurm import usage
from ganga.backends.slurm.table import SEPARATOR
from ganga.errors import BackendError, BackendUnavailable
from ganga.model.ids import NativeId
from tests.backends.slurm.recorded import recorded, said


def reply(*rows: tuple[str, ...]) -> str:
    return "\n".join([SEPARATOR.join(usage.TITLES), *map(SEPARATOR.join, rows), ""])


def test_recorded_jobs() -> None:
    assert usage.read(said(recorded("22.05", "sacct-usage"))) == {
        "1": Usage(64788 << 10, 0.312),
        "5": Usage(None, None),
        "2_0": Usage(None, 0.001),
        "2_1": Usage(None, 0.002),
        "3": Usage(3196 << 10, 0.003),
    }


def test_recorded_jobs_of_24_11() -> None:
    found = usage.read(said(recorded("24.11", "sacct-usage")))
    assert found[NativeId("3")] == Usage(121 << 19, 0.484)
    assert found[NativeId("4")] == Usage(None, None)
    assert "5_0" not in found


def test_the_largest_step_and_the_time_of_the_whole_job_count() -> None:
    rows = (("7", "", "01:10.5"), ("7.batch", "2M", "00:10.5"), ("7.extern", "", "00:00"), ("7.0", "1.5G", "01:00"))
    assert usage.read(said(reply(*rows))) == {"7": Usage(3 << 29, 70.5)}


def test_tasks_that_never_started_have_used_nothing() -> None:
    assert usage.read(said(reply(("7_[1-3]", "", "00:00:00")))) == {}


def test_a_history_that_is_not_kept_or_away() -> None:
    assert usage.read(said("", exit_code=1, error="Slurm accounting storage is disabled")) == {}
    with pytest.raises(BackendUnavailable):
        usage.read(said("", exit_code=1, error="Connection refused"))


@given(st.text() | st.lists(st.text(), max_size=3).map(tuple).map(reply))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = usage.read(said(text))
    except BackendError:
        return
    assert all((told.peak_memory or 1) > 0 and (told.cpu_time or 0.0) >= 0.0 for told in found.values())
