"""From the damaged record of a local job nothing is concluded that is not so, and no other job suffers."""

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

import ganga
from ganga.backends.local import settings
from ganga.model.event import Event
from ganga.model.job import JobRecord
from ganga.model.policy import Policy, Retry, Width
from ganga.model.status import JobStatus
from tests.faults.campaign import LIMIT, Campaign, campaign_in, event_of, pause

Damage = Callable[[Path, random.Random], None]


def _truncated(record: Path, chance: random.Random) -> None:
    content = record.read_bytes()
    record.write_bytes(content[: chance.randrange(len(content))])


def _garbage(record: Path, chance: random.Random) -> None:
    record.write_bytes(chance.randbytes(record.stat().st_size))


def _empty(record: Path, _: random.Random) -> None:
    record.write_bytes(b"")


def _wrong_json(record: Path, chance: random.Random) -> None:
    record.write_text(chance.choice(['["a list"]\n', '{"end": 7}\n{"end": {"status": "fine"}}\n', "null\nnull\n"]))


def _missing(record: Path, _: random.Random) -> None:
    record.unlink()


DAMAGES: list[Damage] = [_truncated, _garbage, _empty, _wrong_json, _missing]

#: A job that is not there is called lost after so many seconds, instead of ten minutes.
PATIENCE = """
[targets.local.pace]
fastest = 0.2
slowest = 0.2
patience = 1.0
"""


@pytest.fixture(autouse=True)
def _soon_done_with_trying(monkeypatch: pytest.MonkeyPatch) -> None:
    """The output of a job whose record is damaged cannot be had, which is tried for half a minute otherwise."""
    usual = settings.policy

    def hasty(given: settings.Settings, /) -> Policy:
        return replace(usual(given), finish=Width(batch=50, parallel=2, retry=Retry(first=0.2, longest=0.5)))

    monkeypatch.setattr(settings, "policy", hasty)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_while_a_monitor_runs(tmp_path: Path) -> None:
    chance = random.Random(26)
    with campaign_in(tmp_path, local=PATIENCE) as campaign:
        async with campaign.open() as client:
            harmed: set[str] = set()
            for damage in DAMAGES:
                await campaign.submit(client, 10)
                await event_of(client, _begun)
                await pause(chance.uniform(0.0, 0.2))
                while not (done := _damage(campaign, damage, chance)):
                    # They have all ended before our turn.
                    job = await campaign.submit(client, 10)
                    await event_of(client, partial(_handed_over, job))
                harmed |= done
            await _end(campaign, client, harmed)
        await campaign.judge(harmed=lambda record: record.native_id in harmed)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_before_the_start_of_a_monitor(tmp_path: Path) -> None:
    """Also of the spooler, which has been killed."""
    chance = random.Random(27)
    with campaign_in(tmp_path, local=PATIENCE) as campaign:
        async with campaign.open() as client:
            await campaign.submit(client, 40)
            await event_of(client, _begun)
            spooler = await campaign.spooler()
            # What is submitted now cannot have ended before it is damaged.
            spooler.suspend()
            await event_of(client, partial(_handed_over, await campaign.submit(client, 20)))
        spooler.kill()
        await pause(chance.uniform(0.0, 0.2))
        done = [_damage(campaign, damage, chance) for damage in DAMAGES]
        assert all(done)
        harmed = set[str]().union(*done)
        async with campaign.open() as client:
            await _end(campaign, client, harmed)
        await campaign.judge(harmed=lambda record: record.native_id in harmed)


def _begun(event: Event) -> bool:
    """It is not told of each job that it ran: some are soon over."""
    return event.new in {JobStatus.RUNNING, JobStatus.COMPLETING}


def _handed_over(job: JobRecord, event: Event) -> bool:
    """Of the last of its subjobs."""
    return event.job == f"{job.id}.{(job.subjobs or 0) - 1}" and event.new is not None


def _damage(campaign: Campaign, damage: Damage, chance: random.Random, number: int = 3) -> set[str]:
    """Damage the records of some jobs that have not ended yet, if there are any. Returns their native ids."""
    records = (campaign.home / "targets" / "local" / "jobs").glob("ganga-*")
    living = sorted(filter(_lives, records))
    harmed = set[str]()
    for record in chance.sample(living, min(number, len(living))):
        with suppress(FileNotFoundError):
            damage(record, chance)
            harmed.add(record.name)
    return harmed


def _lives(record: Path) -> bool:
    try:
        return b'"end"' not in record.read_bytes()
    except FileNotFoundError:
        return False


async def _end(campaign: Campaign, client: ganga.Client, harmed: set[str]) -> None:
    """All the others end by themselves; of the harmed ones somebody has to say that they are to be given up."""
    for job in campaign.jobs:
        await event_of(client, partial(_handed_over, job))
    subjobs = [record for _, record in await campaign.subjobs(client)]
    await client.wait(*(record for record in subjobs if record.native_id not in harmed), timeout=LIMIT)
    await client.kill(*(record for record in subjobs if record.native_id in harmed))
    await campaign.wait(client)
