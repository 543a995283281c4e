"""The only place where settings become objects: the store, the targets, the service that looks after them, the
client.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import TracebackType
from typing import cast

from msgspec import Struct

from ganga.backends.base import ENTRY_POINTS, BackendModule, Located, Surroundings
from ganga.client import Client
from ganga.errors import ConfigurationError, GangaError
from ganga.model.ids import TargetName, shortened
from ganga.monitor.connection import Target
from ganga.monitor.instruments import SILENT, Observer
from ganga.monitor.service import Service
from ganga.plain import Session
from ganga.reading import nearest, read_struct
from ganga.settings import Settings, TargetSettings, load
from ganga.store.configured import open_configured
from ganga.workspace import Workspace
from ganga.workspace.folders import explained, make_private

_log = logging.getLogger(__name__)


def open(  # noqa: A001 - used as `ganga.open`
    home: str | Path | None = None,
    *,
    config: str | Path | None = None,
    monitor: bool = True,
    observer: Observer = SILENT,
) -> "Opening":
    """Open the store in the folder `home` with the targets of the settings file `config`; see `ganga.settings` for
    defaults.

    With `monitor` this process looks after every target that no other process looks after; without, it only reads, and
    writes requests. To be used as ``async with ganga.open() as client`` or, in scripts and notebooks, as
    ``with ganga.open() as session``. `observer` is told how the monitor works. Raises `ConfigurationError`.
    """
    return Opening(load(home=home, config=config), monitor=monitor, observer=observer)


class Opening:
    """What `open` returns: entered with ``async with`` it gives a `Client`, with ``with`` a `Session`."""

    def __init__(self, settings: Settings, *, monitor: bool, observer: Observer = SILENT) -> None:
        self.settings = settings
        self._opened = partial(_opened, settings, monitor=monitor, observer=observer)
        self._client: AbstractAsyncContextManager[Client] | None = None
        self._session: Session | None = None

    def session(self) -> Session:
        """A session that lasts until its `close`, or the end of the program. Raises what opening the store raises."""
        return Session(self._opened)

    async def __aenter__(self) -> Client:
        self._client = self._opened()
        return await self._client.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        client, self._client = self._client, None
        return None if client is None else await client.__aexit__(kind, error, trace)

    def __enter__(self) -> Session:
        self._session = self.session()
        return self._session

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()


@asynccontextmanager
async def _opened(settings: Settings, *, monitor: bool, observer: Observer) -> AsyncIterator[Client]:
    targets = {name: _target(settings, name, target) for name, target in settings.targets.items()}
    with explained(settings.home):
        await asyncio.to_thread(make_private, settings.home)
    async with open_configured(settings.database, settings.store.url, settings.store.owner) as store:
        for warning in store.warnings:
            _log.warning("%s", warning)
        workspace = Workspace(settings.home)
        lease = settings.monitor.lease
        async with (
            Service(store, workspace, targets, monitoring=monitor, lease_seconds=lease, observer=observer) as service,
            _tidying(workspace, wanted=monitor),
        ):
            yield Client(store, workspace, service, default_target=settings.default_target)


@asynccontextmanager
async def _tidying(workspace: Workspace, *, wanted: bool) -> AsyncIterator[None]:
    """Meanwhile remove what dead processes have left behind."""
    task = asyncio.create_task(_tidy(workspace), name="tidying") if wanted else None
    try:
        yield
    finally:
        if task is not None:
            task.cancel()


async def _tidy(workspace: Workspace) -> None:
    try:
        await asyncio.to_thread(workspace.tidy)
    except GangaError as error:
        _log.warning("what dead processes have left in %s stays there: %s", workspace.home, error)


def _target(settings: Settings, name: TargetName, target: TargetSettings) -> Target:
    module = _backend(settings.file, name, target.backend)
    options = read_struct(module.Settings, target.options, where=f"targets.{name}", file=settings.file)
    surroundings = Surroundings(name, settings.home / "targets" / name)
    connect = partial(module.connect, options, surroundings)
    where = options.where if isinstance(options, Located) else ""
    return Target(name, target.backend, target.pace.applied(module.policy(options)), connect, where)


def _backend(file: Path | None, name: TargetName, backend: str) -> BackendModule[Struct]:
    known = {entry.name: entry for entry in entry_points(group=ENTRY_POINTS)}
    if backend not in known:
        meant = nearest(backend, known)
        raise ConfigurationError(
            f"{file}: targets.{name}.backend: there is no back end {shortened(backend)!r}; "
            + (f"did you mean {meant!r}? " if meant else "")
            + f"known back ends: {', '.join(sorted(known))}"
        )
    return _loaded(known[backend])


def _loaded(entry: EntryPoint) -> BackendModule[Struct]:
    try:
        return cast("BackendModule[Struct]", entry.load())
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f"the back end {entry.name!r} cannot be loaded from {entry.value}: {error}") from error
