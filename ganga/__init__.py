"""Submit and follow jobs on any back end.

The names below are what users may rely on; each is loaded when it is first used, so that ``import ganga`` costs
nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

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

_HOMES = {
    "Client": ("ganga.client", "Client"),
    "Event": ("ganga.model.event", "Event"),
    "GangaError": ("ganga.errors", "GangaError"),
    "Job": ("ganga.model.job", "JobRecord"),
    "JobSpec": ("ganga.model.job", "JobSpec"),
    "JobStatus": ("ganga.model.status", "JobStatus"),
    "Resources": ("ganga.model.resources", "Resources"),
    "Session": ("ganga.plain", "Session"),
    "Share": ("ganga.model.job", "Share"),
    "open": ("ganga.app", "open"),
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'ganga' has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted(__all__)
