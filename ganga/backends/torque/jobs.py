"""What the server knows of jobs, by ``qstat -f``; those that have ended it keeps for a while (``keep_completed``).

The ended ones count as the history, although one question tells of both: what is told of their ends is less than the
launcher may know. Times are printed without a zone.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ganga.backends.batch.amounts import duration, size
from ganga.backends.batch.dialect import Entry, Listing
from ganga.backends.batch.shell import Reply
from ganga.backends.torque.endings import outcome
from ganga.backends.torque.records import Record, records
from ganga.model.ids import NativeId
from ganga.model.observation import Observation
from ganga.model.status import JobStatus

#: The letters of states, as ``qstat(1B)`` has them. Others are Slurm's, for ends that Torque has no letter for.
_LIVE: Final[Mapping[str, JobStatus]] = MappingProxyType(
    {
        **dict.fromkeys("QTW", JobStatus.SUBMITTED),
        "H": JobStatus.HELD,
        **dict.fromkeys("RE", JobStatus.RUNNING),
        "S": JobStatus.SUSPENDED,
    }
)
_ENDED: Final = "C"
_HOLD: Final = "it is held, or waits for another job to end; `qrls` releases it"
_NUMBER: Final = re.compile(r"-?[0-9]{1,9}")

#: What is told of one job; None if that is nothing that counts here.
_Reading = Callable[[Mapping[str, str]], Observation | None]


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads what one kind of qstat answers. Both readings raise `BackendUnavailable` and `BackendProtocolError`."""

    #: Whether a text is the id of a job or subjob; None for one that is neither that nor an array.
    is_single: Callable[[str], bool | None]
    #: Whether an answer says that there are no jobs at all.
    says_none: Callable[[Reply], bool]

    def queue(self, reply: Reply) -> Listing:
        """The jobs and subjobs that have not ended."""
        return self._listing(reply, _live)

    def history(self, reply: Reply) -> Listing:
        """Those that have, if it is told how."""
        return self._listing(reply, _end)

    def _listing(self, reply: Reply, reading: _Reading) -> Listing:
        if self.says_none(reply):
            return {}
        if reply.exit_code != 0:
            raise reply.unavailable()
        try:
            told = list(records(reply.text))
        except ValueError as error:
            raise reply.unreadable(f"whole jobs ({error})") from error
        sound = [
            record for record in told if self.is_single(record.id) is not None and "job_state" in record.attributes
        ]
        if not sound:
            raise reply.unreadable("jobs with their ids and states")
        return dict(self._entries(sound, reading))

    def _entries(self, told: list[Record], reading: _Reading) -> Iterator[tuple[NativeId, Entry]]:
        """Of two texts about one job nobody knows which is true; of an array as a whole the subjobs say all."""
        times = Counter(record.id for record in told)
        for record in told:
            seen = reading(record.attributes) if self.is_single(record.id) and times[record.id] == 1 else None
            if seen is not None:
                owner = record.attributes.get("Job_Owner", "").partition("@")[0]
                # A node whose daemon was started again has not seen the ends of its jobs, and calls them 0.
                assumed = seen.status is JobStatus.COMPLETED
                yield NativeId(record.id), Entry(_name(record.attributes), seen, owner, assumed=assumed)


def _name(told: Mapping[str, str]) -> str:
    """Of a subjob that of its array, to which the server adds the index."""
    index = told.get("job_array_id")
    return told.get("Job_Name", "").removesuffix("" if index is None else f"-{index}")


def _live(told: Mapping[str, str]) -> Observation | None:
    status = _LIVE.get(told["job_state"])
    if status is None:
        return None
    reason = (told.get("comment") or _HOLD) if status is JobStatus.HELD else None
    return Observation(status=status, native_status=told["job_state"], reason=reason, restart=_restart(told))


def _end(told: Mapping[str, str]) -> Observation | None:
    exit_status = _number(told.get("exit_status", ""))
    if told["job_state"] != _ENDED or exit_status is None:
        return None
    end = outcome(exit_status, out_of_time=_is_out_of_time(told))
    return Observation(
        status=end.status,
        native_status=_ENDED,
        exit_code=end.exit_code,
        signal=end.signal,
        reason=end.reason,
        peak_memory=size(told.get("resources_used.mem", "")),
        cpu_time=duration(told.get("resources_used.cput", "")),
        restart=_restart(told),
    )


def _is_out_of_time(told: Mapping[str, str]) -> bool:
    used = duration(told.get("resources_used.walltime", ""))
    limit = duration(told.get("Resource_List.walltime", ""))
    return used is not None and limit is not None and used >= limit


def _restart(told: Mapping[str, str]) -> int:
    """The server counts a run as it begins: a job that goes back to the queue is the next attempt once it runs."""
    return max((_number(told.get("start_count", "")) or 0) - 1, 0)


def _number(text: str) -> int | None:
    return int(text) if _NUMBER.fullmatch(text) else None
