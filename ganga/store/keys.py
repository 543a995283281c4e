"""A job's place in the store: its number, and its index or `WHOLE`. Sorted, a job comes before its subjobs."""

from ganga.model.ids import JobId, number_and_index, parse_job_id

#: Stands for the index where a job is not a subjob.
WHOLE = -1

Key = tuple[int, int]


def key_of(job: JobId) -> Key:
    """``12.3`` as ``(12, 3)``, ``12`` as ``(12, -1)``. Raises `UsageError` for what is no job id."""
    number, index = number_and_index(parse_job_id(job))
    return number, WHOLE if index is None else index
