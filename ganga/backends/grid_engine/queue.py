"""What the queue master has in its mind: the XML of ``qstat``. What has ended is not in it, so it tells no end."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final
from xml.etree import ElementTree as ET

from ganga.backends.batch.dialect import Entry, Listing
from ganga.backends.batch.shell import Reply
from ganga.backends.grid_engine.ids import expand
from ganga.backends.grid_engine.states import is_error, restart_of, status_of
from ganga.model.clock import Utc
from ganga.model.ids import NativeId
from ganga.model.observation import Observation
from ganga.model.status import JobStatus

QUESTION: Final = ("qstat", "-xml")

_ERROR: Final = "Grid Engine has set it aside after an error; look with `qstat -j {}`, go on with `qmod -cj {}`"
_HOLD: Final = "it is held, or waits for another job to end; `qrls` releases it"


def read(reply: Reply) -> Listing:
    """Raises `BackendUnavailable` and `BackendProtocolError`."""
    if reply.exit_code != 0:
        raise reply.unavailable()
    return dict(_entries(reply))


def _entries(reply: Reply) -> Iterator[tuple[NativeId, Entry]]:
    for job in _root(reply).iter("job_list"):
        number, name, state = (job.findtext(tag) or "" for tag in ("JB_job_number", "JB_name", "state"))
        ids = expand(number, job.findtext("tasks"))
        if ids is None or not state:
            raise reply.unreadable("the ids and states of jobs")
        entry = Entry(name, _seen(number, state, job.findtext("JAT_start_time") or ""))
        for native_id in ids:
            yield native_id, entry


def _root(reply: Reply) -> ET.Element:
    """What stands before the XML is a banner. A document type could define entities, and is none of its own."""
    _, begun, text = reply.text.partition("<?xml")
    if not begun or "<!" in text:
        raise reply.unreadable("XML without a document type")
    try:
        root = ET.fromstring(begun + text)  # noqa: S314 - without a document type there are no entities
    except (ET.ParseError, ValueError) as error:
        raise reply.unreadable(f"whole XML ({error})") from error
    if root.tag != "job_info" or root.find("queue_info") is None or root.find("job_info") is None:
        raise reply.unreadable("a list of the jobs that run and of those that wait")
    return root


def _seen(job: str, state: str, start: str) -> Observation:
    status = status_of(state)
    begun = status in {JobStatus.RUNNING, JobStatus.SUSPENDED}
    reason = _ERROR.format(job, job) if is_error(state) else _HOLD if status is JobStatus.HELD else None
    return Observation(
        status=status,
        native_status=state,
        reason=reason,
        started_at=_time(start) if begun else None,
        restart=restart_of(state),
    )


def _time(text: str) -> Utc | None:
    """``2026-11-22T09:39:49``, in the zone that is asked for."""
    try:
        return Utc(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None
