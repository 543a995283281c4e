"""The numbers that are kept are those that counting would find."""

from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ganga.core.roster import Roster
from ganga.core.tally import Tally
from ganga.model.policy import Policy
from ganga.model.status import JobStatus
from tests.core.examples import record

STATUSES = st.sampled_from(JobStatus)
STEPS = st.tuples(st.sampled_from(["put", "visit", "invite", "forget", "admit"]), st.integers(1, 6), STATUSES)


@given(st.lists(STEPS, max_size=40))
def test_what_a_roster_does_is_counted(steps: list[tuple[str, int, JobStatus]]) -> None:
    roster = Roster(Policy(), Random(0))
    for what, number, status in steps:
        job = replace(record(str(number), status, f"n{number}"), outcome=JobStatus.COMPLETED)
        match what:
            case "forget":
                roster.forget(job.id)
            case "admit":
                roster.admit([job])
            case _:
                getattr(roster, what)(job)
        found = Counter(job.status for job in roster._records.values())
        assert {status: count for status, count in roster.tally.counts().items() if count} == found


def test_what_is_handed_out_does_not_change_any_more() -> None:
    tally = Tally()
    before = tally.counts()
    tally.added([record("1", JobStatus.RUNNING)])
    assert before[JobStatus.RUNNING] == 0
    assert tally.counts()[JobStatus.RUNNING] == 1
