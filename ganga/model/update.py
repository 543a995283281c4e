"""What the store takes in one go."""

from dataclasses import dataclass

from ganga.model.event import Event
from ganga.model.ids import TargetName
from ganga.model.job import JobRecord, TargetState


@dataclass(frozen=True, slots=True)
class Update:
    """Changes of one target's jobs, to be stored in one transaction before anybody is told."""

    target: TargetName
    #: As they are to stand in the store; each job once.
    records: tuple[JobRecord, ...] = ()
    #: As they stood at the end of an attempt that was followed by another.
    attempts: tuple[JobRecord, ...] = ()
    #: In order, not yet numbered.
    events: tuple[Event, ...] = ()
    state: TargetState | None = None

    def __bool__(self) -> bool:
        return bool(self.records or self.events or self.state is not None)
