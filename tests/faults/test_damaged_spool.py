"""From the damaged record of a local job nothing is concluded that is not so, and no other job suffers."""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import ganga
from ganga.backends.local import settings
from ganga.model.policy import Policy, Retry, Width
from ganga.model.status import JobStatus
from tests.faults.campaign import Campaign, campaign_in, event_of, pause

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
async def test_while_a_monitor_runs(tmp_path: Path) -> None:
    chance = random.Random(26)
    with campaign_in(tmp_path, local=PATIENCE) as campaign:
        async with campaign.open() as client:
            harmed: set[str] = set()
            for damage in DAMAGES:
                await campaign.submit(client, 10)
                await event_of(client, lambda event: event.new is JobStatus.RUNNING)
                await pause(chance.uniform(0.0, 0.2))
                harmed |= _damage(campaign, damage, chance)
            await _end(campaign, client, harmed)
        await campaign.judge(harmed=lambda record: record.native_id in harmed)


@pytest.mark.slow
async def test_before_the_start_of_a_monitor(tmp_path: Path) -> None:
    """Also of the spooler, which has been killed."""
    chance = random.Random(27)
    with campaign_in(tmp_path, local=PATIENCE) as campaign:
        async with campaign.open() as client:
            await campaign.submit(client, 40)
            await event_of(client, lambda event: event.new is JobStatus.RUNNING)
        await campaign.kill_spooler()
        await pause(chance.uniform(0.0, 0.2))
        harmed = set[str]().union(*(_damage(campaign, damage, chance) for damage in DAMAGES))
        async with campaign.open() as client:
            await _end(campaign, client, harmed)
        await campaign.judge(harmed=lambda record: record.native_id in harmed)


def _damage(campaign: Campaign, damage: Damage, chance: random.Random, number: int = 3) -> set[str]:
    """Damage the records of some jobs that have not ended yet. Returns their native ids."""
    records = (campaign.home / "targets" / "local" / "jobs").glob("ganga-*")
    living = sorted(path for path in records if b'"end"' not in path.read_bytes())
    harmed = chance.sample(living, min(number, len(living)))
    assert harmed
    for record in harmed:
        damage(record, chance)
    return {record.name for record in harmed}


async def _end(campaign: Campaign, client: ganga.Client, harmed: set[str]) -> None:
    """All the others end by themselves; of the harmed ones somebody has to say that they are to be given up."""
    subjobs = [record for _, record in await campaign.subjobs(client)]
    await client.wait(*(record for record in subjobs if record.native_id not in harmed), timeout=30)
    await client.kill(*(record for record in subjobs if record.native_id in harmed))
    await campaign.wait(client, 60)
