"""What the server has written down of jobs, as recorded, as documented, and any other text."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.batch.dialect import Chronicling
from ganga.backends.pbs import runs
from ganga.backends.pbs.settings import Settings
from ganga.backends.pbs.words import Pbs
from ganga.errors import BackendError, BackendUnavailable
from ganga.model.clock import Utc
from ganga.model.ids import NativeId
from ganga.model.step import Step
from tests.backends.pbs.recorded import Fields, recorded, said, told

FINISHED = recorded("qstat-x-array-finished.json")
SEVEN = NativeId("7.vm")
#: 2026-11-22 09:35:40 UTC.
AT = 1795340140
TIMES = {"qtime": "Sun Nov 22 09:35:40 2026", "stime": "Sun Nov 22 09:36:40 2026"}
ENDED: Fields = {**TIMES, "obittime": "Sun Nov 22 09:37:40 2026", "run_count": 1, "job_state": "F", "Exit_status": 3}


def steps(fields: Fields, **others: str | int) -> Sequence[Step]:
    return (runs.read(said(told({SEVEN: {**fields, **others}}))) or {}).get(SEVEN, ())


def times(fields: Fields, **others: str | int) -> list[tuple[str, float]]:
    return [(step.status, step.at - AT) for step in steps(fields, **others)]


def test_an_ended_subjob_as_recorded() -> None:
    """On a machine whose zone was UTC."""
    found = runs.read(said(FINISHED)) or {}
    assert list(found) == [f"1013[{index}].vm" for index in range(3)]
    assert found[NativeId("1013[1].vm")] == [
        Step(status="Q", at=Utc(AT), source="pbs_server"),
        Step(status="R", minor_status="vm/1", at=Utc(AT), source="pbs_server"),
        Step(
            status="F",
            minor_status="Job run at Sun Nov 22 at 09:35 on (vm:ncpus=1) and failed",
            application_status="Exit_status 1",
            at=Utc(AT + 1),
            source="pbs_server",
        ),
    ]


def test_subjobs_that_wait_show_when_their_array_began_and_have_not_run() -> None:
    found = runs.read(said(recorded("qstat-array-running.json"))) or {}
    words = {native_id: [step.status for step in own] for native_id, own in found.items()}
    assert words == {f"1014[{index}].vm": ["Q", "R"] if index < 3 else ["Q"] for index in range(1, 7)}


def test_only_the_last_run_is_known_and_how_many_there_were() -> None:
    _, run, _ = steps(ENDED, run_count=3)
    assert (run.status, run.application_status) == ("R", "run_count 3")


def test_times_are_asked_for_in_utc() -> None:
    dialect = Pbs(Settings())
    assert isinstance(dialect, Chronicling)
    (command,) = dialect.chronicle_of([SEVEN])
    assert command.argv == ("env", "LC_ALL=C", "TZ=UTC0", "qstat", "-t", "-f", "-F", "json", "-x", "7.vm")


def test_times_of_another_zone_are_not_believed() -> None:
    """A qstat of the site's own may heed nobody; the second at which a job went into the history is surely known."""
    assert times(ENDED, history_timestamp=AT + 121) == [("Q", 0), ("R", 60), ("F", 120)]
    assert times(ENDED) == [("Q", 0), ("R", 60), ("F", 120)]
    for hours in (-1, 1):
        assert times(ENDED, history_timestamp=AT + 121 + hours * 3600) == [("F", 121 + hours * 3600)]


def test_a_job_that_was_deleted_before_it_ran() -> None:
    assert times({}, qtime=TIMES["qtime"], job_state="F", substate=91, history_timestamp=AT + 5) == [("Q", 0), ("F", 5)]


def test_a_live_job_has_no_end() -> None:
    assert times(TIMES, run_count=1, job_state="R") == [("Q", 0), ("R", 60)]
    assert times({}, job_state="R") == []


@pytest.mark.parametrize("text", ["", "soon", "Sun Foo 22 09:35:40 2026", "Sun Nov 32 09:35:40 2026", "1795340140"])
def test_what_is_no_time_is_none(text: str) -> None:
    assert times({}, qtime=text, job_state="Q") == []


def test_a_server_without_a_history_is_told_from_one_that_cannot_be_asked() -> None:
    read = Pbs(Settings()).read_chronicle
    assert read(said("", error="qstat: PBS is not configured to maintain job history\n")) is None
    with pytest.raises(BackendUnavailable):
        read(said("", exit_code=255, error="qstat: cannot connect to server vm (errno=15010)\n"))


_VALUES = st.none() | st.integers() | st.text(max_size=5) | st.sampled_from(["F", "X", "R", TIMES["qtime"], AT])
_KEYS = st.sampled_from(["job_state", "run_count", "qtime", "stime", "obittime", "exec_host", "history_timestamp"])
_ANSWERS = st.dictionaries(st.sampled_from(["7.vm", "7[].vm", "7[1].vm", "x"]), st.dictionaries(_KEYS, _VALUES)).map(
    lambda told: json.dumps({"timestamp": 1, "pbs_version": "23", "Jobs": told})
)


@given(st.text() | _ANSWERS)
def test_no_text_is_an_end_that_it_does_not_contain(text: str) -> None:
    try:
        found = runs.read(said(text)) or {}
    except BackendError:
        return
    for own in found.values():
        assert [step.at for step in own] == sorted(step.at for step in own)
        assert not {"F", "X"} & {step.status for step in own} or '"F"' in text or '"X"' in text
