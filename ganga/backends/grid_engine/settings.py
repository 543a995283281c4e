"""What a site may set for jobs on Grid Engine, and how the monitor is to treat them."""

from typing import Annotated

from msgspec import Meta

from ganga.backends.batch import settings as batch
from ganga.model.policy import Policy

#: The name of a resource or a parallel environment, which stands in front of a value.
_Name = Annotated[str, Meta(pattern=r"^(?:[A-Za-z_][\w.-]*)?$")]


class Settings(batch.BatchSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of a target on one Grid Engine, beside those of all batch systems."""

    #: The parallel environment that gives processors of one machine; empty: jobs get one processor only.
    parallel_environment: _Name = ""
    #: The resource by which memory is asked for; its amount is that of one processor.
    memory_resource: _Name = "h_vmem"
    #: The resource by which graphics processors are asked for; empty: there are none.
    gpu_resource: _Name = ""
    #: Days of the history that `ganga track` looks through for names and users.
    history_days: Annotated[int, Meta(ge=1)] = 7
    #: The file to which the queue master appends a line at each end, `$SGE_ROOT/$SGE_CELL/common/accounting`, as the
    #: machine where the commands are run sees it; empty: ends are found by asking.
    accounting_file: Annotated[str, Meta(pattern=r"^(/.*)?$")] = ""


def policy(settings: Settings, /) -> Policy:
    """One call tells of all jobs, and a busy queue master serves everybody."""
    return batch.policy(fastest=10.0, feed=batch.LOG if settings.accounting_file else None)
