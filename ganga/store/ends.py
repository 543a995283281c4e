"""Whether a job is over: it has ended, and nobody has asked for more of it."""

from ganga.model.ids import LARGEST_NUMBER, job_id, number_and_index
from ganga.model.job import JobRecord
from ganga.store.base import Store


async def is_over(store: Store, job: JobRecord) -> bool:
    """Whether nothing more will happen to the job by itself: it is final, and no attempt is asked for, of its subjobs
    neither.

    Between the request for an attempt and the moment when a monitor takes it up, a job with subjobs still looks as it
    ended.
    """
    if not job.status.final or job.wanted_attempt > job.attempt:
        return False
    return job.subjobs is None or not await _is_live(store, job)


async def _is_live(store: Store, job: JobRecord) -> bool:
    number, _ = number_and_index(job.id)
    before = None if number == 1 else job_id(number - 1, LARGEST_NUMBER)
    page = await store.live(job.target, after=before, limit=1)
    return bool(page) and page[0].id == job.id
