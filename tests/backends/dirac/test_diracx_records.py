"""What DiracX sends of a job."""

from datetime import UTC, datetime

import msgspec
import pytest

from ganga.backends.dirac.diracx_records import COLUMNS, Row
from ganga.errors import BackendUnavailable

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()


def row(**said: object) -> Row:
    columns = {**dict.fromkeys(COLUMNS), "JobID": 1, "Status": "Running", **said}
    return msgspec.json.decode(msgspec.json.encode(columns), type=Row)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-22T12:00:00Z", NOON),
        ("2026-11-22T12:00:00", NOON),
        ("2026-11-22 12:00:00", NOON),
        ("2026-11-22T12:00:00.250000Z", NOON + 0.25),
        ("2026-11-22T13:00:00+01:00", NOON),
        (None, None),
    ],
)
def test_times_are_utc_unless_they_say_otherwise(text: str | None, at: float | None) -> None:
    state = row(LastUpdateTime=text, StartExecTime=text, EndExecTime=text).state()
    assert (state.updated_at, state.started_at, state.ended_at) == (at, at, at)


def test_text_that_is_no_time_is_not_believed() -> None:
    with pytest.raises(BackendUnavailable, match="DiracX sent 'yesterday' for a time"):
        row(LastUpdateTime="yesterday").state()
