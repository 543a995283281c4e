"""The services of all who trust one account, in one process; each owner stands and falls alone."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

from msgspec.structs import replace

from ganga.errors import GangaError
from ganga.hosting.templates import is_plain
from ganga.hosting.threads import ThreadsOfOwners
from ganga.hosting.workspace import HostedWorkspace
from ganga.model.ids import TargetName, shortened
from ganga.monitor.connection import CLOSING_TIME, Target
from ganga.monitor.hanging import HEEDING, AnyTask, leave
from ganga.monitor.instruments import SILENT, Allowed, Fact, LeaseTold, Observer, Standing, Work
from ganga.monitor.service import Service
from ganga.monitor.subject import serves
from ganga.monitor.watchdog import Watchdog
from ganga.store.base import Store

#: Seconds before an owner is tried again who cannot be served: at first, and at most.
PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 60.0
#: Seconds between two looks at who trusts us, if nobody says that it has changed.
LOOK: Final = 60.0
#: Seconds before that is asked again after it could not be.
_RETRY: Final = 2.0

_log = logging.getLogger(__name__)


class Stores(Protocol):
    """The stores of all who trust the role that connects; see `ganga.store.postgres.sharing.SharedStores`."""

    @property
    def location(self) -> str:
        """Where they are, for people."""
        ...

    @property
    def role(self) -> str:
        """The role that connects."""
        ...

    async def wait(self, known: frozenset[str], seconds: float) -> frozenset[str]:
        """The owners, as soon as they are others than those known, or after so many seconds."""
        ...

    def owned(self, owner: str) -> AbstractAsyncContextManager[Store]:
        """The store of one of them."""
        ...


@dataclass(frozen=True, slots=True)
class Household:
    """What is looked after for one owner."""

    #: With all links followed.
    home: Path
    #: Where files of this owner are that only the service may enter.
    aside: Path
    targets: Mapping[TargetName, Target]


class Hosting:
    """Looks after the targets of every owner, from when the owner trusts us until that is taken back. Used as an async
    context manager.

    `household` is called in a thread, and raises `GangaError` for an owner who cannot be served now.
    """

    def __init__(
        self,
        stores: Stores,
        household: Callable[[str], Household],
        *,
        lease_seconds: float = 5.0,
        observer: Observer = SILENT,
    ) -> None:
        self._stores = stores
        self._household = household
        self._lease_seconds = lease_seconds
        self._observer = observer
        self._threads = ThreadsOfOwners()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        #: Of those who trust us no longer, and are not left yet.
        self._leaving: set[AnyTask] = set()
        self._refused: set[str] = set()
        self._services: dict[str, Service] = {}
        self._watchdog = Watchdog(observer=observer)
        self._follower: asyncio.Task[None] | None = None

    @property
    def location(self) -> str:
        """Where the stores are, for people."""
        return self._stores.location

    @property
    def role(self) -> str:
        """Whom the owners trust."""
        return self._stores.role

    @property
    def owners(self) -> frozenset[str]:
        """Those who trust us, and whose names can be used."""
        return frozenset(self._tasks)

    @property
    def leading(self) -> set[tuple[str, TargetName]]:
        """The targets whose leases this process holds, each with its owner."""
        return {(owner, target) for owner, service in self._services.items() for target in service.leading}

    async def __aenter__(self) -> Self:
        asyncio.get_running_loop().set_default_executor(self._threads)
        await self._watchdog.__aenter__()
        self._follower = asyncio.create_task(self._follow(), name="owners")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """All owners are left at once."""
        tasks = {*self._tasks.values(), *self._leaving} | ({self._follower} if self._follower else set())
        await leave(tasks, 2 * (CLOSING_TIME + HEEDING))
        await self._watchdog.__aexit__(kind, error, trace)

    async def _follow(self) -> None:
        """Serve whoever trusts us."""
        known, told = frozenset[str](), ""
        while True:
            try:
                known = await self._stores.wait(known, LOOK)
            except Exception as error:  # noqa: BLE001 - whoever is served goes on being served
                if str(error) != told:
                    unexpected = None if isinstance(error, GangaError) else error
                    _log.warning("who trusts this service cannot be asked: %s", error, exc_info=unexpected)
                told = str(error)
                await asyncio.sleep(_RETRY)
            else:
                told = ""
                self._turn_to(known)

    def _turn_to(self, owners: frozenset[str]) -> None:
        for owner in sorted(owners - self._refused):
            if not is_plain(owner):
                _log.warning(
                    "%r is not served: the name of an owner becomes part of folders and hosts, and may have up to 63 "
                    "letters, digits, _ - and ., neither - nor . in front",
                    shortened(owner),
                )
                self._refused.add(owner)
            elif owner not in self._tasks:
                former = {task for task in self._leaving if task.get_name() == owner}
                self._tasks[owner] = asyncio.create_task(self._serve(owner, former), name=owner)
        self._refused &= owners
        for owner in self._tasks.keys() - owners:
            task = self._tasks.pop(owner)
            task.cancel()
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    async def _serve(self, owner: str, former: set[AnyTask]) -> None:
        """Until cancelled. Nothing that goes wrong here reaches anybody else."""
        serves(owner)
        if former:
            await asyncio.wait(former)
        pause, told = PAUSE, ""
        try:
            while True:
                try:
                    async with self._service(owner):
                        pause, told = PAUSE, ""
                        await asyncio.get_running_loop().create_future()
                except GangaError as error:
                    if str(error) != told:
                        _log.warning("nothing can be done for them: %s; it is tried again", error)
                    told = str(error)
                except Exception as error:  # noqa: BLE001 - a bug that one owner meets costs nobody else anything
                    if str(error) != told:
                        _log.exception("nothing can be done for them, by a bug; it is tried again")
                    told = str(error)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
        finally:
            self._threads.let_go(owner)

    @asynccontextmanager
    async def _service(self, owner: str) -> AsyncIterator[None]:
        household = await asyncio.to_thread(self._household, owner)
        workspace = HostedWorkspace(household.home, household.aside, owner)
        await asyncio.to_thread(workspace.check_writable)
        await asyncio.to_thread(workspace.tidy)
        observer = _Owned(self._observer, owner)
        async with (
            self._stores.owned(owner) as store,
            Service(
                store,
                workspace,
                household.targets,
                lease_seconds=self._lease_seconds,
                observer=observer,
                watched=False,
            ) as service,
        ):
            self._services[owner] = service
            try:
                yield
            finally:
                del self._services[owner]


class _Owned:
    """Says with each fact whose target it is about."""

    def __init__(self, observer: Observer, owner: str) -> None:
        self._observer = observer
        self._owner = owner

    def during(self, work: Work, /) -> AbstractContextManager[object]:
        """See `Observer.during`."""
        return self._observer.during(work)

    def tell(self, fact: Fact, /) -> None:
        """See `Observer.tell`."""
        if isinstance(fact, LeaseTold | Standing | Allowed):
            self._observer.tell(replace(fact, owner=self._owner))
        else:
            self._observer.tell(fact)
