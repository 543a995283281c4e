"""A monitor of jobs on DIRAC, which tells when it tells: ``python -m tests.bench.dirac.following HOME [PROFILE]``.

In the folder are its settings and its store. The first line on standard output comes when it has asked about every job;
then there is one for each job that runs, when the event of that is told. It ends when its standard input does, and
leaves in the file PROFILE where its event loop has spent the time of the processor since that first line.
"""

import asyncio
import sys
import time
from collections.abc import Sequence
from cProfile import Profile
from pathlib import Path
from typing import TextIO

import msgspec
from msgspec import Struct

import ganga
from ganga.backends.dirac.settings import Settings
from ganga.client import Client
from ganga.model.clock import Utc
from ganga.model.ids import JobId, NativeId, TargetName
from ganga.model.job import JobRecord, JobSpec
from ganga.model.status import JobStatus
from ganga.settings import load
from ganga.store.base import Adopted
from ganga.store.sqlite import open_sqlite
from tests.bench.dirac.inside.turns import own_output

TARGET = TargetName("dirac")
CONFIGURATION = "ganga.toml"

_LOOKS = 0.5


class Told(Struct, frozen=True):
    """The event of one job came."""

    #: By DIRAC; they were adopted in this order, so that ours is the same.
    number: int
    at: float


def configure(home: Path, settings: Settings) -> None:
    """Write the settings of a monitor with this one target."""
    home.mkdir(parents=True, exist_ok=True)
    default = msgspec.to_builtins(Settings())
    given = {name: value for name, value in msgspec.to_builtins(settings).items() if value != default[name]}
    services = given.pop("services", {})
    tables = {f"targets.{TARGET}": given, f"targets.{TARGET}.services": services}
    (home / CONFIGURATION).write_text("".join(_table(name, table) for name, table in tables.items()))


def _table(name: str, values: dict[str, object]) -> str:
    """TOML; text and numbers are in it as in JSON."""
    lines = [f"{_json(key)} = {_json(value)}\n" for key, value in values.items()]
    return f"[{name}]\n{''.join(lines)}"


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


async def adopt(home: Path, numbers: Sequence[int]) -> Path:
    """Have these jobs followed, as they wait at DIRAC. Returns the file of the store."""
    database = load(home=home, config=home / CONFIGURATION).database
    async with open_sqlite(database) as store:
        for number in numbers:
            now = Utc(time.time())
            await store.adopt(Adopted(JobSpec(command=(str(number),), name=str(number)), _waiting(number, now)), now)
    return database


def _waiting(number: int, now: Utc) -> JobRecord:
    return JobRecord(
        id=JobId("1"),
        name=str(number),
        target=TARGET,
        status=JobStatus.SUBMITTED,
        created_at=now,
        attempt=1,
        wanted_attempt=1,
        native_id=NativeId(str(number)),
        native_status="Waiting/Pilot Agent Submission",
        submitted_at=now,
        confirmed_at=now,
    )


async def _main(home: Path, profile: Path | None) -> None:
    output = own_output()
    async with ganga.open(home, config=home / CONFIGURATION) as client:
        await _settled(client)
        telling = asyncio.create_task(_tell(client, output))
        profiler = Profile(time.thread_time)
        if profile is not None:
            profiler.enable()
        await asyncio.to_thread(sys.stdin.read)
        profiler.disable()
        telling.cancel()
    if profile is not None:
        profiler.dump_stats(profile)


async def _tell(client: Client, output: TextIO) -> None:
    output.write("\n")
    output.flush()
    async for event in client.events():
        if event.new is JobStatus.RUNNING and event.job is not None:
            output.write(_json(Told(int(event.job), time.time())) + "\n")
            output.flush()


async def _settled(client: Client) -> None:
    while True:
        state = (await client.target_states())[TARGET]
        if state.confirmed_at is not None and state.cursor is not None:
            return
        await asyncio.sleep(_LOOKS)


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None))
