"""What is in an archive, for ``ganga store archived``."""

from collections.abc import Iterator
from pathlib import Path

from ganga.cli.lines import event_object, job_object, print_object
from ganga.cli.show import event_line
from ganga.cli.words import day_time, safe
from ganga.errors import UnknownJob
from ganga.model.event import Event
from ganga.model.ids import JobId, parent_of
from ganga.model.job import JobRecord
from ganga.store import archive
from ganga.store.archive import Line
from ganga.store.portion import StoredJob


def print_archived(file: Path, job: JobId | None, *, json: bool) -> None:
    """Print the whole jobs of an archive, or a job with its subjobs and its events. Raises `UnknownJob`."""
    archive.check(file)
    found = False
    for line in _lines(file, job):
        found = True
        if json:
            print_object(_object(line, whole=job is not None))
        elif line.job is not None:
            print(_job_line(line.job.record))
        elif line.event is not None:
            print(f"{line.event.seq:>8}  {event_line(line.event)}")
    if job is not None and not found:
        raise UnknownJob(
            f"there is nothing about job {job} in {file}; 'ganga store archived {file}' lists what there is"
        )


def _lines(file: Path, job: JobId | None) -> Iterator[Line]:
    for line in archive.lines(file):
        if job is None:
            if line.job is not None and line.job.spec is not None:
                yield line
        elif job in _about(line.job, line.event):
            yield line


def _about(job: StoredJob | None, event: Event | None) -> tuple[JobId | None, ...]:
    about = job.record.id if job is not None else event.job if event is not None else None
    return () if about is None else (about, parent_of(about))


def _object(line: Line, *, whole: bool) -> dict[str, object]:
    if line.event is not None:
        return event_object(line.event)
    if line.job is None:
        return {}
    members = job_object(line.job.record, None)
    if whole:
        members["specification"] = line.job.spec
        members["share"] = line.job.share
        members["attempts"] = [job_object(record, None) for record in line.job.attempts]
    return members


def _job_line(record: JobRecord) -> str:
    reason = f" ({safe(record.reason)})" if record.reason else ""
    at = record.ended_at or record.created_at
    return f"{record.id:>8}  {day_time(at)} {safe(record.target)} {record.status} {safe(record.name)}{reason}"
