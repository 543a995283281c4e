"""What another store has left under the number of a new job is kept, and is never taken for the output of that job."""

import asyncio
from pathlib import Path

from ganga.model.status import JobStatus
from tests.faults.campaign import campaign_in


def leave_behind(home: Path, number: int) -> None:
    output = home / "jobs" / str(number) / "output-1"
    output.mkdir(parents=True)
    (output / "stdout").write_text("of another job")


def kept(home: Path, number: int) -> list[Path]:
    return list(home.glob(f"jobs/{number}.former-*/output-1/stdout"))


async def test_of_a_submitted_job(tmp_path: Path) -> None:
    with campaign_in(tmp_path) as campaign:
        leave_behind(campaign.home, 1)
        async with campaign.open() as client:
            (job,) = await client.wait(await client.submit(["echo", "ours"]), timeout=100)
            assert await client.read(job) == b"ours\n"
        assert kept(campaign.home, 1)


async def test_of_an_adopted_process(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec("sleep", "1000")
    with campaign_in(tmp_path) as campaign:
        leave_behind(campaign.home, 1)
        async with campaign.open() as client:
            (job,) = await client.track("local", str(process.pid))
            process.kill()
            await process.wait()
            (ended,) = await client.wait(job, timeout=100)
            assert ended.status is not JobStatus.COMPLETED
            assert b"of another job" not in await client.read(ended)
        assert kept(campaign.home, 1)
