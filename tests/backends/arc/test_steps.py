"""The element's notes of a job tell what happened to it."""

from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.arc.steps import steps
from ganga.model.clock import Utc
from ganga.model.step import Step
from tests.backends.arc.element import noted

NOTES = """\
2026-11-22T22:31:49Z Job state change UNDEFINED -> ACCEPTED   Reason: (Re)Accepting new job
2026-11-22T22:31:50Z Job state change PREPARING -> SUBMIT   Reason: Pre-staging finished, passing job to LRMS
----- starting submit_fork_job -----
echo Job state change A -> B
yesterday, at last Job state change A -> B
2026-11-22T22:32:14Z Job state change FINISHING -> FINISHED
"""


def test_changes_are_told_in_their_order() -> None:
    assert steps(NOTES) == [
        Step(status="ACCEPTED", minor_status="(Re)Accepting new job", at=Utc(1795386709.0), source="A-REX"),
        Step(
            status="SUBMIT",
            minor_status="Pre-staging finished, passing job to LRMS",
            at=Utc(1795386710.0),
            source="A-REX",
        ),
        Step(status="FINISHED", at=Utc(1795386734.0), source="A-REX"),
    ]


def test_arc_7_cancels_what_has_failed() -> None:
    changes = steps(noted("changes-failed").decode())
    assert [step.status for step in changes[-4:]] == ["INLRMS", "CANCELING", "FINISHING", "FINISHED"]
    assert changes[-3].minor_status == "Job failure detected"


@given(st.text())
def test_any_text_is_some_steps_or_none(text: str) -> None:
    assert len(steps(text)) <= len(text.splitlines())
