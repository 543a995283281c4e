"""What is told of a change: the events that a new record makes."""

from ganga.model.clock import Moment
from ganga.model.event import Event, EventKind
from ganga.model.ids import JobId, TargetName
from ganga.model.job import JobRecord, TargetState
from ganga.model.status import JobStatus
from ganga.model.update import Update


class Draft:
    """An update in the making. Every record in it has an event that tells of it."""

    __slots__ = ("_attempts", "_events", "_records", "_state", "_target", "moment")

    def __init__(self, target: TargetName, moment: Moment) -> None:
        self._target = target
        #: When all of this happens.
        self.moment = moment
        self._records: dict[JobId, JobRecord] = {}
        self._attempts: list[JobRecord] = []
        self._events: list[Event] = []
        self._state: TargetState | None = None

    def change(self, old: JobRecord, new: JobRecord) -> None:
        """A record was replaced: store it and tell what is new about it."""
        self._records[new.id] = new
        if new.attempt > old.attempt and old.attempt:
            self._attempts.append(old)
            self._tell(EventKind.ATTEMPT_STARTED, new, old.status, new.status, _why_again(old, new))
        elif new.status is not old.status:
            self._tell(EventKind.STATUS_CHANGED, new, old.status, new.status, new.reason)
        elif new.silent_since is not None and old.silent_since is None:
            self._tell(EventKind.FELL_SILENT, new, None, None, None)
        elif new.silent_since is None and old.silent_since is not None:
            self._tell(EventKind.HEARD_AGAIN, new, None, None, None)
        else:
            self._tell(EventKind.DETAILS_CHANGED, new, None, None, new.reason or new.native_status)

    def confirm(self, job: JobRecord) -> None:
        """Somebody asked about the job, and nothing but the time of the answer is new."""
        self._records[job.id] = job
        self._tell(EventKind.CONFIRMED, job, None, None, None)

    def target(self, kind: EventKind, reason: str | None) -> None:
        """Something happened to the target itself."""
        self._events.append(Event(at=self.moment.utc, kind=kind, target=self._target, reason=reason))

    def state(self, state: TargetState) -> None:
        """The state of the target is to be stored."""
        self._state = state

    def finish(self) -> Update:
        """The update as it stands."""
        return Update(
            self._target, tuple(self._records.values()), tuple(self._attempts), tuple(self._events), self._state
        )

    def _tell(
        self, kind: EventKind, job: JobRecord, old: JobStatus | None, new: JobStatus | None, reason: str | None
    ) -> None:
        self._events.append(
            Event(
                at=self.moment.utc,
                kind=kind,
                target=self._target,
                job=job.id,
                old=old,
                new=new,
                attempt=job.attempt,
                reason=reason,
            )
        )


def _why_again(old: JobRecord, new: JobRecord) -> str:
    again = "run again by the back end" if new.native_id is not None else "submitted again"
    return f"{again} after: {old.reason}" if old.reason else again
