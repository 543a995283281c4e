from ganga.backends.base import Submission
from ganga.backends.local.submission import refusal
from ganga.model.ids import Tag, job_id
from ganga.model.job import JobSpec
from ganga.model.resources import Resources


def test_a_job_that_needs_what_nobody_sees_to_here_is_refused() -> None:
    spec = JobSpec(command=("true",), resources=Resources(memory=1, queue="long"))
    assert "memory, queue" in (refusal(Submission(job_id(1), Tag("ganga-c0ffee00-1-1"), spec)) or "")
