from math import isnan

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.errors import StoreDamaged
from ganga.model.clock import Utc
from ganga.model.event import Event, EventKind
from ganga.model.ids import JobId, Seq, TargetName
from ganga.model.job import JobRecord, TargetState
from ganga.model.status import JobStatus
from ganga.store.rows import (
    EVENT_COLUMNS,
    JOB_COLUMNS,
    STATE_COLUMNS,
    event_of,
    event_row,
    new_row,
    record_of,
    status_of,
)


def _strategy(field: msgspec.structs.FieldInfo) -> st.SearchStrategy[object]:
    return st.from_type(field.type).filter(lambda value: not isinstance(value, float) or not isnan(value))


records = st.builds(
    JobRecord,
    id=st.sampled_from([JobId("12"), JobId("12.0"), JobId("3.45")]),
    **{field.name: _strategy(field) for field in msgspec.structs.fields(JobRecord) if field.name != "id"},
)


@given(records)
def test_every_record_comes_back_from_its_row(record: JobRecord) -> None:
    assert record_of(new_row(record)) == record


def test_every_field_has_its_column() -> None:
    for columns, struct, extra in (
        (JOB_COLUMNS, JobRecord, {"id"}),
        (EVENT_COLUMNS, Event, set[str]()),
        (STATE_COLUMNS, TargetState, set[str]()),
    ):
        assert set(columns.split(", ")) - {"job", "subjob"} == set(struct.__struct_fields__) - extra - {"job"}


@pytest.mark.parametrize("job", [None, JobId("7"), JobId("7.0")])
def test_every_event_comes_back_from_its_row(job: JobId | None) -> None:
    target = TargetName("x")
    event = Event(at=Utc(1.5), kind=EventKind.FELL_SILENT, target=target, job=job, new=JobStatus.LOST, seq=Seq(3))
    assert event_of(event_row(event)) == event


def test_an_unknown_word_means_that_the_store_is_damaged() -> None:
    with pytest.raises(StoreDamaged, match="'sleeping'"):
        status_of("sleeping")
