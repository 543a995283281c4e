"""Whole campaigns, from submission to output, through the monitor and with daemons that die."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

import ganga
from ganga import app
from ganga.backends.base import ENTRY_POINTS
from ganga.client import Client
from ganga.model.event import EventKind
from ganga.model.ids import number_and_index
from ganga.model.job import JobRecord
from ganga.model.status import JobStatus
from tests.live.arc_server.element import JOBS, WEB, Element

#: Seconds within which a campaign ends on a busy machine.
PATIENCE = 250.0


@pytest.fixture
async def client(element: Element, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    # Also where ganga was installed before it had this back end.
    backends = [EntryPoint(name, f"ganga.backends.{name}", ENTRY_POINTS) for name in ("arc", "local")]
    monkeypatch.setattr(app, "entry_points", lambda group: backends if group == ENTRY_POINTS else [])
    config = tmp_path / "ganga.toml"
    config.write_text(
        "[targets.element]\n"
        'backend = "arc"\n'
        f'url = "{element.url}"\n'
        f'proxy = "{element.proxy}"\n'
        f'authorities = "{element.credentials.authorities}"\n'
        "commit_delay = 3\n"
        "[targets.element.pace]\n"
        "fastest = 0.5\n"
        "slowest = 2\n"
    )
    async with ganga.open(tmp_path / "home", config=config) as client:
        yield client


async def subjobs(client: Client, job: JobRecord) -> list[JobRecord]:
    records = [record async for record in client.select(parent=job.id)]
    return sorted(records, key=lambda record: number_and_index(record.id))


async def until(client: Client, kind: EventKind) -> None:
    async with asyncio.timeout(PATIENCE), aclosing(client.events(after=0)) as events:
        async for event in events:
            if event.kind is kind:
                return


async def until_running(client: Client, job: JobRecord) -> None:
    async with asyncio.timeout(PATIENCE), aclosing(client.events(after=0, job=job)) as events:
        async for event in events:
            if event.new is JobStatus.RUNNING:
                return


async def test_a_campaign_outlives_the_daemons_of_its_element(client: Client, element: Element, tmp_path: Path) -> None:
    data, go = tmp_path / "data.txt", element.root / "scratch" / "go"
    data.write_text("shared\n")
    script = (
        f'cat data.txt; until test -e {go}; do sleep 0.5; done; echo "$GANGA_SUBJOB_INDEX" >result.txt;'
        ' test "$GANGA_SUBJOB_INDEX" -lt 9'
    )
    job = await client.submit(["sh", "-c", script], target="element", subjobs=12, inputs=[data], outputs=["result.txt"])
    await until_running(client, (await subjobs(client, job))[11])
    await asyncio.to_thread(element.stop_daemon, WEB)
    await asyncio.to_thread(element.stop_daemon, JOBS)
    await until(client, EventKind.TARGET_DOWN)
    assert not any(record.status.final for record in await subjobs(client, job))
    await asyncio.to_thread(go.touch)
    for daemon in (WEB, JOBS):
        # Here and not in a thread, with whose end it would end.
        element.start_daemon(daemon)
    (ended,) = await client.wait(job, timeout=PATIENCE)
    await until(client, EventKind.TARGET_UP)
    assert ended.status is JobStatus.FAILED
    records = await subjobs(client, job)
    assert [record.status for record in records] == [JobStatus.COMPLETED] * 9 + [JobStatus.FAILED] * 3
    assert [record.exit_code for record in records] == [0] * 9 + [1] * 3
    assert {record.attempt for record in records} == {1}
    for number in (0, 11):
        folder = await client.fetch(records[number])
        assert (folder / "result.txt").read_text() == f"{number}\n"
        assert (folder / "stdout").read_text() == "shared\n"
