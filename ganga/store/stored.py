"""Jobs with all that the store keeps of them, as rows of a database."""

from collections.abc import Iterable

from ganga.model.job import JobRecord, Share
from ganga.store.portion import StoredJob
from ganga.store.rows import NOT_HANDED_OVER, Row, new_row, record_of
from ganga.store.storable import decode_share, decode_spec


def stored_job(row: Row, attempts: Iterable[JobRecord]) -> StoredJob:
    """The job in a row of `rows.JOB_COLUMNS`, and behind these the attempt that was handed over, the specification, and
    the share.
    """
    *columns, handed_over, spec, share = row
    return StoredJob(
        record=record_of(tuple(columns)),
        spec=None if spec is None else decode_spec(spec),
        share=Share() if share is None else decode_share(share),
        attempts=tuple(attempts),
        handed_over=None if handed_over == NOT_HANDED_OVER else handed_over,
    )


def stored_row(job: StoredJob) -> Row:
    """The row of `rows.JOB_COLUMNS`, and behind these the attempt that was handed over."""
    return (*new_row(job.record), NOT_HANDED_OVER if job.handed_over is None else job.handed_over)
