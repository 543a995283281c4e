"""What `qstat -f` says, as documented and published, as Slurm's wrappers say it, and any other text."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.batch.dialect import Listing
from ganga.backends.torque.over_slurm import OverSlurm
from ganga.backends.torque.settings import Settings
from ganga.backends.torque.words import Torque
from ganga.errors import BackendError, BackendProtocolError, BackendUnavailable
from ganga.model.ids import NativeId
from ganga.model.observation import Observation
from ganga.model.status import JobStatus
from tests.backends.torque.documented import TORQUE, WRAPPERS, said, told
from tests.backends.torque.recorded import SERVER as RECORDED_SERVER

DIALECT = Torque(Settings())
OVER_SLURM = OverSlurm(Settings(commands="slurm"))


def seen(text: str) -> Observation | None:
    """Whatever is told of the one job."""
    listing = {**DIALECT.read_queue(said(text)), **DIALECT.read_history(said(text))}
    return next((entry.seen for entry in listing.values()), None)


def told_of(listing: Listing) -> dict[NativeId, Observation]:
    """How each job is; of each something is said."""
    known = {key: entry.seen for key, entry in listing.items() if entry.seen is not None}
    assert known.keys() == listing.keys()
    return known


def test_jobs_and_subjobs_are_told_each_by_itself() -> None:
    listing = DIALECT.read_queue(said(TORQUE))
    known = told_of(listing)
    assert {key.partition(".")[0]: (known[key].status, entry.owner) for key, entry in listing.items()} == {
        "4711": (JobStatus.RUNNING, "eve"),
        "4712": (JobStatus.HELD, "eve"),
        "4713[1]": (JobStatus.SUBMITTED, "adam"),
    }
    first = next(iter(listing))
    assert (len(listing[first].name), known[first].restart) == (79, 1)


def test_ended_jobs_are_the_history() -> None:
    first, second = told_of(DIALECT.read_history(said(TORQUE))).values()
    assert (first.status, first.exit_code, first.peak_memory, first.cpu_time) == (
        *(JobStatus.FAILED, 3, 3456 << 10, 3723.0),
    )
    assert (second.status, second.signal) == (JobStatus.FAILED, 15)
    assert "--time" in (second.reason or "")


def test_the_wrappers_tell_no_ends() -> None:
    listing = OVER_SLURM.read_queue(said(WRAPPERS))
    assert {key: one.status for key, one in told_of(listing).items()} == {
        "7": JobStatus.RUNNING,
        "8": JobStatus.SUBMITTED,
    }
    assert OVER_SLURM.read_history(said(WRAPPERS)) == {}


def test_an_answer_without_jobs_is_whole_only_in_the_words_of_each() -> None:
    assert DIALECT.read_queue(said(RECORDED_SERVER)) == {}
    assert DIALECT.read_queue(said(f"Welcome!\n\n{RECORDED_SERVER}")) == {}
    for text in ("", "Server: vm\n", f"{RECORDED_SERVER}Job Id: 7.vm\n"):
        with pytest.raises(BackendProtocolError):
            DIALECT.read_queue(said(text))
    assert OVER_SLURM.read_queue(said("", exit_code=153)) == {}
    with pytest.raises(BackendUnavailable):
        DIALECT.read_queue(said("", exit_code=153))
    for text in ("", "maintenance until noon\n"):
        with pytest.raises(BackendProtocolError):
            OVER_SLURM.read_queue(said(text))
    with pytest.raises(BackendProtocolError):
        DIALECT.read_queue(said("", error="the server is asleep"))


@pytest.mark.parametrize(
    ("exit_code", "error"),
    [
        (255, "qstat: cannot connect to server"),
        (153, "qstat: Unknown Job Id 7.vm"),
        (8, "Problem loading jobs."),
        (1, ""),
    ],
)
def test_a_server_that_is_away_is_an_outage(exit_code: int, error: str) -> None:
    for dialect in (DIALECT, OVER_SLURM):
        with pytest.raises(BackendUnavailable, match=f"qstat ended with exit code {exit_code}"):
            dialect.read_queue(said(TORQUE, exit_code=exit_code, error=error))


def test_a_banner_is_read_over() -> None:
    assert DIALECT.read_queue(said(f"Welcome\n\n7 bottles\n{TORQUE}")) == DIALECT.read_queue(said(TORQUE)) != {}


@pytest.mark.parametrize(
    ("state", "status"),
    [
        *(("Q", JobStatus.SUBMITTED), ("T", JobStatus.SUBMITTED), ("W", JobStatus.SUBMITTED), ("H", JobStatus.HELD)),
        *(("R", JobStatus.RUNNING), ("E", JobStatus.RUNNING), ("S", JobStatus.SUSPENDED)),
    ],
)
def test_states_as_documented(state: str, status: JobStatus) -> None:
    """A code of an earlier run is no end."""
    one = seen(told({"7.vm": {"job_state": state, "exit_status": "0", "start_count": "1"}}))
    assert one is not None
    assert (one.status, one.native_status, one.exit_code, one.restart) == (status, state, None, 0)


def test_a_state_that_is_none_is_no_word() -> None:
    for fields in ({"job_state": "U"}, {"job_state": "C"}, {"job_state": "C", "exit_status": "x"}):
        assert seen(told({"7.vm": fields})) is None


def test_why_a_job_is_held_is_told() -> None:
    for fields, why in (({}, "`qrls`"), ({"comment": "because"}, "because")):
        held = seen(told({"7.vm": {"job_state": "H", **fields}}))
        assert held is not None
        assert why in (held.reason or "")


def test_what_pretends_to_be_another_job_is_not_believed() -> None:
    """By a variable of somebody's environment, which is shown with its line breaks."""
    forged = "A=\n\nJob Id: 8.vm\n    job_state = C\n    exit_status = 0"
    text = told({"7.vm": {"job_state": "R", "Variable_List": forged}, "8.vm": {"job_state": "R"}})
    assert set(DIALECT.read_queue(said(text))) == {"7.vm"}
    assert DIALECT.read_history(said(text)) == {}
    text = told({"7.vm": {"job_state": "R", "Variable_List": "A=\n\nJob Id: x\n\nJob Id: 9.vm\n"}})
    assert set(DIALECT.read_queue(said(text))) == {"7.vm"}


