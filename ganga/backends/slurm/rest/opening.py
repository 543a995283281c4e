"""Open the road over REST. Only targets with `rest_url` need what is loaded here."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ganga.backends.slurm.rest.client import connected
from ganga.backends.slurm.rest.road import RestRoad
from ganga.backends.slurm.rest.token import Token, read_token, token_file
from ganga.backends.slurm.settings import Settings


@asynccontextmanager
async def rest_road(settings: Settings) -> AsyncIterator[RestRoad]:
    """Nothing is asked yet. Raises `ConfigurationError`."""
    file = token_file(settings.token_file, os.environ)

    async def token() -> Token:
        return await asyncio.to_thread(read_token, file, os.environ)

    async with connected(settings.rest_url, token, settings.timeout, settings.authorities) as client:
        yield RestRoad(client, cluster=settings.cluster)
