"""What the server has written down of jobs: when they were queued, began for the last time, and ended.

`qstat` turns the server's seconds into times of the zone that it is run in, without a word about which. So it is run in
UTC. It may be a program of the site's own that heeds nobody: where the time of an end is not close before the second at
which the job went into the history, no other time is believed.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from msgspec import field

from ganga.backends.batch.chronicle import in_order
from ganga.backends.batch.shell import Reply
from ganga.backends.pbs import ids
from ganga.backends.pbs.jobs import ENDED, Answer, Job, Text, keeps_none, told
from ganga.model.clock import Utc
from ganga.model.ids import NativeId
from ganga.model.step import Step

_SOURCE: Final = "pbs_server"
#: As `ctime` writes it, whatever the language of this process.
_FORM: Final = re.compile(r"\w{3} (\w{3}) +(\d{1,2}) (\d{2}):(\d{2}):(\d{2}) (\d{4})", re.ASCII)
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
#: Seconds: zones differ by a quarter of an hour at least.
_CLOSE: Final = 600.0


class _Run(Job):
    queued: Text = field(name="qtime", default="")
    started: Text = field(name="stime", default="")
    ended: Text = field(name="obittime", default="")
    host: Text = field(name="exec_host", default="")


def read(reply: Reply) -> Mapping[NativeId, Sequence[Step]] | None:
    """None where no history is kept. Raises `BackendUnavailable` and `BackendProtocolError`."""
    if keeps_none(reply):
        return None
    jobs = {native_id: job for native_id, job in told(reply, Answer[_Run]).items() if ids.place(native_id) is not None}
    steps = {native_id: in_order(_steps(job)) for native_id, job in jobs.items()}
    return {native_id: own for native_id, own in steps.items() if own}


def _steps(job: _Run) -> Iterator[Step]:
    """Subjobs that have not begun show when their array did; a job that was run several times, the last time only."""
    is_sure = _is_in_utc(job)
    if is_sure and (at := _time(job.queued)) is not None:
        yield Step(status="Q", at=at, source=_SOURCE)
    if is_sure and job.run_count and (at := _time(job.started)) is not None:
        runs = f"run_count {job.run_count}" if job.run_count > 1 else ""
        yield Step(status="R", minor_status=str(job.host), application_status=runs, at=at, source=_SOURCE)
    if job.state in ENDED and (at := _end(job, is_sure=is_sure)) is not None:
        code = "" if job.exit_status is None else f"Exit_status {job.exit_status}"
        yield Step(status=job.state, minor_status=str(job.comment), application_status=code, at=at, source=_SOURCE)


def _end(job: _Run, *, is_sure: bool) -> Utc | None:
    """The second at which it went into the history is soon after it, and the only one for a job that never ran."""
    known = None if job.history_timestamp is None else Utc(job.history_timestamp)
    return (_time(job.ended) if is_sure else None) or known


def _is_in_utc(job: _Run) -> bool:
    ended = _time(job.ended)
    if ended is None or job.history_timestamp is None:
        return True
    return 0.0 <= job.history_timestamp - ended < _CLOSE


def _time(text: Text) -> Utc | None:
    match = _FORM.fullmatch(str(text))
    if match is None or match[1] not in _MONTHS:
        return None
    day, hour, minute, second, year = map(int, match.groups()[1:])
    try:
        return Utc(datetime(year, _MONTHS.index(match[1]) + 1, day, hour, minute, second, tzinfo=UTC).timestamp())
    except ValueError:
        return None
