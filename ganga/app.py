"""The only place where settings become objects: the store, the targets, the service that looks after them, the
client.
"""

import asyncio
import dataclasses
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import TracebackType
from typing import cast

from msgspec import Struct
from msgspec.structs import replace

from ganga.backends.base import ENTRY_POINTS, BackendModule, Located, Surroundings
from ganga.client import Client
from ganga.errors import ConfigurationError, GangaError, StoreUnavailable
from ganga.hosting import grants
from ganga.hosting.confinement import check_place
from ganga.hosting.hosting import Hosting, Household
from ganga.hosting.templates import OWNER, check_templates, filled, is_plain
from ganga.model.ids import TargetName, shortened
from ganga.monitor.connection import Target
from ganga.monitor.instruments import SILENT, Observer
from ganga.monitor.service import Service
from ganga.plain import Session
from ganga.reading import nearest, read_struct
from ganga.settings import LOCAL, Settings, TargetSettings, load
from ganga.store.configured import open_all, open_configured
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


@asynccontextmanager
async def host(settings: Settings, *, observer: Observer = SILENT) -> AsyncIterator[Hosting]:
    """A service that looks after the targets of everybody who trusts the role that it connects to the store as.

    Raises `ConfigurationError`, and what opening the store raises.
    """
    url = check_hosting(settings)
    hosted = _hosted_targets(settings)
    with explained(settings.home):
        await asyncio.to_thread(make_private, settings.home)
    async with (
        open_all(url) as stores,
        Hosting(
            stores, partial(_household, settings, hosted), lease_seconds=settings.monitor.lease, observer=observer
        ) as hosting,
    ):
        yield hosting


async def settings_of_owners(settings: Settings) -> dict[str, Settings]:
    """For each owner whom such a service would serve, the settings by which others see what it does.

    Raises as `host` does.
    """
    hosted = _hosted_targets(settings)
    async with open_all(check_hosting(settings)) as stores:
        owners = sorted(filter(is_plain, await stores.owners()))
    return {
        owner: replace(
            settings,
            home=_aside(settings, owner),
            store=replace(settings.store, owner=owner),
            default_target=next(iter(hosted)),
            targets={name: _for_owner(target, owner) for name, target in hosted.items()},
        )
        for owner in owners
    }


def check_hosting(settings: Settings) -> str:
    """The URL of the store. Raises `ConfigurationError` for settings that are not those of a service for many."""
    if settings.store.url is None or not settings.service.home:
        missing = "store.url" if settings.store.url is None else "service.home"
        raise ConfigurationError(
            f"{settings.file or 'the settings'}: {missing} is missing: to monitor for all takes a store on a server "
            f"(store.url) and the folder of each owner (service.home), such as /srv/ganga/{OWNER}"
        )
    if settings.store.owner is not None:
        raise ConfigurationError(f"{settings.file}: store.owner names one owner; leave it out to monitor for all")
    return settings.store.url


def _hosted_targets(settings: Settings) -> dict[TargetName, TargetSettings]:
    """Those that act by what each owner grants; the others are told in the log."""
    hosted = dict[TargetName, TargetSettings]()
    for name, target in settings.targets.items():
        kind = _backend(settings.file, name, target.backend).Settings
        check_templates(target.options, f"targets.{name}", settings.file)
        objection = grants.objection(kind, target.options)
        if objection is None:
            options = grants.with_credentials(kind, target.options, settings.service.home)
            hosted[name] = replace(target, options=options)
            _target(settings, name, _for_owner(hosted[name], "owner"))  # so that mistakes are told now
        else:
            level = logging.INFO if name == LOCAL and not target.options else logging.WARNING
            _log.log(
                level, "%s is not looked after for others, since %s: it would act as this account", name, objection
            )
    if not hosted:
        raise ConfigurationError(
            f"{settings.file}: there is no target that can be looked after for others; say {OWNER} in the settings of "
            "one, where it names an account or the file with its credentials"
        )
    return hosted


def _household(settings: Settings, hosted: Mapping[TargetName, TargetSettings], owner: str) -> Household:
    """What is looked after for this owner. Raises `GangaError` if that cannot be."""
    home = check_place(settings.service.home, owner)
    if not home.is_dir():
        raise StoreUnavailable(f"{home} is no folder; make it, for {owner} and this account")
    folder = _aside(settings, owner)
    targets = {name: _hosted_target(settings, name, target, owner, folder) for name, target in hosted.items()}
    return Household(home, folder / "aside", targets)


def _aside(settings: Settings, owner: str) -> Path:
    """Where back ends keep files of their own about this owner: out of the owner's reach."""
    return settings.home / "owners" / owner


def _hosted_target(settings: Settings, name: TargetName, target: TargetSettings, owner: str, folder: Path) -> Target:
    kind = _backend(settings.file, name, target.backend).Settings
    permit = grants.permit(kind, target.options, owner)
    return dataclasses.replace(_target(settings, name, _for_owner(target, owner), folder), permit=permit)


def _for_owner(target: TargetSettings, owner: str) -> TargetSettings:
    return replace(target, options=filled(target.options, owner))


def _target(settings: Settings, name: TargetName, target: TargetSettings, folder: Path | None = None) -> Target:
    module = _backend(settings.file, name, target.backend)
    options = read_struct(module.Settings, target.options, where=f"targets.{name}", file=settings.file)
    surroundings = Surroundings(name, (folder or settings.home) / "targets" / name)
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
