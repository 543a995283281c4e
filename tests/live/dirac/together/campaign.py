"""The campaign that each road is given, and what is told of it at the end."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from ganga.client import Client
from ganga.model.ids import JobId, number_and_index
from ganga.model.job import JobRecord
from ganga.model.status import JobStatus

#: Seconds within which anything happens, however busy the machine is.
PATIENCE: Final = 300.0
PARTS: Final = 6

_SCRIPT: Final = 'cat data.txt; echo "$GANGA_SUBJOB_INDEX" > result.txt; test "$GANGA_SUBJOB_INDEX" -lt 5 || exit 3'


#: Status, minor status, application status and source of one step.
Words: TypeAlias = tuple[str, str, str, str]


class Told(Struct, frozen=True, kw_only=True):
    """All of one job that does not depend on when it ran and under which number."""

    status: JobStatus
    native_status: str | None
    exit_code: int | None
    reason: str | None
    attempt: int
    history: Sequence[Words]
    #: What is in the files of its output.
    output: Mapping[str, str]


class Campaign:
    """Six parts of which one fails, a job that is killed, and one that is rescheduled while it runs."""

    def __init__(self, target: str, folder: Path) -> None:
        self._target = target
        self._folder = folder
        self._mark = folder / "mark"
        self._begun = folder / "begun"
        self._jobs: dict[str, JobId] = {}

    async def submit(self, client: Client) -> None:
        """Under a running monitor, so that the parts are submitted together. Returns when DIRAC has all of them."""
        self._folder.mkdir()
        data = self._folder / "data.txt"
        data.write_text("shared\n")
        parts = await client.submit(
            ["sh", "-c", _SCRIPT], target=self._target, subjobs=PARTS, inputs=[data], outputs=["result.txt"]
        )
        killed = await client.submit(["sleep", "1000"], target=self._target)
        script = f"test -e {self._mark} || {{ touch {self._begun}; sleep 1000; }}"
        again = await client.submit(["sh", "-c", script], target=self._target)
        self._jobs = {"parts": parts.id, "killed": killed.id, "again": again.id}
        await until(client, lambda record: record.native_id is not None, await self._each(client))

    async def act(self, client: Client) -> None:
        """What a user does while jobs run."""
        ids = [self._jobs["killed"], self._jobs["again"]]
        await until(client, lambda record: record.native_status == "Running/Application", ids)
        # That is told before the job's process has begun: one that begins later than the mark would not be run again.
        await until_there(self._begun)
        self._mark.touch()
        await client.kill(self._jobs["killed"])
        await client.reschedule(self._jobs["again"])

    async def told(self, client: Client) -> Mapping[str, Told]:
        """Of each job, when all have ended."""
        await client.wait(*self._jobs.values(), timeout=PATIENCE)
        names = [f"part {number}" for number in range(PARTS)] + ["killed", "again"]
        return {
            name: await _told(client, await client.get(job))
            for name, job in zip(names, await self._each(client), strict=True)
        }

    async def _each(self, client: Client) -> list[JobId]:
        parts = [record.id async for record in client.select(parent=self._jobs["parts"])]
        return [*sorted(parts, key=number_and_index), self._jobs["killed"], self._jobs["again"]]


def alike(told: Mapping[str, Told]) -> Mapping[str, Told]:
    """What was told without that in which roads may differ."""
    return {name: replace(one, history=_alike(one.history)) for name, one in told.items()}


def _alike(history: Sequence[Words]) -> Sequence[Words]:
    first, second, *others = history
    # Lists of jobs, which DiracX takes, are received at once. What belongs to a parametric description, which the
    # services take, waits for a confirmation, of which they write nothing down.
    accepted = ("Received", "Job accepted", *first[2:])
    waiting = (second[0], "Job accepted", *second[2:])
    # DiracX writes down that it was told to kill, and the services do not.
    steps = [step for step in others if step[0] != "Killed"]
    # DiracX does not write down who rescheduled.
    return [accepted, waiting, *((*step[:3], "" if step[1] == "Job Rescheduled" else step[3]) for step in steps)]


@asynccontextmanager
async def monitored(client: Client, *targets: str) -> AsyncIterator[None]:
    """This process monitors these targets as long as the block lasts: it reads what happens, and a job has run on each.

    A monitor submits at once, and together, what comes while it runs. What it finds when it begins it looks for first,
    job by job: another one may have submitted it.
    """

    async def read() -> None:
        async with aclosing(client.events()) as events:
            async for _event in events:
                pass

    reading = asyncio.create_task(read())
    try:
        await client.wait(*[await client.submit(["true"], target=name) for name in targets], timeout=PATIENCE)
        yield
    finally:
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading


async def _told(client: Client, record: JobRecord) -> Told:
    folder = None if record.status is JobStatus.KILLED else await client.fetch(record)
    return Told(
        status=record.status,
        native_status=record.native_status,
        exit_code=record.exit_code,
        reason=record.reason,
        attempt=record.attempt,
        history=[
            (step.status, step.minor_status, step.application_status, step.source)
            for step in await client.history(record)
        ],
        output={path.name: path.read_text() for path in sorted(folder.iterdir())} if folder else {},
    )


async def until_there(file: Path) -> None:
    """Somebody has made this file."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if await asyncio.to_thread(file.exists):
                return
            await asyncio.sleep(0.05)


async def until(client: Client, holds: Callable[[JobRecord], bool], jobs: Sequence[JobId]) -> None:
    """It holds for all of these."""
    async with asyncio.timeout(PATIENCE), aclosing(client.events(after=0)) as events:
        async for _event in events:
            if all([holds(await client.get(job)) for job in jobs]):
                return
