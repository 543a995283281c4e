"""What the attributes of a job mean, in the queue and in the history.

The status decides how it ended, and never the exit code: that is set while a job still runs, and of a job that was
requeued it is that of an earlier run. A job that is held has not ended.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from ganga.backends.htcondor import holds
from ganga.model.clock import Utc
from ganga.model.observation import Observation
from ganga.model.status import JobStatus

#: What stands in the reason for which a job was removed that ran into the limit of `description.time_limit`.
TIME_LIMIT: Final = "time() - JobCurrentStartExecutingDate"
OVER_TIME: Final = "it ran into its time limit; ask for more with --time"

_IDLE, _RUNNING, _REMOVED, COMPLETED, HELD, _TRANSFERRING, _SUSPENDED = range(1, 8)
#: Seconds within which the schedd lets a job go on whose files have all come. What it does not let go on until then was
#: forgotten, or its submission takes very long.
_ARRIVES_WITHIN: Final = 600
WORDS: Final[Mapping[int, str]] = MappingProxyType(
    {
        _IDLE: "IDLE",
        _RUNNING: "RUNNING",
        _REMOVED: "REMOVED",
        COMPLETED: "COMPLETED",
        HELD: "HELD",
        _TRANSFERRING: "TRANSFERRING_OUTPUT",
        _SUSPENDED: "SUSPENDED",
    }
)
_LIVE: Final[Mapping[int, JobStatus]] = MappingProxyType(
    {
        _IDLE: JobStatus.SUBMITTED,
        _RUNNING: JobStatus.RUNNING,
        _TRANSFERRING: JobStatus.RUNNING,
        _SUSPENDED: JobStatus.SUSPENDED,
    }
)
_BEGUN: Final = frozenset({_RUNNING, _TRANSFERRING, _SUSPENDED, COMPLETED})


class Ad(Struct, frozen=True, kw_only=True, rename="pascal"):
    """The attributes of one job that are asked for, by their own names."""

    cluster_id: int
    proc_id: int
    job_status: int
    exit_by_signal: bool | None = None
    exit_code: int | None = None
    exit_signal: int | None = None
    hold_reason: str = ""
    hold_reason_code: int | None = None
    remove_reason: str = ""
    num_job_starts: int = 0
    #: Where it runs; only while it does.
    remote_host: str = ""
    last_remote_host: str = ""
    job_current_start_executing_date: int | None = None
    completion_date: int | None = None
    entered_current_status: int | None = None
    job_batch_name: str = ""
    owner: str = ""
    #: KiB, as far as it was measured.
    resident_set_size: float | None = None
    remote_user_cpu: float = 0.0
    remote_sys_cpu: float = 0.0
    #: When the schedd said all this; only in the queue.
    server_time: int = 0

    @property
    def arriving(self) -> bool:
        """Whether the queue has not got all of its files."""
        return self.job_status == HELD and self.hold_reason_code == holds.SPOOLING

    @property
    def completed(self) -> bool:
        """Whether its program has ended by itself, and HTCondor is content with that; it may have been removed later,
        as is done to a spooled job when its output is home.
        """
        return self.job_status == COMPLETED or (self.job_status == _REMOVED and bool(self.completion_date))

    @property
    def forgotten(self) -> bool:
        """Whether it was arriving for too long."""
        return self.arriving and self.server_time - (self.entered_current_status or 0) > _ARRIVES_WITHIN


def observation(ad: Ad) -> Observation:
    """What it is evidence of. Which run it is follows from how often its program was started: shadows are started also
    for a run that goes on, and for none.
    """
    status, code, signal = _outcome(ad)
    ended = ad.completion_date or ad.entered_current_status
    return Observation(
        status=status,
        native_status=WORDS.get(ad.job_status, str(ad.job_status)),
        exit_code=code,
        signal=signal,
        reason=_reason(ad, status),
        started_at=_time(ad.job_current_start_executing_date) if ad.job_status in _BEGUN or status.final else None,
        ended_at=_time(ended) if status.final else None,
        place=ad.remote_host or ad.last_remote_host or None,
        peak_memory=int(ad.resident_set_size * 1024) if ad.resident_set_size else None,
        cpu_time=measured(ad.remote_user_cpu + ad.remote_sys_cpu),
        restart=max(ad.num_job_starts - 1, 0),
    )


def removed(reason: str) -> tuple[JobStatus, str]:
    """How a job has ended that was removed for this reason, and why in our words."""
    if TIME_LIMIT in reason:
        return JobStatus.FAILED, OVER_TIME
    return JobStatus.KILLED, reason or "it was removed"


def ended(code: int | None, signal: int | None) -> JobStatus:
    """How a job has ended that was not removed."""
    return JobStatus.COMPLETED if code == 0 and signal is None else JobStatus.FAILED


def _outcome(ad: Ad) -> tuple[JobStatus, int | None, int | None]:
    if ad.completed:
        code, signal = (None, ad.exit_signal) if ad.exit_by_signal else (ad.exit_code, None)
        return ended(code, signal), code, signal
    if ad.job_status == _REMOVED and not ad.remote_host:
        # What a program leaves behind that was removed is HTCondor's doing.
        return removed(ad.remove_reason)[0], None, None
    return _live(ad), None, None


def _live(ad: Ad) -> JobStatus:
    if ad.job_status == HELD:
        return JobStatus.SUBMITTED if ad.arriving and not ad.forgotten else JobStatus.HELD
    if ad.job_status == _REMOVED:
        return JobStatus.RUNNING
    return _LIVE.get(ad.job_status, JobStatus.SUBMITTED)


def _reason(ad: Ad, status: JobStatus) -> str | None:
    if status is JobStatus.HELD:
        return holds.told(ad.hold_reason_code, ad.hold_reason)
    if ad.completed:
        silent = ad.exit_code is None and not ad.exit_by_signal
        return "HTCondor does not say how its program ended" if silent else None
    if ad.job_status == _REMOVED and status.final:
        return removed(ad.remove_reason)[1]
    return None


def _time(seconds: int | None) -> Utc | None:
    return Utc(seconds) if seconds is not None and seconds > 0 else None


def measured(seconds: float) -> float | None:
    """The processor time of a job; zero is that of one at which nobody has looked while it ran."""
    return seconds or None
