"""What today's Ganga gets wrong with jobs on this machine and at its start, one by one: here each of them goes
right.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from ganga.backends.local import orphan, processes
from ganga.client import Client
from ganga.model.job import JobRecord
from ganga.model.status import JobStatus
from tests.effort import Effort
from tests.faults.campaign import Campaign, campaign_in, until


@pytest.fixture
async def campaign(tmp_path: Path) -> AsyncIterator[Campaign]:
    with campaign_in(tmp_path) as campaign:
        yield campaign


async def ended(client: Client, job: JobRecord) -> JobRecord:
    """As it stands once it has ended."""
    return (await client.wait(job, timeout=100))[0]


async def running(client: Client, job: JobRecord) -> None:
    """Returns once it is known to run."""
    async with asyncio.timeout(60):
        async for event in client.events(after=0, job=job):
            if event.new is JobStatus.RUNNING:
                return


async def told_by(campaign: Campaign, client: Client, script: str) -> tuple[JobRecord, int]:
    """A job of this shell script, and the number that the script has written into its file."""
    job = await client.submit(["sh", "-c", script], environment={"TOLD": str(campaign.ran)})
    await until(
        lambda: campaign.ran.exists() and campaign.ran.read_text().endswith("\n"), "the job has said its number"
    )
    return job, int(campaign.ran.read_text())


async def test_env(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job had one variable in its environment: no PATH, no HOME, and what the user asked for was dropped."""
    monkeypatch.setenv("OF_THE_SESSION", "with\na second line")
    async with campaign.open() as client:
        job = await client.submit(["env", "-0"], environment={"FOO": "bar"})
        assert (await ended(client, job)).status is JobStatus.COMPLETED
        variables = dict(entry.partition(b"=")[::2] for entry in (await client.read(job)).split(b"\0") if entry)
    assert variables[b"FOO"] == b"bar"
    assert variables[b"OF_THE_SESSION"] == b"with\na second line"
    assert variables[b"PATH"] == os.environb[b"PATH"]
    assert variables[b"HOME"] == os.environb[b"HOME"]


async def test_dead_wrapper(campaign: Campaign) -> None:
    """A job whose wrapper was killed together with it was said to be running for ever."""
    async with campaign.open() as client:
        job, pid = await told_by(campaign, client, 'echo $$ >> "$TOLD"; exec sleep 1000')
        # The job may be quicker than its launcher, which writes down that it has begun: without that nobody knows.
        await running(client, job)
        process = psutil.Process(pid)
        launcher = process.parent()
        assert launcher is not None
        launcher.kill()
        process.kill()
        record = await ended(client, job)
    assert record.status is JobStatus.FAILED
    assert record.reason == orphan.LAUNCHER_KILLED or record.signal == signal.SIGKILL


async def test_zombie(campaign: Campaign) -> None:
    """The wrapper of each job stayed behind as a zombie of the session."""
    before = set(psutil.Process().children())
    async with campaign.open() as client:
        await ended(client, await client.submit(["true"], subjobs=20))
        assert not [child for child in psutil.Process().children() if child not in before and is_zombie(child)]


def is_zombie(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_recycled_pid() -> None:
    """A kill hit whatever process had the number of the job's by then."""
    with subprocess.Popen(["sleep", "1000"]) as innocent:
        start = processes.start_time(innocent.pid)
        assert start is not None
        assert not processes.send(innocent.pid, f"{start}0", signal.SIGKILL)
        assert innocent.poll() is None
        assert processes.send(innocent.pid, start, signal.SIGKILL)
        assert innocent.wait() == -signal.SIGKILL


async def test_negative_exit_code(campaign: Campaign) -> None:
    """A job that a signal had ended was noticed after ten minutes, as one that has disappeared."""
    async with campaign.open() as client:
        record = await ended(client, await client.submit(["sh", "-c", "kill -SEGV $$"]))
        # What has disappeared has no signal that anybody could tell.
        assert (record.status, record.signal, record.exit_code) == (JobStatus.FAILED, signal.SIGSEGV, None)
        record = await ended(client, await client.submit([sys.executable, "-c", "raise SystemExit(-1)"]))
        assert (record.status, record.exit_code) == (JobStatus.FAILED, 255)


async def test_children_survive_a_kill(campaign: Campaign) -> None:
    """Killing a job killed its wrapper at best; what the job itself had started went on."""
    async with campaign.open() as client:
        job, child = await told_by(campaign, client, 'setsid sleep 1000 & echo $! >> "$TOLD"; wait')
        await client.kill(job)
        assert (await ended(client, job)).status is JobStatus.KILLED
        assert not psutil.pid_exists(child)


async def test_killed_in_the_queue(campaign: Campaign) -> None:
    """A job that was killed before it had started stayed submitted for ever."""
    campaign.config.write_text("[targets.local]\njobs_at_once = 1\nlinger = 5.0\n")
    async with campaign.open() as client:
        long, queued = [await client.submit(["sleep", "1000"]) for _ in range(2)]
        async with asyncio.timeout(60):
            async for event in client.events(after=0):
                if event.job == queued.id and event.new is JobStatus.SUBMITTED:
                    break
        await client.kill(queued)
        assert (await ended(client, queued)).status is JobStatus.KILLED
        await client.kill(long)
        assert (await ended(client, long)).status is JobStatus.KILLED


def ganga_without_terminal(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "GANGA_HOME": str(home / "home")}
    command = [sys.executable, "-m", "ganga", *words]
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env=environment, timeout=60
    )


def test_batch_start(campaign: Campaign) -> None:
    """Without settings and without a terminal it asked questions, and died because nobody could answer."""
    done = ganga_without_terminal(campaign.home.parent, "run", "--", "echo", "hello")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_settings_of_another_time(campaign: Campaign) -> None:
    """A settings file with an option that it did not expect was moved away, before it died."""
    folder = campaign.home.parent
    settings = folder / ".config" / "ganga" / "ganga.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text("[PollThread]\nbase_poll_rate = 2\n")
    done = ganga_without_terminal(folder, "list")
    assert done.returncode == 2
    assert "PollThread" in done.stderr
    assert settings.read_text().startswith("[PollThread]")


@pytest.mark.slow
async def test_start_with_a_thousand_jobs(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session took 5.5 ms for each job that had ever been, before its first word."""
    async with campaign.open() as client:
        await ended(client, await client.submit(["true"], subjobs=1000))
    effort = Effort(monkeypatch)
    async with campaign.open() as client:
        await ended(client, await client.submit(["true"]))
    assert 0 < effort.records < 100
