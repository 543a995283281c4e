"""A client over scripted back ends, in real time but in a hurry."""

import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from ganga.backends.base import Backend
from ganga.client import Client
from ganga.model.ids import TargetName
from ganga.model.policy import Pace, Patience, Policy, Retry, Width
from ganga.monitor.connection import Target
from ganga.monitor.service import Service
from ganga.store.base import Store
from ganga.store.memory import MemoryStore
from ganga.workspace import Workspace

RETRY = Retry(first=0.05, longest=0.2)
WIDE = Width(batch=500, retry=RETRY)

#: Asks ten times a second at most, and tries again as soon.
HASTY = Policy(
    sweep=Pace(fastest=0.05, slowest=0.1, retry=RETRY),
    sweep_width=WIDE,
    feed=Pace(fastest=0.05, slowest=0.05, retry=RETRY),
    submit=WIDE,
    find=WIDE,
    kill=WIDE,
    finish=Width(batch=50, parallel=2, retry=RETRY),
    patience=Patience(denials=3, seconds=0.5),
)

#: Opens a back end; each monitor of its target opens it anew.
Connect = Callable[[], AbstractAsyncContextManager[Backend]]


def always(backend: Backend) -> Connect:
    """The same back end for everybody who connects."""

    @asynccontextmanager
    async def connect() -> AsyncIterator[Backend]:
        yield backend

    return connect


@asynccontextmanager
async def watching(
    folder: Path,
    backends: Mapping[str, Backend | Connect],
    *,
    policy: Policy = HASTY,
    store: Store | None = None,
    monitoring: bool = True,
    lease: float = 0.5,
) -> AsyncIterator[Client]:
    """A client with one target for each back end, and leases of so many seconds; the first target is the default."""
    store = store or MemoryStore()
    targets = {TargetName(name): _target(name, backend, policy) for name, backend in backends.items()}
    workspace = Workspace(folder)
    async with Service(store, workspace, targets, monitoring=monitoring, lease_seconds=lease) as service:
        yield Client(store, workspace, service, default_target=next(iter(targets)))


def now() -> float:
    """For scripted back ends in real time."""
    return time.time()


def _target(name: str, backend: Backend | Connect, policy: Policy) -> Target:
    return Target(TargetName(name), "scripted", policy, backend if callable(backend) else always(backend))
