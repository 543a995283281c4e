"""What DIRAC's services say of jobs, as they write it, and what it means. Pure."""

from msgspec import Struct, field

from ganga.backends.dirac.envelopes import Time, from_text, utc
from ganga.backends.dirac.road import JobState
from ganga.model.step import Step

#: One id, or those of a parametric description.
Submitted = int | list[int]


class Row(Struct, frozen=True, rename="pascal", gc=False):
    """One job in ``getJobsSummary``: the columns that we use."""

    status: str
    minor_status: str = ""
    application_status: str = ""
    last_update_time: Time = None
    site: str = ""
    job_name: str = ""
    job_group: str = ""
    reschedule_counter: int = 0
    start_exec_time: Time = None
    end_exec_time: Time = None
    owner: str = ""

    def state(self, job: int) -> JobState:
        """The same in our words."""
        return JobState(
            id=job,
            status=self.status,
            minor_status=self.minor_status,
            application_status=self.application_status,
            updated_at=utc(self.last_update_time),
            site=self.site,
            name=self.job_name,
            group=self.job_group,
            owner=self.owner,
            reschedules=self.reschedule_counter,
            started_at=utc(self.start_exec_time),
            ended_at=utc(self.end_exec_time),
        )


class Line(Struct, frozen=True, array_like=True):
    """One line of ``getJobLoggingInfo``."""

    status: str
    minor_status: str
    application_status: str
    at: str
    source: str

    def step(self) -> Step:
        """The same in our words."""
        return Step(
            status=self.status,
            minor_status=self.minor_status,
            application_status=self.application_status,
            at=from_text(self.at),
            source=self.source,
        )


class Ping(Struct, frozen=True):
    """What is used of ``ping``."""

    time: Time = None


class Whoami(Struct, frozen=True):
    """What is used of ``whoami``."""

    username: str = ""
    group: str = ""
    organisation: str = field(default="", name="VO")
