"""What `qstat -f -F json` says, as recorded, as documented, and any other text."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.pbs import jobs
from ganga.errors import BackendError, BackendProtocolError, BackendUnavailable
from ganga.model.ids import NativeId
from ganga.model.observation import Observation
from ganga.model.status import JobStatus
from tests.backends.batch.listings import said_of
from tests.backends.pbs.recorded import recorded, said, told

RUNNING = recorded("qstat-array-running.json")
FINISHED = recorded("qstat-x-array-finished.json")
SEVEN = NativeId("7.vm")
EIGHT = NativeId("8.vm")
SUBJOB = NativeId("7[1].vm")


def read(text: str) -> dict[NativeId, Observation]:
    return {native_id: said_of(entry) for native_id, entry in jobs.read(said(text)).items()}


def seen(native_id: NativeId = SEVEN, **fields: str | int) -> Observation | None:
    return read(told({native_id: fields})).get(native_id)


def test_a_running_job() -> None:
    ((native_id, entry),) = jobs.read(said(recorded("qstat-running.json"))).items()
    assert (native_id, entry.name, entry.owner) == ("1011.vm", "run", "tester")
    assert entry.seen == Observation(status=JobStatus.RUNNING, native_status="R")


def test_the_subjobs_of_an_array_are_told_each_by_itself() -> None:
    statuses = {native_id: one.status for native_id, one in read(RUNNING).items()}
    assert statuses == {
        **{NativeId(f"1014[{index}].vm"): JobStatus.RUNNING for index in (1, 2)},
        **{NativeId(f"1014[{index}].vm"): JobStatus.SUBMITTED for index in (3, 4, 5, 6)},
    }


def test_memory_and_processor_time_of_ended_jobs() -> None:
    text = told({SEVEN: {"job_state": "F", "Exit_status": 0, "run_count": 1}})
    used = text.replace('"job_state"', '"resources_used": {"cput": "01:02:03", "mem": "3456kb"}, "job_state"')
    for reply, expected in ((text, (None, None)), (used, (3456 << 10, 3723.0))):
        end = read(reply)[SEVEN]
        assert (end.peak_memory, end.cpu_time) == expected


def test_ended_subjobs() -> None:
    ends = {native_id: (one.status, one.exit_code, one.ended_at) for native_id, one in read(FINISHED).items()}
    assert ends == {
        "1013[0].vm": (JobStatus.COMPLETED, 0, 1795340141.0),
        "1013[1].vm": (JobStatus.FAILED, 1, 1795340141.0),
        "1013[2].vm": (JobStatus.FAILED, 2, 1795340141.0),
    }


def test_times_without_a_zone_are_none() -> None:
    assert {one.started_at for one in (read(FINISHED) | read(RUNNING)).values()} == {None}


def test_what_is_told_beside_an_unknown_id_counts() -> None:
    error = recorded("qstat-x-one-unknown.stderr")
    listing = jobs.read_history(said(recorded("qstat-x-one-unknown.json"), exit_code=153, error=error))
    assert listing is not None
    assert {key: said_of(entry).exit_code for key, entry in listing.items()} == {"1009.vm": 3}


def test_an_unknown_id_alone_is_no_end() -> None:
    assert jobs.read_history(said("", exit_code=153, error="qstat: Unknown Job Id 9.vm\n")) == {}
    assert jobs.read_history(said("Welcome\n", exit_code=153, error="qstat: Unknown Job Id 9.vm\n")) == {}
    assert jobs.read(said("", exit_code=35, error=recorded("qstat-finished.stderr"))) == {}
    assert jobs.read(said(told({}), exit_code=153, error="motd\nqstat: Unknown Job Id 9.vm\n")) == {}


def test_no_jobs_are_a_whole_answer_and_nothing_is_none() -> None:
    assert jobs.read(said(told({}))) == {}
    for text in ("", "Welcome\n", "{}", '{"Jobs": {}}', "[]"):
        with pytest.raises(BackendProtocolError):
            jobs.read(said(text))


def test_a_server_without_a_history_is_told_from_one_that_cannot_be_asked() -> None:
    none_kept = "qstat: PBS is not configured to maintain job history\n"
    assert jobs.read_history(said("", error=none_kept)) is None
    with pytest.raises(BackendUnavailable):
        jobs.read_history(said("", exit_code=255, error="qstat: cannot connect to server vm (errno=15010)\n"))
    with pytest.raises(BackendProtocolError):
        jobs.read_history(said(""))


@pytest.mark.parametrize(
    ("exit_code", "error"),
    [(255, "qstat: cannot connect to server vm (errno=15010)"), (153, "sh: gone"), (35, ""), (1, "Unknown Job Id")],
)
def test_a_server_that_is_away_is_an_outage(exit_code: int, error: str) -> None:
    with pytest.raises(BackendUnavailable, match=f"qstat ended with exit code {exit_code}"):
        jobs.read(said(RUNNING, exit_code=exit_code, error=error))


def test_a_banner_is_read_over() -> None:
    assert read(f"Welcome {{you}}\n7 bottles\n{RUNNING}") == read(RUNNING) != {}


@pytest.mark.parametrize(
    "value",
    [r'"ab\,c"', r'"\'"', r'"/home/Mo\\\'"', "005", "-007", '"() { a\n\tb\x1b }"', r'"\u00e9 \q 005"', r'"\\"'],
)
def test_variables_that_older_versions_write_wrong_hide_no_job(value: str) -> None:
    """OpenPBS #2049, #2541 and #1255: any user may have such, by `qsub -V`, and one question tells of all users."""
    whole = told(
        {SEVEN: {"job_state": "F", "substate": 92, "Exit_status": 0, "run_count": 1}, EIGHT: {"job_state": "R"}}
    )
    text = whole.replace('"substate"', f'"Variable_List": {{"A": {value}, "B": 1.005}}, "substate"')
    assert read(text) == read(whole)
    with pytest.raises(BackendProtocolError):
        read(text.replace('"Exit_status"', ""))


