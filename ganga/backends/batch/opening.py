"""Open a target on any batch system, here or on another machine."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import PurePosixPath
from typing import Final, Literal

from ganga.backends.batch.backend import BatchBackend
from ganga.backends.batch.dialect import Dialect
from ganga.backends.batch.following import FollowedBackend
from ganga.backends.batch.here import HereShell
from ganga.backends.batch.kerberos.dependence import Dependence
from ganga.backends.batch.kerberos.watch import Watch
from ganga.backends.batch.reach import Reach
from ganga.backends.batch.road import Depot, Road, Source
from ganga.backends.batch.settings import BatchSettings
from ganga.backends.batch.shell import Shell
from ganga.backends.batch.workplace import Workplace, work_folder
from ganga.errors import ConfigurationError
from ganga.model.ids import TargetName

#: Seconds for the first look at tickets: whoever opens a target to check it wants to see them.
_FIRST_LOOK: Final = 3.0


@asynccontextmanager
async def open_shell(reach: Reach, within: float) -> AsyncIterator[Shell]:
    """A way to the machine that the settings name; a command has to answer within so many seconds.

    Raises `BackendUnavailable` and `ConfigurationError`.
    """
    if not reach.host:
        yield HereShell(within)
        return
    await asyncio.to_thread(_load)
    from ganga.backends.batch.ssh.opening import ssh_shell  # noqa: PLC0415 - only those need it who have the extra

    async with ssh_shell(reach, within) as shell:
        yield shell


@asynccontextmanager
async def connected(
    dialect: Dialect, settings: BatchSettings, target: TargetName, *, source: Callable[[Shell], Source] | None = None
) -> AsyncIterator[BatchBackend]:
    """A target on a batch system that answers, from the machine that its settings name.

    Raises `BackendUnavailable`, `BackendProtocolError` and `ConfigurationError`.
    """
    async with open_shell(settings, settings.timeout) as shell:
        news = None if source is None else source(shell)
        yield await open_backend(dialect, shell, settings, target, source=news)


async def open_backend(
    dialect: Dialect,
    shell: Shell,
    settings: BatchSettings,
    target: TargetName,
    *,
    road: Road | None = None,
    source: Source | None = None,
    depot: Callable[[Workplace], Depot] | None = None,
) -> BatchBackend:
    """See that the system answers, and make the folder for the files of jobs. With a source it is a `Feed`, without a
    depot.

    Raises `BackendUnavailable`, `BackendProtocolError` and `ConfigurationError`.
    """
    dialect.read_queue(await shell.run(dialect.queue()))
    folder = await work_folder(shell, settings.work_folder, target)
    place = Workplace(shell, folder, dialect.variables)
    tickets = await _tickets(settings.kerberos, shell, folder)
    array, delay = settings.largest_array, settings.commit_delay
    if source is None:
        return BatchBackend(
            dialect,
            shell,
            place,
            largest_array=array,
            commit_delay=delay,
            road=road,
            depot=None if depot is None else depot(place),
            tickets=tickets,
        )
    return FollowedBackend(
        dialect,
        shell,
        place,
        source=source,
        largest_array=array,
        commit_delay=delay,
        road=road,
        tickets=tickets,
    )


async def _tickets(wish: Literal["auto", "yes", "no"], shell: Shell, folder: PurePosixPath) -> Watch | None:
    """Those on which a target with this work folder may depend."""
    if wish == "no":
        return None
    watch = Watch(Dependence(wish, shell, folder).identity)
    await watch.looked(_FIRST_LOOK)
    return watch


def _load() -> None:
    """Its cryptography takes a while."""
    try:
        import_module("asyncssh")
    except ImportError as error:
        raise ConfigurationError(
            f"a target with a host needs the Python module {error.name}; install it: pip install 'ganga[ssh]'"
        ) from error
