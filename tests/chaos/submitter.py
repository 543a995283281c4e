"""Somebody who submits jobs, and sometimes kills one or submits it again, until killed in the middle of something.

``python -m tests.chaos.submitter JOURNAL TRACE INCARNATION SEED`` takes down what it is about to do, and what it was
told when that was done.
"""

import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Final, TypeAlias

import msgspec
from msgspec import Struct

import ganga
from ganga import JobStatus
from ganga.errors import StoreUnavailable
from ganga.model.ids import JobId
from ganga.model.job import JobRecord, Share
from ganga.settings import LOCAL
from tests.chaos.journal import Journal

#: Jobs are submitted so many seconds apart, at most.
PAUSE = 0.8
#: Jobs run for so many seconds, at most.
LONGEST = 3.0
SUBJOBS = 5
EXIT_CODES = (0, 0, 0, 1, 3)

#: A local job notes when it began and ended, by the clock that nobody sets.
SCRIPT = """
name="$GANGA_JOB_ID.${GANGA_SUBJOB_INDEX-}"
read -r now _ < /proc/uptime; echo "begin $name $now $2" >> "$TRACE"
sleep "$1"
read -r now _ < /proc/uptime; echo "end $name $now $2" >> "$TRACE"
exit "$2"
"""


class Intent(Struct, frozen=True, tag="intent"):
    """A job of this name is about to be submitted."""

    name: str
    target: str
    subjobs: int | None


class Told(Struct, frozen=True, tag="told"):
    """`submit` has returned this job."""

    name: str
    job: JobId
    at: float


class Refused(Struct, frozen=True, tag="refused"):
    """`submit` said that the store could not be written: there should be no such job."""

    name: str
    error: str


class KillIntent(Struct, frozen=True, tag="kill"):
    """This job is about to be asked to end."""

    job: JobId


class AgainIntent(Struct, frozen=True, tag="again"):
    """This job is about to be submitted again."""

    job: JobId


Deed: TypeAlias = Intent | Told | Refused | KillIntent | AgainIntent
DEEDS: Final[msgspec.json.Decoder[Deed]] = msgspec.json.Decoder(Deed)


class Submitter:
    """Does one thing after another."""

    def __init__(self, client: ganga.Client, journal: Journal, trace: Path, incarnation: int, random: Random) -> None:
        self._client = client
        self._journal = journal
        self._trace = trace
        self._incarnation = incarnation
        self._random = random
        self._jobs: list[JobRecord] = []
        self._count = 0

    async def run(self) -> None:
        """Until killed."""
        while True:
            await asyncio.sleep(self._random.uniform(0.0, PAUSE))
            chance = self._random.random()
            try:
                if chance < 0.7 or not self._jobs:
                    await self._submit()
                elif chance < 0.85:
                    await self._kill()
                else:
                    await self._again()
            except StoreUnavailable:
                # What was under way is taken down where it matters; the next thing may work.
                continue

    async def _submit(self) -> None:
        self._count += 1
        name = f"job-{self._incarnation}-{self._count}"
        target = self._random.choice(self._client.targets)
        subjobs = self._random.choice((None, None, self._random.randint(1, SUBJOBS)))
        self._journal.note(Intent(name, target, subjobs))
        try:
            job = await self._handed_over(name, target, subjobs)
        except StoreUnavailable as error:
            self._journal.note(Refused(name, str(error)))
            raise
        self._journal.note(Told(name, job.id, time.monotonic()))
        self._jobs.append(job)

    async def _handed_over(self, name: str, target: str, subjobs: int | None) -> JobRecord:
        command = ["sh", "-c", SCRIPT, "job"] if target == LOCAL else ["run"]
        own = None if subjobs is None else [Share(arguments=tuple(self._fate())) for _ in range(subjobs)]
        return await self._client.submit(
            command if own else [*command, *self._fate()],
            name=name,
            target=target,
            subjobs=own,
            environment={"TRACE": str(self._trace)},
        )

    def _fate(self) -> Sequence[str]:
        return f"{self._random.uniform(0.0, LONGEST):.2f}", str(self._random.choice(EXIT_CODES))

    async def _kill(self) -> None:
        job = self._random.choice(self._jobs).id
        self._journal.note(KillIntent(job))
        await self._client.kill(job)

    async def _again(self) -> None:
        """Local jobs cannot tell their attempts apart, and are left as they are."""
        job = await self._client.get(self._random.choice(self._jobs))
        if job.target != LOCAL and job.status in {JobStatus.FAILED, JobStatus.KILLED}:
            self._journal.note(AgainIntent(job.id))
            await self._client.resubmit(job)


async def _main(journal: Path, trace: Path, incarnation: int, seed: int) -> None:
    async with ganga.open(monitor=False) as client:
        await Submitter(client, Journal(journal), trace, incarnation, Random(f"{seed}-{incarnation}")).run()


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))
