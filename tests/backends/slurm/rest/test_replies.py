"""What `slurmrestd` says, as recorded, and any other text."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.slurm.rest.replies import complaint, numbers_of_errors, read_clock, read_jobs
from ganga.backends.slurm.states import STATUSES
from ganga.errors import BackendProtocolError
from ganga.model.clock import Utc
from ganga.model.ids import NativeId
from ganga.model.observation import Observation
from ganga.model.status import JobStatus
from tests.backends.batch.listings import said_of

_FOLDER = Path(__file__).parent.parent / "replies"


def recorded(name: str) -> bytes:
    return (_FOLDER / name).read_bytes()


def jobs(body: bytes) -> dict[str, dict[NativeId, Observation]]:
    """By their names."""
    by_name: dict[str, dict[NativeId, Observation]] = {}
    for native_id, entry in (read_jobs(body) or {}).items():
        by_name.setdefault(entry.name, {})[native_id] = said_of(entry)
    return by_name


def reply(*told: dict[str, object], **others: object) -> bytes:
    return msgspec.json.encode({"jobs": told, **others})


def number(value: int) -> dict[str, object]:
    return {"set": True, "infinite": False, "number": value}


UNSET = {"set": False, "infinite": True, "number": 0}


def test_jobs_of_22_05() -> None:
    found = jobs(recorded("22.05/rest-jobs.json"))
    statuses = {name: {seen.status for seen in told.values()} for name, told in found.items()}
    assert statuses == {
        "wrap": {JobStatus.KILLED},
        "exit3": {JobStatus.FAILED},
        "signal9": {JobStatus.FAILED},
        "ok": {JobStatus.COMPLETED},
        "held": {JobStatus.HELD},
        "cut": {JobStatus.HELD},
        "array": {JobStatus.RUNNING, JobStatus.SUBMITTED},
        "suspended": {JobStatus.SUSPENDED},
        "cancelled": {JobStatus.KILLED},
        "requeued": {JobStatus.SUBMITTED},
    }
    (failed,), (killed,), (again,) = (list(found[name].values()) for name in ("exit3", "signal9", "requeued"))
    assert (failed.exit_code, failed.signal) == (3, None)
    assert (killed.exit_code, killed.signal) == (None, 9)
    assert (again.restart, again.started_at) == (1, None)
    assert sorted(found["array"]) == [f"47_{task}" for task in range(6)]
    (ended,) = found["ok"].values()
    assert ended.exit_code == 0
    assert ended.started_at is not None
    assert ended.ended_at is not None
    assert 0 <= ended.ended_at - ended.started_at < 10


def test_a_list_of_tasks_that_is_cut_tells_of_those_that_it_names() -> None:
    tasks = sorted(int(native_id.partition("_")[2]) for native_id in jobs(recorded("22.05/rest-jobs.json"))["cut"])
    assert tasks == [0, 1, 3, 7, 9, 12, 15, 20, 22, 25, 27, 30, 35, 38, 50, 52, 54, 57, 60, 63, 66]


def test_jobs_of_24_11() -> None:
    found = jobs(recorded("24.11/squeue.json"))
    statuses = {key: seen.status for told in found.values() for key, seen in told.items()}
    assert statuses == {
        "5": JobStatus.HELD,
        "7": JobStatus.RUNNING,
        "6_0": JobStatus.RUNNING,
        "6_1": JobStatus.RUNNING,
        **{f"6_{task}": JobStatus.SUBMITTED for task in range(2, 6)},
    }
    ((failed,),) = (list(told.values()) for told in jobs(recorded("24.11/rest-job.json")).values())
    assert (failed.status, failed.exit_code, failed.signal) == (JobStatus.FAILED, 3, None)
    assert failed.ended_at == Utc(1795340322)


def test_all_jobs_of_24_11() -> None:
    found = jobs(recorded("24.11/rest-jobs.json"))
    statuses = {name: {seen.status for seen in told.values()} for name, told in found.items()}
    assert statuses == {
        "exit3": {JobStatus.FAILED},
        "signal9": {JobStatus.FAILED},
        "ok": {JobStatus.COMPLETED},
        "held": {JobStatus.HELD},
        "cut": {JobStatus.HELD},
        "array": {JobStatus.RUNNING, JobStatus.SUBMITTED},
        "suspended": {JobStatus.SUSPENDED},
        "cancelled": {JobStatus.KILLED},
        "requeued": {JobStatus.SUBMITTED},
        "again": {JobStatus.KILLED},
        "parts": {JobStatus.HELD},
    }
    (killed,), (again,) = (list(found[name].values()) for name in ("signal9", "requeued"))
    assert (killed.exit_code, killed.signal) == (None, 9)
    assert (again.restart, again.started_at) == (1, None)
    assert sorted(found["array"]) == [f"6_{task}" for task in range(6)]
    tasks = sorted(int(native_id.partition("_")[2]) for native_id in found["cut"])
    assert tasks == [0, 1, 3, 7, 9, 12, 15, 20, 22, 25, 27, 30, 35, 38, 50, 52, 54, 57, 60, 63, 66]


@pytest.mark.parametrize("version", ["23.11", "25.11"])
def test_all_jobs_of_the_releases_around_it(version: str) -> None:
    found = jobs(recorded(f"{version}/rest-jobs.json"))
    statuses = {name: {seen.status for seen in told.values()} for name, told in found.items()}
    assert statuses == {
        "exit3": {JobStatus.FAILED},
        "signal9": {JobStatus.FAILED},
        "held": {JobStatus.HELD},
        "cut": {JobStatus.HELD},
        "array": {JobStatus.RUNNING, JobStatus.SUBMITTED},
        "suspended": {JobStatus.SUSPENDED},
        "requeued": {JobStatus.SUBMITTED},
        "again": {JobStatus.KILLED},
        "parts": {JobStatus.HELD},
    }
    (failed,), (killed,), (again,) = (list(found[name].values()) for name in ("exit3", "signal9", "requeued"))
    assert (failed.exit_code, failed.signal) == (3, None)
    assert (killed.exit_code, killed.signal) == (None, 9)
    assert (again.restart, again.started_at) == (1, None)
    assert [native_id.partition("_")[2] for native_id in sorted(found["array"])] == ["0", "1", "2", "3", "4", "5"]
    assert len(found["cut"]) == 60


def test_a_job_that_25_11_runs_again_at_once_is_no_end() -> None:
    (again,) = jobs(recorded("25.11/rest-expediting.json"))["expedited"].values()
    assert (again.status, again.native_status, again.exit_code, again.restart) == (
        JobStatus.SUBMITTED,
        "EXPEDITING",
        None,
        1,
    )


@pytest.mark.parametrize("version", ["23.11", "24.11", "25.11"])
def test_a_list_without_news_is_known(version: str) -> None:
    assert read_jobs(recorded(f"{version}/rest-unchanged.json")) is None


def test_a_list_without_news_says_so() -> None:
    warned = [{"description": "No job changes since update_time=1795403623"}]
    assert read_jobs(reply(warnings=warned)) is None
    assert read_jobs(reply(warnings=[{"description": "Something else"}, {}])) == {}


@pytest.mark.parametrize(
    ("reply", "numbers"),
    [
        ("23.11/rest-kill", set()),
        ("23.11/rest-kill-ended", set()),
        ("23.11/rest-kill-denied", {2002}),
        ("23.11/rest-kill-unknown", {2017}),
        ("24.11/rest-kill", set()),
        ("24.11/rest-kill-ended", {2021}),
        ("24.11/rest-kill-denied", {2002}),
        ("25.11/rest-kill", set()),
        ("25.11/rest-kill-ended", {2021}),
        ("25.11/rest-kill-unknown", {2017}),
    ],
)
def test_what_came_of_the_end_of_a_job(reply: str, numbers: set[int]) -> None:
    assert numbers_of_errors(recorded(f"{reply}.json")) == numbers


def test_numbers_are_found_beside_what_is_of_no_known_form() -> None:
    assert numbers_of_errors(b'{"status": 500, "errors": [{"error_number": 1007}]}') == {1007}
    assert numbers_of_errors(b'{"status": [{"error": {"code": 2002}}], "errors": "none"}') == {2002}
    assert numbers_of_errors(b"<html>") == frozenset()


@pytest.mark.parametrize("version", ["22.05", "24.11"])
def test_an_error_is_no_list(version: str) -> None:
    body = recorded(f"{version}/rest-unknown.json")
    with pytest.raises(BackendProtocolError, match="99999"):
        read_jobs(body)
    assert numbers_of_errors(body) == {2017}
    assert complaint(body).endswith("99999: Invalid job id specified")


def test_a_list_of_later_versions_says_that_it_has_nothing_new() -> None:
    assert read_jobs(reply(last_update=number(0))) is None
    assert read_jobs(reply(last_update=UNSET)) is None
    assert read_jobs(reply(last_update=number(100))) == {}
    assert read_jobs(reply()) == {}


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["RUNNING", "COMPLETING"], JobStatus.RUNNING),
        (["FAILED", "COMPLETING"], JobStatus.RUNNING),
        (["FAILED", "REQUEUED"], JobStatus.SUBMITTED),
        (["PENDING", "SPECIAL_EXIT"], JobStatus.HELD),
        (["RUNNING", "STOPPED"], JobStatus.SUSPENDED),
        (["NODE_FAIL", "LAUNCH_FAILED"], JobStatus.FAILED),
        ("TIMEOUT", JobStatus.FAILED),
        (["PENDING"], JobStatus.SUBMITTED),
        (["FAILED", "SOMETHING_NEW"], None),
        ("SOMETHING_NEW", None),
        ([], None),
    ],
)
def test_a_flag_of_a_job_that_lives_goes_before_its_state(words: object, status: JobStatus | None) -> None:
    """And a word that nobody knows is left to the commands."""
    listing = read_jobs(reply({"job_id": 7, "job_state": words})) or {}
    assert [said_of(entry).status for entry in listing.values()] == ([] if status is None else [status])


@pytest.mark.parametrize("name", ["id", "signal_id"])
def test_a_signal_of_later_versions(name: str) -> None:
    told = {"status": ["SIGNALED"], "return_code": UNSET, "signal": {name: number(9), "name": "Killed"}}
    listing = read_jobs(reply({"job_id": 7, "job_state": ["FAILED"], "exit_code": told}))
    assert listing is not None
    seen = said_of(listing[NativeId("7")])
    assert (seen.status, seen.exit_code, seen.signal) == (JobStatus.FAILED, None, 9)


def test_a_job_without_a_number_is_left_out() -> None:
    told = {"job_state": "RUNNING", "array_job_id": 7, "job_id": 8}
    assert read_jobs(reply({"job_id": None, "job_state": "RUNNING"}, told, {**told, "array_task_string": "0x4"})) == {}


def test_jobs_of_other_clusters_are_others() -> None:
    told = reply({"job_id": 7, "job_state": "RUNNING", "cluster": "near"})
    assert list(read_jobs(told, "near") or {}) == list(read_jobs(told) or {}) == ["7"]
    assert read_jobs(told, "far") == {}


def test_the_controllers_clock() -> None:
    assert read_clock(recorded("22.05/rest-diag.json")) > 1795386655
    assert read_clock(recorded("23.11/rest-diag.json")) > 1795457000
    assert read_clock(recorded("25.11/rest-diag.json")) > 1795457000
    assert read_clock(msgspec.json.encode({"statistics": {"req_time": number(5)}})) == 5
    with pytest.raises(BackendProtocolError, match="time"):
        read_clock(msgspec.json.encode({"statistics": {"req_time": UNSET}}))


@given(st.binary())
def test_any_bytes_are_an_error(body: bytes) -> None:
    for read in (read_jobs, read_clock):
        with pytest.raises(BackendProtocolError):
            read(body)
    complaint(body)
    assert numbers_of_errors(body) == frozenset()


_NUMBERS = st.one_of(st.none(), st.integers(), st.floats(allow_nan=False), st.just(UNSET), st.integers().map(number))


@given(
    st.fixed_dictionaries(
        {"job_id": _NUMBERS, "job_state": st.one_of(st.text(), st.lists(st.sampled_from(sorted(STATUSES))))},
        optional={
            "array_job_id": _NUMBERS,
            "array_task_id": _NUMBERS,
            "array_task_string": st.from_regex(r"[0-9,:%.x-]{0,12}", fullmatch=True),
            "exit_code": st.integers(),
            "start_time": _NUMBERS,
            "end_time": _NUMBERS,
            "restart_cnt": _NUMBERS,
        },
    )
)
def test_no_end_is_told_that_is_not_there(job: dict[str, object]) -> None:
    try:
        listing = read_jobs(reply(job)) or {}
    except BackendProtocolError:
        return
    words = [job["job_state"]] if isinstance(job["job_state"], str) else job["job_state"]
    assert isinstance(words, list)
    for entry in listing.values():
        assert not said_of(entry).status.final or all(STATUSES[word].final for word in words)


@given(st.integers(min_value=0, max_value=30000))
def test_half_a_reply_is_an_error(length: int) -> None:
    with pytest.raises(BackendProtocolError):
        read_jobs(recorded("22.05/rest-jobs.json")[:length])
