"""Jobs that leave a trace of each time they ran, and the judgement of what became of them against the known truth."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

import ganga
from ganga import JobStatus
from ganga.app import Opening
from ganga.backends.local.address import look_up
from ganga.model.event import Event, EventKind
from ganga.model.ids import JobId
from ganga.model.job import JobRecord
from tests.faults.leftovers import end_all

#: Each subjob notes that it ran, sleeps a little, writes output, and ends with one of five exit codes.
SCRIPT = """
echo "$GANGA_JOB_ID.$GANGA_SUBJOB_INDEX" >> "$RAN"
sleep "0.$(( GANGA_SUBJOB_INDEX % 5 ))"
i=0; while [ $i -lt 200 ]; do echo "$GANGA_SUBJOB_INDEX line $i"; i=$((i+1)); done > result.txt
exit $(( GANGA_SUBJOB_INDEX % 5 ))
"""

OUTPUT_LINES = 200

#: Seconds for what comes without fail, on a slow machine with much else to do.
LIMIT = 100.0

#: Many small jobs at once, and leases that run out soon.
SETTINGS = """
[monitor]
lease = 1.0

[targets.local]
jobs_at_once = 8
linger = 5.0
{local}

[store]
file = "{store}"
"""


@dataclass
class Campaign:
    """Many jobs in one home, and what they ought to have done."""

    home: Path
    #: Where the jobs note that they ran.
    ran: Path
    jobs: list[JobRecord] = field(default_factory=list)

    async def spooler(self) -> psutil.Process:
        """The living spooler of this home, once there is one."""
        found: list[psutil.Process] = []
        await until(lambda: self._found_spooler(found), "there is a spooler")
        return found[0]

    def _found_spooler(self, found: list[psutil.Process]) -> bool:
        there = look_up(str(self.home / "targets" / "local"))
        with suppress(psutil.NoSuchProcess):
            if there is not None and psutil.Process(there.pid).status() != psutil.STATUS_ZOMBIE:
                found.append(psutil.Process(there.pid))
        return bool(found)

    async def kill_spooler(self) -> None:
        """Once there is one."""
        (await self.spooler()).kill()

    @property
    def config(self) -> Path:
        return self.ran.with_name("ganga.toml")

    def open(self, *, monitor: bool = True) -> Opening:
        return ganga.open(self.home, config=self.config, monitor=monitor)

    async def submit(self, client: ganga.Client, subjobs: int) -> JobRecord:
        job = await client.submit(
            ["sh", "-c", SCRIPT], subjobs=subjobs, environment={"RAN": str(self.ran)}, outputs=["result.txt"]
        )
        self.jobs.append(job)
        return job

    async def finish(self) -> None:
        """Have an unharmed monitor see all jobs to their end."""
        async with self.open() as client:
            await self.wait(client)

    async def wait(self, client: ganga.Client, seconds: float = LIMIT) -> None:
        """Wait until all jobs have ended; if they do not, say which."""
        try:
            await client.wait(*self.jobs, timeout=seconds)
        except TimeoutError:
            left = [
                f"{record.id} {record.status}" for _, record in await self.subjobs(client) if not record.status.final
            ]
            raise AssertionError(f"after {seconds:g} seconds these have not ended: {left}") from None

    async def judge(self, *, harmed: Callable[[JobRecord], bool] = lambda _: False) -> list[JobRecord]:
        """Every job ran once, is known with its right exit code, has each event once and in order, its output whole.

        Returns those that were `harmed` on purpose: they too ran once at most and have ended, but not as they should.
        """
        runs = Counter(self.ran.read_text().split())
        spared = []
        async with self.open(monitor=False) as client:
            for index, record in await self.subjobs(client):
                if harmed(record):
                    assert record.status.final, f"{record}"
                    assert runs.pop(record.id, 0) <= 1, f"{record.id} ran twice"
                    spared.append(record)
                else:
                    assert runs.pop(record.id) == 1, f"{record.id} did not run once: {record}"
                    self._judge_record(client, record, index)
            assert not runs
            await self._judge_events(client.events(after=0, follow=False))
        return spared

    async def subjobs(self, client: ganga.Client) -> list[tuple[int, JobRecord]]:
        """All subjobs with their indices, as they stand."""
        found: list[tuple[int, JobRecord]] = []
        for job in self.jobs:
            subjobs = [record async for record in client.select(parent=job, subjobs=True)]
            assert len(subjobs) == job.subjobs
            found += enumerate(subjobs)
        return found

    def _judge_record(self, client: ganga.Client, record: JobRecord, index: int) -> None:
        assert record.attempt == 1
        assert record.exit_code == index % 5, f"{record.id}: {record.reason}"
        assert record.status is (JobStatus.FAILED if index % 5 else JobStatus.COMPLETED), f"{record}"
        lines = (client.workspace.output(record.id, 1) / "result.txt").read_text().splitlines()
        assert lines == [f"{index} line {number}" for number in range(OUTPUT_LINES)]

    async def _judge_events(self, events: AsyncIterator[Event]) -> None:
        stands: dict[JobId, JobStatus] = {}
        last = 0
        async for event in events:
            assert event.seq > last
            last = event.seq
            if event.kind is EventKind.STATUS_CHANGED and event.job is not None and event.new is not None:
                expected = stands.get(event.job, JobStatus.SUBMITTING)
                assert event.old is expected, f"event {event.seq}: {event.job} was {expected}, not {event.old}"
                stands[event.job] = event.new
        for job in self.jobs:
            for name in (job.id, *(f"{job.id}.{index}" for index in range(job.subjobs or 0))):
                assert stands[JobId(name)].final


@contextmanager
def campaign_in(
    folder: Path, *, home: Path | None = None, store: str = "ganga.sqlite", local: str = ""
) -> Iterator[Campaign]:
    """A campaign in ``folder/home``, or in `home`; its processes are gone when the block is left."""
    campaign = Campaign(home or folder / "home", folder / "ran.txt")
    campaign.config.write_text(SETTINGS.format(store=store, local=local))
    try:
        yield campaign
    finally:
        end_all(folder)


async def pause(seconds: float) -> None:
    """Let others get somewhere before something breaks: the moment is what the test is about, not a wait for
    something.
    """
    await asyncio.sleep(seconds)


async def until(happened: Callable[[], bool], what: str, seconds: float = LIMIT) -> None:
    """Wait until something has happened that nobody tells of."""
    try:
        async with asyncio.timeout(seconds):
            while not happened():  # noqa: ASYNC110 - there is nobody who could set an event
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"not within {seconds:g} seconds: {what}") from None


async def event_of(client: ganga.Client, wanted: Callable[[Event], bool], seconds: float = LIMIT) -> Event:
    """The first event, from the beginning, that is wanted; waits until it is there."""
    async with asyncio.timeout(seconds):
        async for event in client.events(after=0):
            if wanted(event):
                return event
    raise AssertionError("events end only when nobody asks for more")
