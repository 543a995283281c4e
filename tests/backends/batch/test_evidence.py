"""Nothing but positive evidence ends a job."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ganga.backends.batch import evidence
from ganga.backends.batch.dialect import Entry, Place
from ganga.backends.batch.evidence import (
    Trace,
    Verdict,
    exit_of,
    judge,
    read_standing,
    read_status,
)
from ganga.backends.batch.shell import Command, Reply
from ganga.errors import BackendProtocolError, BackendUnavailable
from ganga.model.observation import Observation
from ganga.model.status import JobStatus

RUNNING = Observation(status=JobStatus.RUNNING, native_status="RUNNING")
DONE = Observation(status=JobStatus.COMPLETED, native_status="COMPLETED", exit_code=0)
FAILED = Observation(status=JobStatus.FAILED, native_status="FAILED", exit_code=3)
KILLED = Observation(status=JobStatus.KILLED, native_status="KILLED", signal=9)
WAITING = Observation(status=JobStatus.SUBMITTED, native_status="PENDING")
CANCELLED = Observation(status=JobStatus.KILLED, native_status="gone", reason="cancelled before it started")
KILLED_BY_US = replace(KILLED, reason="it was killed")
BY_ITSELF = Observation(status=JobStatus.FAILED, native_status="ended", signal=9)

#: All that speaks for a cancellation in the queue.
GONE = evidence.Testimony(launcher=Trace.NOT_BEGUN, heard=True, siblings=True, settled=True)

TERMINATED = replace(FAILED, status=JobStatus.KILLED, signal=15, reason="it was killed")
ASSUMED_KILLED = replace(DONE, status=JobStatus.KILLED, exit_code=None, reason="it was killed")

OBSERVATIONS = st.sampled_from([RUNNING, DONE, FAILED, replace(RUNNING, restart=1), replace(FAILED, restart=1)])


def assumed(
    launcher: evidence.Word | None = None, *, settled: bool = False, kill_noted: bool = False
) -> evidence.Testimony:
    """With a success in the history that the system may not have seen."""
    return evidence.Testimony(
        history=DONE, assumed=True, launcher=launcher, heard=True, settled=settled, kill_noted=kill_noted
    )


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        (evidence.Testimony(queue=RUNNING, history=DONE, launcher=FAILED, heard=True), RUNNING),
        (evidence.Testimony(listed=True, history=FAILED, launcher=DONE, heard=True, settled=True), Verdict.SILENCE),
        (evidence.Testimony(history=FAILED, launcher=DONE, heard=True), FAILED),
        (evidence.Testimony(history=FAILED, launcher=replace(DONE, restart=1), heard=True), replace(DONE, restart=1)),
        (evidence.Testimony(history=KILLED, launcher=BY_ITSELF, heard=True), BY_ITSELF),
        (evidence.Testimony(history=KILLED, launcher=BY_ITSELF, heard=True, kill_noted=True), KILLED),
        (evidence.Testimony(history=KILLED, launcher=replace(DONE, restart=1)), replace(DONE, restart=1)),
        (evidence.Testimony(history=KILLED, launcher=RUNNING, heard=True), Verdict.SILENCE),
        (evidence.Testimony(history=KILLED, launcher=Trace.NOT_BEGUN, heard=True), Verdict.SILENCE),
        (evidence.Testimony(history=KILLED, launcher=RUNNING, heard=True, settled=True), KILLED),
        (evidence.Testimony(history=KILLED, launcher=RUNNING, heard=True, kill_noted=True), KILLED),
        (evidence.Testimony(history=KILLED, launcher=Trace.NONE, heard=True), KILLED),
        (evidence.Testimony(history=KILLED, settled=True, kill_noted=True), Verdict.SILENCE),
        (evidence.Testimony(history=KILLED, launcher=FAILED, heard=True), KILLED),
        (evidence.Testimony(history=replace(KILLED, restart=1), launcher=BY_ITSELF), replace(KILLED, restart=1)),
        (evidence.Testimony(history=replace(KILLED, signal=None), launcher=BY_ITSELF), replace(KILLED, signal=None)),
        (assumed(launcher=FAILED), FAILED),
        (assumed(launcher=replace(FAILED, signal=15), kill_noted=True), TERMINATED),
        (assumed(launcher=DONE), DONE),
        (assumed(launcher=RUNNING), Verdict.SILENCE),
        (assumed(launcher=RUNNING, kill_noted=True), Verdict.SILENCE),
        (assumed(launcher=RUNNING, settled=True), DONE),
        (assumed(launcher=RUNNING, settled=True, kill_noted=True), ASSUMED_KILLED),
        (assumed(settled=True), Verdict.SILENCE),
        (assumed(launcher=Trace.NONE), DONE),
        (evidence.Testimony(history=RUNNING, launcher=DONE, heard=True), DONE),
        (evidence.Testimony(history=replace(RUNNING, restart=1), launcher=DONE, heard=True), Verdict.SILENCE),
        (evidence.Testimony(history=RUNNING, launcher=RUNNING, heard=True), Verdict.SILENCE),
        (evidence.Testimony(history=RUNNING, launcher=RUNNING, heard=True, settled=True), Verdict.DENIED),
        (evidence.Testimony(launcher=DONE), DONE),
        (evidence.Testimony(launcher=RUNNING, heard=True), Verdict.DENIED),
        (evidence.Testimony(launcher=RUNNING), Verdict.SILENCE),
        (evidence.Testimony(heard=True), Verdict.SILENCE),
        (evidence.Testimony(launcher=Trace.NONE, heard=True), Verdict.DENIED),
        (evidence.Testimony(launcher=Trace.NOT_BEGUN, heard=True, settled=True), Verdict.DENIED),
        (evidence.Testimony(launcher=Trace.NOT_BEGUN, heard=True, siblings=True), Verdict.DENIED),
        (evidence.Testimony(launcher=Trace.BEGUN, heard=True, siblings=True, settled=True), Verdict.DENIED),
        (evidence.Testimony(launcher=Trace.NOT_BEGUN, siblings=True, settled=True), Verdict.SILENCE),
        (GONE, CANCELLED),
        (dataclasses.replace(GONE, history=WAITING), CANCELLED),
        (dataclasses.replace(GONE, history=RUNNING), Verdict.DENIED),
        (dataclasses.replace(GONE, history=replace(WAITING, restart=1)), CANCELLED),
        (dataclasses.replace(GONE, history=FAILED), FAILED),
        (evidence.Testimony(launcher=BY_ITSELF, heard=True), BY_ITSELF),
        (evidence.Testimony(launcher=BY_ITSELF, kill_noted=True), replace(KILLED_BY_US, native_status="ended")),
        (evidence.Testimony(launcher=FAILED, kill_noted=True), FAILED),
        (evidence.Testimony(history=FAILED, launcher=BY_ITSELF, kill_noted=True), FAILED),
        (evidence.Testimony(launcher=RUNNING, heard=True, kill_noted=True), Verdict.DENIED),
        (evidence.Testimony(launcher=RUNNING, heard=True, settled=True), Verdict.DENIED),
        (evidence.Testimony(launcher=RUNNING, settled=True, kill_noted=True), Verdict.SILENCE),
        (
            evidence.Testimony(launcher=RUNNING, heard=True, settled=True, kill_noted=True),
            replace(KILLED_BY_US, native_status="gone", signal=None),
        ),
        (evidence.Testimony(launcher=Trace.NONE, heard=True, settled=True, kill_noted=True), Verdict.DENIED),
        (
            evidence.Testimony(
                history=replace(RUNNING, restart=1), launcher=DONE, heard=True, settled=True, kill_noted=True
            ),
            Verdict.DENIED,
        ),
    ],
)
def test_what_follows(said: evidence.Testimony, verdict: Observation | Verdict) -> None:
    assert judge(said) == verdict


@given(
    st.builds(
        evidence.Testimony,
        queue=st.none() | OBSERVATIONS,
        history=st.none() | OBSERVATIONS,
        launcher=st.none() | OBSERVATIONS | st.sampled_from(Trace),
    )
)
def test_an_end_was_told_by_somebody_or_is_a_cancellation(said: evidence.Testimony) -> None:
    verdict = judge(said)
    if isinstance(verdict, Observation) and verdict.native_status != "gone":
        assert verdict in (said.queue, said.history, said.launcher)
        assert said.queue in (None, verdict)
    elif isinstance(verdict, Observation):
        assert said.launcher is Trace.NOT_BEGUN
        assert said.heard
        assert said.settled
        assert said.siblings or said.kill_noted


@given(
    st.builds(
        evidence.Testimony,
        queue=st.none(),
        listed=st.just(value=False),
        history=st.none() | OBSERVATIONS | st.just(WAITING),
        launcher=st.none() | OBSERVATIONS | st.sampled_from(Trace),
    )
)
def test_the_word_of_a_history_goes_before_a_cancellation_that_nobody_has_told(said: evidence.Testimony) -> None:
    """It takes that the history was heard, after its lag, and has no end and no run of the job."""
    if judge(said) == CANCELLED:
        assert said.heard
        assert said.settled
        assert said.history in (None, WAITING)
    if said.history is not None and said.history.status.final and said.history.restart == 0:
        heard = [said.history, *([said.launcher] if isinstance(said.launcher, Observation) else [])]
        assert judge(said) in heard


@given(st.builds(evidence.Testimony, queue=st.none(), listed=st.just(value=True)))
def test_of_a_job_that_the_queue_has_and_says_nothing_of_nothing_follows(said: evidence.Testimony) -> None:
    assert judge(said) is Verdict.SILENCE


@pytest.mark.parametrize(
    ("word", "restart"),
    [
        (Trace.NONE, 3),
        (Trace.NOT_BEGUN, 0),
        (RUNNING, 0),
        (replace(FAILED, restart=1), 1),
    ],
)
def test_the_launcher_counts_runs_where_the_system_counts_more(word: evidence.Word, restart: int) -> None:
    entry = Entry("x", replace(RUNNING, restart=3), counts_vain_starts=True)
    assert evidence.recounted(entry, word).seen == replace(RUNNING, restart=restart)


def test_before_the_launcher_is_heard_nothing_is_said() -> None:
    entry = Entry("x", replace(RUNNING, restart=3), counts_vain_starts=True)
    assert evidence.recounted(entry, None).seen is None
    assert evidence.recounted(entry._replace(seen=None), Trace.NOT_BEGUN).seen is None


@given(
    st.builds(
        evidence.Testimony,
        queue=st.none() | OBSERVATIONS,
        history=st.none() | OBSERVATIONS | st.just(KILLED),
        launcher=st.none() | OBSERVATIONS | st.just(BY_ITSELF) | st.sampled_from(Trace),
        heard=st.booleans(),
        siblings=st.booleans(),
        kill_noted=st.booleans(),
        settled=st.booleans(),
    )
)
def test_nothing_ends_what_nobody_killed_but_the_word_of_somebody(said: evidence.Testimony) -> None:
    verdict = judge(said)
    if isinstance(verdict, Observation) and verdict not in (said.queue, said.history, said.launcher):
        assert verdict.status is JobStatus.KILLED
        assert said.queue is None
        assert said.kill_noted or (said.siblings and said.launcher is Trace.NOT_BEGUN)


@given(st.text() | st.from_regex(r"(ended|running|none)( [0-9]{1,12}){0,5}", fullmatch=True))
def test_a_file_says_an_end_or_none(text: str) -> None:
    read = read_status(text)
    if isinstance(read, Observation) and read.status.final:
        first, *rest = text.split()
        assert first == "ended"
        assert len(rest) == 4


def test_an_end_before_its_beginning_is_the_clocks_fault() -> None:
    read = read_status("ended 2 100 90 0")
    assert isinstance(read, Observation)
    assert (read.started_at, read.ended_at, read.restart) == (100.0, 100.0, 2)


@pytest.mark.parametrize(
    ("code", "read"), [(0, (0, None)), (3, (3, None)), (137, (None, 9)), (143, (None, 15)), (129, (129, None))]
)
def test_what_a_shell_says_of_a_signal(code: int, read: tuple[int | None, int | None]) -> None:
    assert exit_of(code) == read


def standing(text: str, exit_code: int = 0) -> Reply:
    return Reply(Command(("sh",)), exit_code, text.encode())


def test_the_words_of_many_tasks_are_read_in_one_go() -> None:
    words = read_standing(standing("7 0 ended 0 1 2 0\n7 1 none\n8 0 unknown\n9 0 garbage\nend\n"))
    assert list(words) == [Place("7", 0), Place("7", 1), Place("8", 0)]


def test_words_without_an_end_are_not_whole() -> None:
    with pytest.raises(BackendProtocolError, match="a list with an end"):
        read_standing(standing("7 0 ended 0 1 2 0\n"))
    with pytest.raises(BackendUnavailable):
        read_standing(standing("end\n", 1))
