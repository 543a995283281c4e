"""What `qacct` says, as recorded, and any other text."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.grid_engine import accounting
from ganga.errors import BackendError, BackendProtocolError, BackendUnavailable
from ganga.model.ids import NativeId
from ganga.model.observation import Observation
from ganga.model.status import JobStatus
from tests.backends.batch.listings import said_of
from tests.backends.grid_engine.recorded import block, recorded, said

ENDED = recorded("qacct-ended.txt")
SEVEN = NativeId("7")


def read(text: str) -> dict[NativeId, Observation]:
    listing = accounting.read(said(text, program="qacct")) or {}
    return {native_id: said_of(entry) for native_id, entry in listing.items()}


def test_ended_jobs() -> None:
    listing = accounting.read(said(ENDED)) or {}
    told = {(entry.name, native_id): said_of(entry) for native_id, entry in listing.items()}
    ends = {key: (seen.status, seen.exit_code, seen.signal, seen.restart) for key, seen in told.items()}
    assert ends == {
        ("ok", "25"): (JobStatus.COMPLETED, 0, None, 0),
        ("exit3", "26"): (JobStatus.FAILED, 3, None, 0),
        ("signal9", "27"): (JobStatus.KILLED, None, 9, 0),
        ("signal15", "28"): (JobStatus.FAILED, None, 15, 0),
        ("limit", "29"): (JobStatus.FAILED, None, None, 0),
        ("deleted", "30"): (JobStatus.KILLED, None, 9, 0),
        ("rerun", "34"): (JobStatus.FAILED, 5, None, 1),
        ("array", "37.1"): (JobStatus.FAILED, 1, None, 0),
        ("array", "37.2"): (JobStatus.FAILED, 2, None, 0),
        ("array", "37.3"): (JobStatus.FAILED, 3, None, 0),
    }
    assert "time limit" in (said_of(listing[NativeId("29")]).reason or "")


def test_memory_and_processor_time_are_those_of_the_run() -> None:
    ends = read(ENDED)
    assert ends[NativeId("29")].peak_memory is not None
    for seen in ends.values():
        assert seen.cpu_time is not None
        assert 0 <= seen.cpu_time < 60
    measured = block("7", "0", "0").replace("0.000B ", "4.703MB")
    assert read(measured)[SEVEN].peak_memory == int(4.703 * (1 << 20))


def test_times_are_those_of_the_run() -> None:
    seen = read(ENDED)[NativeId("34")]
    assert (seen.started_at, seen.ended_at) == (1795378042.0, 1795378042.0)


@pytest.mark.parametrize("failed", ["25  : rescheduling", "28  : changing into working directory", "24", "1", "999"])
def test_a_run_that_is_no_end_ends_nothing(failed: str) -> None:
    assert read(block("7", failed, "99")) == {}
    assert read(block("7", "0", "3") + block("7", failed, "99")) == {}


@pytest.mark.parametrize("end", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_no_name_is_taken_for_a_line_of_another_job(end: str) -> None:
    name = f"{end}jobnumber 8{end}failed 0{end}exit_status 0{end}"
    assert read(block("7", "0", "3").replace(" name  ", f" {name}"))[SEVEN].exit_code == 3


def test_runs_are_counted_and_tries_to_begin_are_not() -> None:
    tries = block("7", "28  : changing into working directory", "0") + block("7", "8 : in prolog", "0")
    runs = block("7", "25  : rescheduling", "99") + block("7", "30  : application error returned", "100")
    assert read(tries + runs + block("7", "0", "0"))[SEVEN].restart == 2
    assert read(tries + block("7", "0", "0"))[SEVEN].restart == 0


@pytest.mark.parametrize(
    ("failed", "status", "told"),
    [
        ("0", "137", (JobStatus.FAILED, 137, None)),
        ("100 : assumedly after job", "139  (Segmentation fault)", (JobStatus.FAILED, None, 11)),
        ("100 : assumedly after job", "128", (JobStatus.FAILED, 128, None)),
        ("15  : in epilog", "0", (JobStatus.FAILED, 0, None)),
    ],
)
def test_a_code_and_a_signal_are_told_apart(failed: str, status: str, told: tuple[JobStatus, int, int]) -> None:
    seen = read(block("7", failed, status))[SEVEN]
    assert (seen.status, seen.exit_code, seen.signal) == told
    assert seen.native_status == (failed.partition(":")[2].strip() or "finished")


def test_a_job_that_nobody_knows_has_no_end() -> None:
    for error in ("error: job id 5 not found", "error: job name * not found"):
        assert accounting.read(said("", exit_code=1, error=error)) == {}


def test_a_system_that_has_written_nothing_down_is_told_from_one_that_cannot_be_asked() -> None:
    nothing = said("no jobs running since startup\n", exit_code=1, error="accounting: No such file or directory")
    assert accounting.read(nothing) is None


@pytest.mark.parametrize("error", ["error: Permission denied", "critical error: unrecoverable error", ""])
def test_a_history_that_is_away_is_an_outage(error: str) -> None:
    with pytest.raises(BackendUnavailable):
        accounting.read(said(ENDED, exit_code=1, error=error))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Total System Usage\n",
        block("x", "0", "0"),
        block("7", "0", "0", task="1-2:1"),
        block("7", "no", "0"),
        block("7", "0", ""),
        block("7", "0", "0").replace("maxvmem", "other"),
        "=" * 62 + "\n",
    ],
)
def test_blocks_that_make_no_sense_are_an_error(text: str) -> None:
    with pytest.raises(BackendProtocolError):
        accounting.read(said(text))


@pytest.mark.parametrize("time", ["-/-", "", "Sun Foo 22 20:07:22 2026", "Sun Feb 31 20:07:22 2026", "11/22/2026"])
def test_a_time_that_makes_no_sense_is_none(time: str) -> None:
    assert read(block("7", "0", "0", start=time))[SEVEN].started_at is None


@given(
    st.text() | st.lists(st.text("=\n: 0137jobnumerfaildxtsk_", max_size=40)).map("\n".join),
    st.sampled_from(["", ENDED]),
)
def test_no_text_is_an_end_that_it_does_not_contain(text: str, before: str) -> None:
    text = before + text
    try:
        found = read(text)
    except BackendError:
        return
    assert len(found) <= len(re.findall(r"^exit_status", text, re.MULTILINE))


@given(st.integers(0, len(ENDED) - 1))
def test_a_reply_that_is_cut_tells_no_end_that_the_whole_one_does_not(length: int) -> None:
    try:
        part = read(ENDED[:length])
    except BackendError:
        return
    assert part.items() <= read(ENDED).items()
