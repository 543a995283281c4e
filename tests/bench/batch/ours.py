"""A monitor of ours: ``python -m tests.bench.batch.ours ERRAND SETTINGS``, the latter the lines of a target."""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

import ganga
from ganga.client import Client
from ganga.model.ids import JobId, NativeId
from ganga.model.job import JobRecord
from ganga.model.resources import Resources
from tests.bench.batch.inside.telling import Errand, Teller, errand, until_over

TARGET = "batch"


async def _main(wanted: Errand, teller: Teller, settings: str) -> None:
    home = Path(wanted.folder)
    config = home / "ganga.toml"
    config.write_text(f"[targets.{TARGET}]\n{settings}")
    async with ganga.open(home, config=config) as client:
        followed = await _followed(client, wanted.name) if wanted.name else {}
        submitted = await _submitted(client, wanted.submit)
        telling = asyncio.create_task(_tell(client, followed, teller))
        teller.follows(submitted)
        await asyncio.to_thread(until_over)
        telling.cancel()


async def _followed(client: Client, name: str) -> Mapping[JobId, NativeId]:
    records = await client.track(TARGET, f"name:{name}")
    return {record.id: record.native_id for record in records if record.native_id is not None}


async def _submitted(client: Client, scripts: Mapping[str, tuple[str, int]]) -> Mapping[str, str]:
    """The native ids, when all of them are known."""
    jobs = {
        key: await client.submit(["sh", "-c", script], target=TARGET, resources=Resources(time=60 * minutes))
        for key, (script, minutes) in scripts.items()
    }
    return {key: await _native_id(client, job) for key, job in jobs.items()}


async def _native_id(client: Client, job: JobRecord) -> NativeId:
    async for _ in client.events(after=0, job=job):
        native_id = (await client.get(job)).native_id
        if native_id is not None:
            return native_id
    raise AssertionError("the events have an end")


async def _tell(client: Client, followed: Mapping[JobId, NativeId], teller: Teller) -> None:
    async for event in client.events(after=0):
        if event.job is not None and event.new is not None and event.new.final:
            native_id = followed.get(event.job) or (await client.get(event.job)).native_id
            teller.ended(native_id or "", event.new)


if __name__ == "__main__":
    asyncio.run(_main(errand(), Teller(), sys.argv[2]))
