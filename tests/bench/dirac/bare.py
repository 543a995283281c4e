"""The least that a program can do for the same news: the same calls in a bare loop, and a dictionary.

``python -m tests.bench.dirac.bare SETTINGS``, the settings of a target as JSON. No error is looked after here.
"""

import asyncio
import json
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import TextIO
from urllib.parse import urlencode, urlsplit

import aiohttp
import msgspec

from ganga.backends.dirac.diracx_records import COLUMNS
from ganga.backends.dirac.settings import RoadName, Settings
from tests.bench.dirac.inside.comparing import OWNER, TIME, Ask, Comparing, Row, question
from tests.bench.dirac.inside.turns import own_output, serve

MONITORING = "WorkloadManagement/JobMonitoring"

_CHUNK = 1000
#: Makes a call of a service of DIRAC: its method and its arguments. Returns the reply.
Call = Callable[..., Awaitable[bytes]]


def services(call: Call) -> Ask:
    """By the two calls that DIRAC's own services have for it."""

    async def ask(since: datetime) -> Mapping[str, Row]:
        numbers = json.loads(await call("getJobs", {"Owner": OWNER}, since.strftime(TIME)))["Value"]
        rows: dict[str, Row] = {}
        for start in range(0, len(numbers), _CHUNK):
            some = [int(number) for number in numbers[start : start + _CHUNK]]
            told = json.loads(await call("getJobsSummary", some))["Value"]
            rows.update((job, {**row, "LastUpdateTime": row["LastUpdateTime"]["obj"]}) for job, row in told.items())
        return rows

    return ask


@asynccontextmanager
async def diracx(settings: Settings) -> AsyncIterator[Ask]:
    """One search of DiracX."""
    token = json.loads(await asyncio.to_thread(Path(settings.diracx_credentials).read_text))["access_token"]
    url = f"{settings.diracx_url}/api/jobs/search?page=1&per_page=10000"
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:

        async def ask(since: datetime) -> Mapping[str, Row]:
            async with session.post(url, json=question(COLUMNS, since)) as reply:
                rows = json.loads(await reply.read())
            return {row["JobID"]: {**row, "LastUpdateTime": row["LastUpdateTime"].rstrip("Z")} for row in rows}

        yield ask


@asynccontextmanager
async def https(settings: Settings) -> AsyncIterator[Ask]:
    """Web forms over connections that are kept."""
    url = _address(settings, "https")
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=_tls(settings))) as session:

        async def call(method: str, *arguments: object) -> bytes:
            form = {"method": method, "args": json.dumps(arguments), "clientVO": settings.organisation}
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            async with session.post(url, data=urlencode(form), headers=kind) as reply:
                return await reply.read()

        yield services(call)


@asynccontextmanager
async def dips(settings: Settings) -> AsyncIterator[Ask]:
    """DISET over a new connection for each call, acknowledged as Linux does by itself."""
    parts = urlsplit(_address(settings, "dips"))
    tls = _tls(settings)

    async def call(method: str, *arguments: object) -> bytes:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port, ssl=tls)
        await _exchange(reader, writer, [[MONITORING, "None", settings.organisation], ["RPC", method], "", "9.1.22"])
        reply = await _exchange(reader, writer, arguments)
        writer.close()
        return reply

    yield services(call)


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, value: object) -> bytes:
    content = json.dumps({"OK": True, "Value": value}).encode()
    writer.write(b"%d:%b" % (len(content), content))
    return await reader.readexactly(int((await reader.readuntil(b":"))[:-1]))


def _address(settings: Settings, scheme: str) -> str:
    return next(url for url in settings.services[MONITORING].split(", ") if url.startswith(scheme))


def _tls(settings: Settings) -> ssl.SSLContext:
    context = ssl.create_default_context(capath=settings.authorities)
    context.load_cert_chain(settings.proxy)
    return context


LOOPS = {RoadName.DIRACX: diracx, RoadName.HTTPS: https, RoadName.DIPS: dips}


async def _main(settings: Settings, output: TextIO) -> None:
    async with LOOPS[settings.road](settings) as ask:
        await serve(Comparing(ask, settings.overlap).cycle, output)


if __name__ == "__main__":
    asyncio.run(_main(msgspec.json.decode(sys.argv[1], type=Settings), own_output()))
