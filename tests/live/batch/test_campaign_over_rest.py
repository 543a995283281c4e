"""A whole campaign through the monitor over Slurm's REST interface, which dies and returns, and whose token expires."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from collections.abc import Set as AbstractSet
from contextlib import aclosing, contextmanager
from pathlib import Path

import pytest

from ganga.backends.slurm.rest import road
from ganga.client import Client
from ganga.model.event import Event, EventKind
from ganga.model.ids import JobId
from ganga.model.status import JobStatus
from tests.live.batch.slurm_over_rest import SlurmOverRest
from tests.live.batch.test_campaign import subjobs
from tests.live.slurm_server.cluster import REST

#: Seconds within which a campaign ends on a busy machine.
PATIENCE = 200.0
SINGLE, TASKS = 50, 30
CLOSED = "is asked by its commands for now"
OPEN = "slurmrestd answers again"

pytestmark = [
    pytest.mark.parametrize(
        "running_system",
        ["slurm-over-rest", "slurm-23-over-rest", "slurm-24-over-rest", "slurm-25-over-rest"],
        indirect=True,
    ),
    pytest.mark.timeout(300),
]


class Told:
    """The ends that were told, in order."""

    def __init__(self, events: AsyncIterator[Event]) -> None:
        self.ends: list[tuple[JobId, JobStatus]] = []
        self._events = events

    async def until(self, jobs: AbstractSet[JobId]) -> None:
        """Listen until all of these have ended."""
        async with asyncio.timeout(PATIENCE):
            while not jobs <= {job for job, _ in self.ends}:
                event = await anext(self._events)
                if event.kind is EventKind.STATUS_CHANGED and event.new is not None and event.new.final:
                    assert event.job is not None
                    self.ends.append((event.job, event.new))


@pytest.fixture
async def told(client: Client) -> AsyncIterator[Told]:
    async with aclosing(client.events(after=0)) as events:
        yield Told(events)


@pytest.fixture(autouse=True)
def _soon_open_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(road, "_CLOSED_FOR", 1.0)


async def until_logged(caplog: pytest.LogCaptureFixture, text: str, times: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while caplog.text.count(text) < times:  # noqa: ASYNC110 - there is nobody who could set an event
            await asyncio.sleep(0.1)


@contextmanager
def killed(system: SlurmOverRest) -> Iterator[None]:
    system.cluster.kill_daemon(REST)
    yield
    system.cluster.start_daemon(REST)


@contextmanager
def expired(system: SlurmOverRest) -> Iterator[None]:
    system.write_token(system.cluster.token(1))
    yield
    system.write_token(system.cluster.token())


async def test_each_end_is_told_once_whatever_befalls_the_interface(
    client: Client, system: SlurmOverRest, told: Told, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    # In each of three portions is every third job; a job waits for the mark of its portion, and ends with its own code.
    script = f"until test -e {tmp_path}/mark$(($1 % 3)); do sleep 1; done; exit $(($1 % 5))"
    single = [await client.submit(["sh", "-c", script, "-", str(number)], target="batch") for number in range(SINGLE)]
    tasks = ["sh", "-c", script.replace("$1", "GANGA_SUBJOB_INDEX")]
    array = await client.submit(tasks, target="batch", subjobs=TASKS)
    members = await subjobs(client, array)
    portions = [{record.id for record in single[part::3] + members[part::3]} for part in range(3)]

    (tmp_path / "mark0").touch()
    await told.until(portions[0])
    for number, trouble in enumerate((killed, expired), start=1):
        with trouble(system):
            await until_logged(caplog, CLOSED, number)
            (tmp_path / f"mark{number}").touch()
            await told.until(portions[number])
        # With nothing to follow nobody asks.
        waiting = await client.submit(
            ["sh", "-c", f"until test -e {tmp_path}/open{number}; do sleep 1; done"], target="batch"
        )
        await until_logged(caplog, OPEN, number)
        (tmp_path / f"open{number}").touch()
        await told.until({waiting.id})
    await told.until({array.id})
    for number, record in [*enumerate(single), *enumerate(members)]:
        ended = await client.get(record)
        expected = JobStatus.FAILED if number % 5 else JobStatus.COMPLETED
        assert (ended.status, ended.exit_code, ended.attempt) == (expected, number % 5, 1)
        assert [status for job, status in told.ends if job == record.id] == [expected]
    assert [status for job, status in told.ends if job == array.id] == [JobStatus.FAILED]
    assert len(told.ends) == SINGLE + TASKS + 3
