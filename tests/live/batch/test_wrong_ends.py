"""Wrong ends that other tools give, where a real system can show that none is given here.

The whole list is in `tests/backends/batch/test_wrong_ends_of_peers.py`.
"""

from ganga.backends.batch.backend import BatchBackend
from ganga.model.ids import NativeId
from ganga.model.job import JobSpec
from ganga.model.status import JobStatus
from ganga.testing.check_backend import Trial


async def test_one_id_that_is_not_known_spoils_no_answer_about_the_others(trial: Trial, backend: BatchBackend) -> None:
    """PSI/J #486, ReFrame #1977: the question fails as a whole. Nor does it spoil a kill."""
    unknown = NativeId("99999999")
    native_id = await trial.submit(JobSpec(command=("sleep", "3600")))
    await trial.until(native_id, lambda seen: seen.status is JobStatus.RUNNING, "begun")
    answer = await backend.poll([unknown, native_id])
    assert answer.seen.keys() == {native_id}
    assert not answer.seen[native_id].status.final
    await backend.kill([unknown, native_id])
    assert (await trial.end_of(native_id)).status is JobStatus.KILLED