def test_an_array_as_a_whole_is_not_told() -> None:
    assert seen(told({"7[].vm": {"job_state": "C", "exit_status": "0"}})) is None


@pytest.mark.parametrize("text", [told({"x": {"job_state": "R"}}), told({"7.vm": {}}), WRAPPERS, TORQUE[:-1]])
def test_what_makes_no_sense_is_an_error(text: str) -> None:
    with pytest.raises(BackendProtocolError):
        DIALECT.read_queue(said(text))


_FIELDS = st.dictionaries(
    st.sampled_from(["job_state", "exit_status", "start_count", "resources_used.walltime", "Resource_List.walltime"]),
    st.sampled_from(["C", "R", "Q", "0", "271", "-11", "01:00:00", "C\n", "0\n    exit_status = 0"])
    | st.text(max_size=5),
)
_ANSWERS = st.dictionaries(st.sampled_from(["7.vm", "7[1].vm", "7[].vm", "7", "x"]), _FIELDS).map(told)


@given(st.text() | _ANSWERS, st.text(), st.integers(-9, 255) | st.just(0))
def test_no_text_is_an_end_that_it_does_not_contain(text: str, error: str, exit_code: int) -> None:
    reply = said(text, exit_code=exit_code, error=error)
    for dialect in (DIALECT, OVER_SLURM):
        try:
            live, ended = told_of(dialect.read_queue(reply)), told_of(dialect.read_history(reply))
        except BackendError:
            continue
        assert not any(one.status.final for one in live.values())
        assert all(one.status.final for one in ended.values())
        assert not ended or exit_code == 0
        assert len(ended) <= len(re.findall(r"job_state = C\n", text))
        assert len(ended) <= len(re.findall(r"exit_status = -?[0-9]", text))


@given(st.integers(0, len(TORQUE) - 1))
def test_a_reply_that_is_cut_tells_no_other_ends(length: int) -> None:
    whole = DIALECT.read_history(said(TORQUE))
    try:
        part = DIALECT.read_history(said(TORQUE[:length]))
    except BackendError:
        return
    assert part.items() <= whole.items()
