"""Submit and follow jobs on any back end.

The names below are what users may rely on; each is loaded when it is first used, so that ``import ganga`` costs
nothing.
"""

from typing import TYPE_CHECKING

from ganga.lazy import loaded_on_use

if TYPE_CHECKING:
    from ganga.app import open  # noqa: A004 - used as `ganga.open`
    from ganga.client import Client
    from ganga.errors import GangaError
    from ganga.model.event import Event
    from ganga.model.job import JobRecord as Job
    from ganga.model.job import JobSpec, Share
    from ganga.model.resources import Resources
    from ganga.model.status import JobStatus
    from ganga.plain import Session

__version__ = "0.1.0"

__all__ = [
    "Client",
    "Event",
    "GangaError",
    "Job",
    "JobSpec",
    "JobStatus",
    "Resources",
    "Session",
    "Share",
    "__version__",
    "open",
]

__getattr__ = loaded_on_use(
    __name__,
    {
        "Client": "client",
        "Event": "model.event",
        "GangaError": "errors",
        "Job": "model.job:JobRecord",
        "JobSpec": "model.job",
        "JobStatus": "model.status",
        "Resources": "model.resources",
        "Session": "plain",
        "Share": "model.job",
        "open": "app",
    },
)


def __dir__() -> list[str]:
    return sorted(__all__)
