"""Jobs that leave a trace of each time they ran, and the judgement of what became of them against the known truth."""

import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import ganga
from ganga import JobStatus
from ganga.model.event import EventKind
from ganga.model.job import JobRecord

#: Each subjob notes that it ran, sleeps a little, writes output, and ends with one of five exit codes.
SCRIPT = """
echo "$GANGA_JOB_ID.$GANGA_SUBJOB_INDEX" >> "$RAN"
sleep "0.$(( GANGA_SUBJOB_INDEX % 7 ))"
i=0; while [ $i -lt 200 ]; do echo "$GANGA_SUBJOB_INDEX line $i"; i=$((i+1)); done > result.txt
exit $(( GANGA_SUBJOB_INDEX % 5 ))
"""

OUTPUT_LINES = 200


@dataclass
class Host:
    """The process that starts and kills monitors."""

    home: Path
    process: subprocess.Popen[str] = field(init=False)

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.faults.host", str(self.home)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def start(self) -> int:
        return self._tell("start")

    def kill(self, pid: int) -> None:
        self._tell(f"kill {pid}")

    def _tell(self, line: str) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@dataclass
class Campaign:
    """Many jobs in one home, and what they ought to have done."""

    home: Path
    jobs: list[JobRecord] = field(default_factory=list)

    @property
    def ran(self) -> Path:
        return self.home / "ran.txt"

    async def submit(self, client: "ganga.Client", subjobs: int) -> None:
        job = await client.submit(
            ["sh", "-c", SCRIPT], subjobs=subjobs, environment={"RAN": str(self.ran)}, outputs=["result.txt"]
        )
        self.jobs.append(job)

    async def finish(self, seconds: float) -> None:
        """Have an unharmed monitor see all jobs to their end."""
        async with ganga.open(self.home) as client:
            await client.wait(*self.jobs, timeout=seconds)

    async def judge(self) -> None:
        """Every job ran once, is known with its right exit code, has each event once and in order, its output whole."""
        runs = Counter(self.ran.read_text().split())
        async with ganga.open(self.home, monitor=False) as client:
            for job in self.jobs:
                subjobs = [record async for record in client.select(parent=job, subjobs=True)]
                assert len(subjobs) == job.subjobs
                for index, record in enumerate(subjobs):
                    assert runs.pop(record.id) == 1, f"{record.id} did not run once"
                    self._judge_record(client, record, index)
            assert not runs
            await self._judge_events(client)

    def _judge_record(self, client: "ganga.Client", record: JobRecord, index: int) -> None:
        assert record.attempt == 1
        assert record.exit_code == index % 5, f"{record.id}: {record.reason}"
        assert record.status is (JobStatus.FAILED if index % 5 else JobStatus.COMPLETED), f"{record}"
        lines = (client.workspace.output(record.id, 1) / "result.txt").read_text().splitlines()
        assert lines == [f"{index} line {number}" for number in range(OUTPUT_LINES)]

    async def _judge_events(self, client: "ganga.Client") -> None:
        stands: dict[str, JobStatus] = {}
        last = 0
        async for event in client.events(after=0, follow=False):
            assert event.seq > last
            last = event.seq
            if event.kind is EventKind.STATUS_CHANGED and event.job is not None and event.new is not None:
                expected = stands.get(event.job, JobStatus.SUBMITTING)
                assert event.old is expected, f"event {event.seq}: {event.job} was {expected}, not {event.old}"
                stands[event.job] = event.new
        for job in self.jobs:
            assert stands[job.id].final
            for index in range(job.subjobs or 0):
                assert stands[f"{job.id}.{index}"].final


@contextmanager
def without_leftovers(home: Path) -> Iterator[Campaign]:
    """A campaign whose processes are gone when the block is left."""
    campaign = Campaign(home)
    try:
        yield campaign
    finally:
        stop_spooler(home)


def stop_spooler(home: Path) -> None:
    """End the spooler of this home and all that it started."""
    subprocess.run(["pkill", "-9", "-f", str(home)], check=False)


async def pause(seconds: float) -> None:
    """Let the monitor get somewhere before it is killed: the moment is what the test is about, not a wait for something."""
    await asyncio.sleep(seconds)
