"""Every record that is stored has an event that tells of it."""

from msgspec.structs import replace

from ganga.core.news import Draft
from ganga.core.reconcile import to_submit
from ganga.model.clock import Utc
from ganga.model.event import EventKind
from ganga.model.job import JobRecord, TargetState
from ganga.model.status import JobStatus
from ganga.model.update import Update
from tests.core.examples import TARGET, moment, record, told

RUNNING = record(status=JobStatus.RUNNING)


def change(old: JobRecord, new: JobRecord) -> Update:
    draft = Draft(TARGET, moment(5))
    draft.change(old, new)
    return draft.finish()


def test_a_change_of_status_is_told_with_its_reason() -> None:
    update = change(RUNNING, replace(RUNNING, status=JobStatus.FAILED, reason="exit code 3"))
    [event] = update.events
    assert (event.old, event.new, event.reason, event.attempt) == (
        JobStatus.RUNNING,
        JobStatus.FAILED,
        "exit code 3",
        1,
    )
    assert (event.at, event.job, event.target) == (1005.0, "1", TARGET)


def test_silence_is_told_and_its_end() -> None:
    silent = replace(RUNNING, silent_since=Utc(1.0))
    assert told(change(RUNNING, silent)) == ["fell_silent"]
    assert told(change(silent, RUNNING)) == ["heard_again"]


def test_anything_else_is_a_detail() -> None:
    assert told(change(RUNNING, replace(RUNNING, native_status="CG"))) == ["details_changed"]
    assert told(change(RUNNING, replace(RUNNING, started_at=Utc(1.0)))) == ["details_changed"]


def test_an_attempt_keeps_the_one_before() -> None:
    failed = replace(record(status=JobStatus.FAILED), reason="exit code 3")
    update = change(failed, to_submit(failed))
    assert update.attempts == (failed,)
    assert update.events[0].kind is EventKind.ATTEMPT_STARTED
    assert update.events[0].reason == "submitted again after: exit code 3"
    again = change(RUNNING, replace(RUNNING, attempt=2, restart=1))
    assert again.events[0].reason == "run again by the back end"
    assert not change(record(status=JobStatus.NEW), to_submit(record(status=JobStatus.NEW))).attempts


def test_the_last_of_several_changes_is_stored_and_all_are_told() -> None:
    draft = Draft(TARGET, moment(5))
    done = replace(RUNNING, status=JobStatus.COMPLETED)
    draft.change(record(), RUNNING)
    draft.change(RUNNING, done)
    draft.state(TargetState(name=TARGET))
    draft.target(EventKind.TARGET_DOWN, "no route")
    update = draft.finish()
    assert update.records == (done,)
    assert told(update) == ["submitted -> running", "running -> completed", "target_down"]
    assert update.state == TargetState(name=TARGET)
