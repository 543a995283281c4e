"""Open a target on Slurm."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib import import_module
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from ganga.backends.base import Surroundings
from ganga.backends.batch.backend import BatchBackend
from ganga.backends.batch.ends_log import EndsLog
from ganga.backends.batch.opening import open_backend, open_shell
from ganga.backends.batch.road import Source
from ganga.backends.batch.shell import Shell
from ganga.backends.slurm import completions, ids
from ganga.backends.slurm.settings import Settings
from ganga.backends.slurm.words import Slurm
from ganga.errors import ConfigurationError
from ganga.model.ids import shortened

if TYPE_CHECKING:
    from ganga.backends.slurm.rest.road import RestRoad


@asynccontextmanager
async def connect(settings: Settings, surroundings: Surroundings, /) -> AsyncIterator[BatchBackend]:
    """Ask the controller once. Raises `BackendUnavailable` and `ConfigurationError`."""
    async with AsyncExitStack() as opened:
        road = await opened.enter_async_context(_rest_road(settings)) if settings.rest_url else None
        shell = await opened.enter_async_context(open_shell(settings, settings.timeout))
        source = _completions(shell, settings) if settings.completion_log else road
        dialect = Slurm(settings)
        backend = await open_backend(dialect, shell, settings, surroundings.target, road=road, source=source)
        if not settings.cluster:
            await _refuse_federation(dialect, shell)
        yield backend


async def _refuse_federation(dialect: Slurm, shell: Shell) -> None:
    """A job that another of its clusters has taken over is revoked on this one, and lives."""
    name = dialect.read_federation(await shell.run(dialect.federation()))
    if name is not None:
        raise ConfigurationError(
            f"this cluster is a member of the federation {shortened(name)}, whose clusters take jobs over from one "
            "another, and Ganga follows them on one only: name it by the setting `cluster`, which keeps jobs there"
        )


def _completions(shell: Shell, settings: Settings) -> Source:
    return EndsLog(shell, PurePosixPath(settings.completion_log), read=completions.read, place=ids.place)


@asynccontextmanager
async def _rest_road(settings: Settings) -> "AsyncIterator[RestRoad]":
    await asyncio.to_thread(_load)
    from ganga.backends.slurm.rest.opening import rest_road  # noqa: PLC0415 - only those need it who have the extra

    async with rest_road(settings) as road:
        yield road


def _load() -> None:
    """It takes a while."""
    try:
        import_module("aiohttp")
    except ImportError as error:
        raise ConfigurationError(
            f"the setting `rest_url` needs the Python module {error.name}; install it: pip install 'ganga[slurm-rest]'"
        ) from error