@pytest.mark.parametrize(
    ("state", "status"),
    [
        *(("Q", JobStatus.SUBMITTED), ("T", JobStatus.SUBMITTED), ("W", JobStatus.SUBMITTED)),
        *(("M", JobStatus.SUBMITTED), ("H", JobStatus.HELD), ("R", JobStatus.RUNNING), ("E", JobStatus.RUNNING)),
        *(("S", JobStatus.SUSPENDED), ("U", JobStatus.SUSPENDED), ("?", JobStatus.SUBMITTED)),
    ],
)
def test_states_as_documented(state: str, status: JobStatus) -> None:
    """As the manual of qstat has them; Q, R and F were recorded as JSON too. A code of an earlier run is no end."""
    one = seen(job_state=state, Exit_status=0, substate=92, run_count=1)
    assert one is not None
    assert (one.status, one.native_status, one.exit_code) == (status, state, None)


def test_why_a_job_is_held_is_told() -> None:
    held = seen(job_state="H")
    assert held is not None
    assert "`qrls`" in (held.reason or "")
    held = seen(job_state="H", comment="job held, too many failed attempts to run")
    assert held is not None
    assert held.reason == "job held, too many failed attempts to run"


def test_a_rerun_is_the_next_attempt() -> None:
    """As documented: the server has counted the second run."""
    ones = [seen(job_state="R"), *(seen(job_state="R", run_count=count) for count in (0, 1, 2))]
    assert [one.restart for one in ones if one is not None] == [0, 0, 0, 1]


def test_an_expired_subjob_has_ended_only_if_it_is_told_how() -> None:
    """As documented: X is said of subjobs that have ended, and of those that were deleted before they ran."""
    ended = seen(SUBJOB, job_state="X", Exit_status=0, substate=92, run_count=1)
    assert ended is not None
    assert ended.status is JobStatus.COMPLETED
    deleted = seen(SUBJOB, job_state="X", substate=91)
    assert deleted is not None
    assert deleted.status is JobStatus.KILLED
    assert seen(SUBJOB, job_state="X") is None


def test_a_job_that_was_deleted_before_it_ran() -> None:
    """As documented, with and without the substate."""
    for one in (seen(job_state="F", substate=91), seen(job_state="F")):
        assert one is not None
        assert (one.status, one.reason) == (JobStatus.KILLED, "it was deleted before it ran")
    assert seen(job_state="F", substate=93, run_count=1) is None


def test_names_that_look_like_numbers_are_names() -> None:
    (entry,) = jobs.read(said(told({SEVEN: {"job_state": "Q", "Job_Name": 123}}))).values()
    assert entry.name == "123"


@pytest.mark.parametrize(
    "text",
    [
        told({NativeId("x"): {"job_state": "R"}}),
        told({SEVEN: {}}),
        told({SEVEN: {"job_state": 7}}),
        told({SEVEN: {"job_state": "F", "Exit_status": "0"}}),
        told({SEVEN: {"job_state": "R"}}) + "}",
        "{" * 100_000,
    ],
)
def test_what_makes_no_sense_is_an_error(text: str) -> None:
    with pytest.raises(BackendProtocolError):
        jobs.read(said(text))


_VALUES = st.none() | st.integers() | st.text(max_size=5) | st.sampled_from(["F", "X", "R", "Q", 91, 0, 271])
_KEYS = st.sampled_from(["job_state", "Exit_status", "substate", "run_count", "comment", "history_timestamp"])
_IDS = st.sampled_from(["7.vm", "7[].vm", "7[1].vm", "x"])
_ANSWERS = st.dictionaries(_IDS, st.dictionaries(_KEYS, _VALUES)).map(
    lambda told: json.dumps({"timestamp": 1, "pbs_version": "23", "Jobs": told})
)


@given(st.text() | _ANSWERS)
def test_no_text_is_an_end_that_it_does_not_contain(text: str) -> None:
    for reader in (jobs.read, jobs.read_history):
        try:
            listing = reader(said(text)) or {}
        except BackendError:
            continue
        ends = [entry for entry in listing.values() if said_of(entry).status.final]
        assert len(ends) <= len(re.findall(r'"job_state": "[FX]"', text))


@given(st.integers(0, len(FINISHED.rstrip()) - 1))
def test_a_reply_that_is_cut_is_an_error(length: int) -> None:
    with pytest.raises(BackendProtocolError):
        jobs.read(said(FINISHED[:length]))


@given(st.text(), st.text(), st.integers(-9, 255))
def test_an_error_ends_nothing(text: str, error: str, exit_code: int) -> None:
    try:
        listing = jobs.read_history(said(text, exit_code=exit_code, error=error)) or {}
    except BackendError:
        return
    assert listing == {}
