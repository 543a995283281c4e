"""What DiracX sends, as records, and what the back end makes of it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache

import msgspec
from msgspec import Struct

from ganga.backends.dirac.road import JobState
from ganga.errors import BackendUnavailable
from ganga.model.clock import Utc
from ganga.model.step import Step


class Row(Struct, rename="pascal", gc=False):
    """A row of a search: the columns of `COLUMNS`. Times are left as text: many jobs have the same ones."""

    job_id: int = msgspec.field(name="JobID")
    status: str
    minor_status: str | None
    application_status: str | None
    last_update_time: str | None
    site: str | None
    job_name: str | None
    job_group: str | None
    reschedule_counter: int | None
    start_exec_time: str | None
    end_exec_time: str | None
    owner: str | None = None

    def state(self) -> JobState:
        """As the back end knows it."""
        return JobState(
            id=self.job_id,
            status=self.status,
            minor_status=self.minor_status or "",
            application_status=self.application_status or "",
            updated_at=utc(self.last_update_time),
            site=self.site or "",
            name=self.job_name or "",
            group=self.job_group or "",
            owner=self.owner or "",
            reschedules=self.reschedule_counter or 0,
            started_at=utc(self.start_exec_time),
            ended_at=utc(self.end_exec_time),
        )


#: What is asked for of a job; each costs bytes.
COLUMNS: tuple[str, ...] = Row.__struct_encode_fields__


class Line(Struct, rename="pascal", gc=False):
    """One line of a job's history."""

    status: str
    minor_status: str
    application_status: str
    status_time: str
    source: str

    def step(self) -> Step:
        """As the back end knows it."""
        return Step(
            status=self.status,
            minor_status=self.minor_status,
            application_status=self.application_status,
            at=seconds(self.status_time),
            source=self.source,
        )


class History(Struct):
    """A row of a search for histories; a job may have none."""

    job_id: int = msgspec.field(name="JobID")
    lines: list[Line] | None = msgspec.field(name="LoggingInfo", default=None)

    def steps(self) -> Sequence[Step]:
        """Oldest first."""
        return sorted((line.step() for line in self.lines or ()), key=lambda step: step.at)


class Count(Struct, rename={"status": "Status"}):
    """A row of a summary by status."""

    status: str
    count: int


class Inserted(Struct):
    """A job that was submitted."""

    job_id: int = msgspec.field(name="JobID")


class Outcome(Struct):
    """For which of several jobs a change failed, and why."""

    failed: Mapping[int, msgspec.Raw] = {}


class Update(Struct, rename="pascal"):
    """What an update made of a job."""

    #: None if the update was ignored; otherwise the status that the job has now, wanted or not.
    status: str | None = None


class Updates(Struct):
    """What an update made of several jobs."""

    success: Mapping[int, Update] = {}


class Upload(Struct):
    """Where a sandbox goes; without an address it is there already."""

    pfn: str
    url: str | None = None
    fields: Mapping[str, str] = {}


class Download(Struct):
    """Where a sandbox is to be had."""

    url: str


class Filter(Struct, omit_defaults=True):
    """One condition of a search."""

    parameter: str
    operator: str
    value: str | int | None = None
    values: Sequence[str | int] | None = None


def utc(text: str | None) -> Utc | None:
    """A time of the server, if it told one. Raises `BackendUnavailable` for text that is none."""
    return None if text is None else seconds(text)


@lru_cache(maxsize=1 << 14)
def seconds(text: str) -> Utc:
    """See `utc`; times are UTC whether they say so or not."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BackendUnavailable(f"DiracX sent {text[:40]!r} for a time; its reply is not believed") from error
    return Utc((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
