"""A database that takes nothing: submissions and kills wait, what changes is told, and no job ends for it."""

import asyncio
import itertools
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import ganga
from ganga.client import Client
from ganga.model.status import JobStatus
from tests.live.dirac.faults.grounds import Row
from tests.live.dirac.faults.storm import by_hand
from tests.live.dirac.faults.table import DIPS, HTTPS
from tests.live.dirac.faults.test_server_faults import Server, config_of, until
from tests.live.dirac.worker import patiently

if TYPE_CHECKING:
    from tests.live.dirac_server.servers import Site
    from tests.live.diracx_server.running import DiracXServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

_numbers = itertools.count(9_000_000, 100)


@pytest.mark.parametrize("road", [HTTPS, DIPS])
async def test_a_database_of_the_services(road: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    server = Server(road, request, tmp_path / "ground")
    site: Site = request.getfixturevalue("site")

    @contextmanager
    def read_only() -> Iterator[None]:
        site.sql("SET GLOBAL read_only = 1;")
        try:
            yield
        finally:
            site.sql("SET GLOBAL read_only = 0;")

    def change(rows: dict[int, Row | None]) -> None:
        # The administrator may.
        server.ground.change(rows)

    async with ganga.open(tmp_path / "home", config=config_of(tmp_path, server)) as client:
        await _nothing_is_lost(client, server, read_only, change)


async def test_a_database_of_diracx(
    request: pytest.FixtureRequest, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody who does not end has begun to write: all others can only read. DiracX calls what it cannot write down an
    error of the description.
    """
    caplog.set_level(logging.DEBUG, logger="ganga")
    found: DiracXServer = request.getfixturevalue("diracx")
    server = Server("diracx", request, tmp_path / "ground")
    file = found.data / "jobdb.db"
    holding: list[sqlite3.Connection] = []

    @contextmanager
    def read_only() -> Iterator[None]:
        with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=60)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("PRAGMA busy_timeout = 100")
            holding.append(connection)
            yield
            connection.execute("ROLLBACK")

    def change(rows: dict[int, Row | None]) -> None:
        for job, row in rows.items():
            holding[0].execute(server.ground.changing(job, row))
        while not committed():
            pass

    def committed() -> bool:
        # The server waits to write, and must not have its turn in between. While it reads nobody can write.
        with found.frozen():
            try:
                holding[0].execute("COMMIT")
            except sqlite3.OperationalError:
                return False
            holding[0].execute("BEGIN IMMEDIATE")
            return True

    async with ganga.open(tmp_path / "home", config=config_of(tmp_path, server)) as client:
        await _nothing_is_lost(client, server, read_only, change, partial(_told, caplog, "JDL syntax error"))


async def _told(caplog: pytest.LogCaptureFixture, words: str) -> None:
    while True:
        if words in caplog.text:
            return
        await asyncio.sleep(0.05)


async def _nothing_is_lost(
    client: Client,
    server: Server,
    read_only: Callable[[], AbstractContextManager[None]],
    change: Callable[[dict[int, Row | None]], None],
    complained: Callable[[], Awaitable[None]] | None = None,
) -> None:
    first = next(_numbers)
    changed, killed = first, first + 1
    await asyncio.to_thread(server.ground.insert, dict.fromkeys((changed, killed), Row("Running", "Application")))
    records = await patiently(partial(client.track, "dirac", str(changed), str(killed)))
    with read_only():
        submitted = await client.submit(["true"], target="dirac", name="when it is read-only")
        await client.kill(records[1])
        await by_hand(partial(change, {changed: Row("Failed", "meanwhile")}))
        await until(client, records[:1], lambda record: record.status is JobStatus.FAILED)
        await until(client, [submitted], lambda record: record.status is JobStatus.SUBMITTING)
        if complained is not None:
            await complained()
        waiting, still = await client.store.get([submitted.id, records[1].id])
        assert waiting.status is JobStatus.SUBMITTING
        assert still.status is JobStatus.RUNNING
    (there,) = await until(client, [submitted], lambda record: record.native_id is not None)
    assert there.status is JobStatus.SUBMITTED
    assert there.attempt == 1
