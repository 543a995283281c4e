"""Which jobs a constraint means."""

import re

from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.htcondor.constraints import arriving, completed, unless_completed


def test_no_jobs_are_none() -> None:
    assert completed([]) == "JobStatus =?= 4 && (false)"


@given(st.lists(st.text() | st.from_regex(r"[0-9.]{1,9}", fullmatch=True)))
def test_no_text_becomes_anything_but_numbers_of_jobs(jobs: list[str]) -> None:
    term = r"\(ClusterId =\?= [0-9]+ && member\(ProcId, \{[0-9]+(, [0-9]+)*\}\)\)"
    terms = rf"\((false|{term}( \|\| {term})*)\)"
    assert re.fullmatch(rf"JobStatus =\?= 4 && {terms}", completed(jobs))
    assert re.fullmatch(rf"JobStatus =!= 4 && {terms}", unless_completed(jobs))


def test_what_arrives_is_held_for_that_and_has_the_name() -> None:
    assert arriving("x") == 'JobStatus =?= 5 && HoldReasonCode =?= 16 && JobBatchName =?= "x"'
