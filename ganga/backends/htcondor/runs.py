"""What the queue and the history have of jobs: when they were submitted, began first and last, and how they are.

The event log has more, and is not kept; nor have its times a zone.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec.structs import fields

from ganga.backends.batch.chronicle import in_order
from ganga.backends.batch.shell import Reply
from ganga.backends.htcondor import ids
from ganga.backends.htcondor.jobs import ads
from ganga.backends.htcondor.states import COMPLETED, WORDS, Ad
from ganga.model.clock import Utc
from ganga.model.ids import NativeId
from ganga.model.step import Step

_SOURCE: Final = "schedd"
_IDLE, _RUNNING = 1, 2


class _Run(Ad, frozen=True, kw_only=True, rename="pascal"):
    q_date: int = 0
    #: When a shadow was started for it, first and last.
    job_start_date: int = 0
    job_current_start_date: int = 0


ATTRIBUTES: Final = ",".join(field.encode_name for field in fields(_Run))


def read(reply: Reply) -> Mapping[NativeId, Sequence[Step]]:
    """Of either. Raises `BackendUnavailable` and `BackendProtocolError`."""
    told = {ids.native_id(str(ad.cluster_id), ad.proc_id): in_order(_steps(ad)) for ad in ads(reply, _Run)}
    return {native_id: steps for native_id, steps in told.items() if steps}


def _steps(ad: _Run) -> Iterator[Step]:
    """Runs between the first and the last are only counted."""
    host = ad.remote_host or ad.last_remote_host
    if ad.q_date > 0:
        yield Step(status=WORDS[_IDLE], at=Utc(ad.q_date), source=_SOURCE)
    if 0 < ad.job_start_date < ad.job_current_start_date:
        yield Step(status=WORDS[_RUNNING], at=Utc(ad.job_start_date), source=_SOURCE)
    if (last := ad.job_current_start_date or ad.job_start_date) > 0:
        starts = f"NumJobStarts {ad.num_job_starts}" if ad.num_job_starts > 1 else ""
        yield Step(status=WORDS[_RUNNING], minor_status=host, application_status=starts, at=Utc(last), source=_SOURCE)
    ended = ad.completion_date if ad.completed else None
    if ad.job_status not in {_IDLE, _RUNNING} and (at := ended or ad.entered_current_status or 0) > 0:
        yield _now(ad, Utc(at))


def _now(ad: _Run, at: Utc) -> Step:
    """How it is since it became so. That a job was removed which had ended before is no step of it."""
    if ad.completed:
        code = f"ExitSignal {ad.exit_signal}" if ad.exit_by_signal else f"ExitCode {ad.exit_code}"
        return Step(status=WORDS[COMPLETED], application_status=code, at=at, source=_SOURCE)
    status = WORDS.get(ad.job_status, str(ad.job_status))
    return Step(status=status, minor_status=ad.remove_reason or ad.hold_reason, at=at, source=_SOURCE)
