"""Processes are killed, machines restarted and files damaged: no job is lost, run twice, or told of untruly."""

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ganga.backends import local
from ganga.backends.base import Retrieval, Submission
from ganga.backends.local import processes, spool
from ganga.backends.local.submission import write_job
from ganga.errors import BackendUnavailable
from ganga.model.ids import JobId, NativeId, Tag
from ganga.model.job import JobSpec
from ganga.model.status import JobStatus
from tests.backends.local.conftest import LIMIT, Target, gone, opened, processes_of, until

SETTINGS = local.Settings(jobs_at_once=4, grace=0.3, linger=0.5)

#: Submits one job and waits to be killed.
_SUBMITTER = """
import asyncio, sys
from pathlib import Path
from ganga.backends import local
from ganga.backends.base import Submission, Surroundings
from ganga.model.job import JobSpec

async def main():
    settings = local.Settings(jobs_at_once=4, grace=0.3, linger=0.5)
    async with local.connect(settings, Surroundings("local", Path(sys.argv[1]))) as backend:
        command = ("sh", "-c", "while [ ! -e go ]; do sleep 0.02; done; echo done; exit 4")
        await backend.submit([Submission(job="1", tag="survivor", spec=JobSpec(command=command, folder=sys.argv[2]))])
        print("submitted", flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


def _waiting(folder: Path, code: int = 0) -> tuple[str, ...]:
    """A job that ends when its folder has a file ``go``, and writes a line each time it is run."""
    return ("sh", "-c", f"echo ran >> {folder}/ran; while [ ! -e {folder}/go ]; do sleep 0.02; done; exit {code}")


def _rewrite(target: Target, tag: str, index: int, **fields: object) -> None:
    """Change what is written about a job, as if it had happened otherwise."""
    path = target.folder / "jobs" / tag
    lines = path.read_bytes().splitlines(keepends=True)
    said = json.loads(lines[index])
    for key in said:
        said[key] |= fields
    lines[index] = json.dumps(said).encode() + b"\n"
    path.write_bytes(b"".join(lines))


def _one_job(folder: Path) -> spool.Places:
    """The files of a target with one job, called ``job``."""
    places = spool.Places(str(folder))
    for path in places.folders:
        Path(path).mkdir(exist_ok=True)
    Path(places.record("job")).write_bytes(b"{}\n")
    return places


async def _restart_spooler(target: Target) -> None:
    """Kill the spooler, and wait for the next one."""
    killed = target.spooler()
    os.kill(killed, signal.SIGKILL)
    await gone([killed])
    await until(lambda: target.spooler() != killed)
    await target.backend.poll([])


async def test_a_job_survives_who_submitted_it_and_the_spooler(tmp_path: Path) -> None:
    folder = tmp_path / "target"
    submitter = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _SUBMITTER, str(folder), str(tmp_path), stdout=subprocess.PIPE
    )
    assert submitter.stdout is not None
    assert await submitter.stdout.readline() == b"submitted\n"
    job = NativeId("survivor")
    before = Target(folder, SETTINGS)
    await until(lambda: len(before.record(job)) == 2)
    submitter.kill()
    await submitter.wait()
    os.kill(before.spooler(), signal.SIGKILL)
    await gone([before.spooler()])
    async with opened(folder, SETTINGS) as target:
        assert (await target.polled(job)).status is JobStatus.RUNNING
        (tmp_path / "go").touch()
        end = await target.ended(job)
        assert (end.status, end.exit_code) == (JobStatus.FAILED, 4)
        assert target.output(job) == "done\n"


async def test_a_killed_spooler_is_followed_by_one_that_takes_up_queue_and_jobs(target: Target, tmp_path: Path) -> None:
    jobs = [await target.submit(*_waiting(tmp_path, 3)) for _ in range(7)]
    await until(lambda: (tmp_path / "ran").exists() and (tmp_path / "ran").read_text().count("ran") == 4)
    await _restart_spooler(target)
    await _restart_spooler(target)
    assert (tmp_path / "ran").read_text().count("ran") == 4
    (tmp_path / "go").touch()
    for job in jobs:
        assert (await target.ended(job)).exit_code == 3
    assert (tmp_path / "ran").read_text().count("ran") == 7


async def test_what_is_asked_for_between_two_spoolers_is_done(target: Target) -> None:
    running = await target.submit("sleep", "600")
    await target.running(running)
    killed = target.spooler()
    os.kill(killed, signal.SIGKILL)
    jobs = []
    while target.spooler() == killed:
        jobs.append(await target.submit("true"))
    await target.backend.kill([running])
    for job in jobs:
        assert (await target.ended(job)).exit_code == 0
    assert (await target.ended(running)).status is JobStatus.KILLED


async def test_an_end_while_no_spooler_was_there_is_told(target: Target, tmp_path: Path) -> None:
    job = await target.submit(*_waiting(tmp_path, 6))
    await target.running(job)
    spooler = target.spooler()
    await target.close()
    os.kill(spooler, signal.SIGKILL)
    (tmp_path / "go").touch()
    await until(lambda: "end" in target.record(job)[-1])
    await target.open()
    assert (await target.polled(job)).exit_code == 6


async def test_a_job_goes_on_when_its_launcher_is_killed(target: Target, tmp_path: Path) -> None:
    job = await target.submit(*_waiting(tmp_path))
    other = await target.submit("sleep", "600")
    await target.running(job)
    await target.running(other)
    os.kill(target.launcher(job), signal.SIGKILL)
    await gone([target.launcher(job)])
    assert (await target.polled(job)).status is JobStatus.RUNNING
    (tmp_path / "go").touch()
    end = await target.ended(job)
    assert end.status in {JobStatus.COMPLETED, JobStatus.FAILED}
    assert end.exit_code == 0 or "its launcher was killed" in str(end.reason)
    assert (await target.polled(other)).status is JobStatus.RUNNING


async def test_a_job_without_a_launcher_can_be_killed(target: Target) -> None:
    job = await target.submit("sh", "-c", "trap '' TERM; while :; do sleep 0.02; done")
    await target.running(job)
    os.kill(target.launcher(job), signal.SIGKILL)
    await gone([target.launcher(job)])
    await target.backend.kill([job])
    assert (await target.ended(job)).status is JobStatus.KILLED
    await gone([target.main(job)])


async def test_a_job_without_a_launcher_is_followed_by_the_next_spooler(target: Target, tmp_path: Path) -> None:
    job = await target.submit(*_waiting(tmp_path))
    await target.running(job)
    spooler, launcher = target.spooler(), target.launcher(job)
    for pid in (spooler, launcher):
        os.kill(pid, signal.SIGKILL)
    await gone([spooler, launcher])
    await until(lambda: target.spooler() != spooler)
    assert (await target.polled(job)).status is JobStatus.RUNNING
    (tmp_path / "go").touch()
    assert (await target.ended(job)).native_status in {"exited", "not known"}


async def test_a_job_killed_together_with_its_launcher_is_told_as_such(target: Target) -> None:
    job = await target.submit("sleep", "600")
    await target.running(job)
    os.kill(target.launcher(job), signal.SIGSTOP)
    os.kill(target.main(job), signal.SIGKILL)
    os.kill(target.launcher(job), signal.SIGKILL)
    end = await target.ended(job)
    assert end.status is JobStatus.FAILED
    assert end.reason is not None
    assert "its launcher was killed" in end.reason


@pytest.mark.parametrize("stale", [{"start": "1"}, {"start": None}])
async def test_a_number_that_is_used_again_is_nobody(target: Target, stale: dict[str, object]) -> None:
    """The record names this very process, which is alive, but started at another time."""
    job = await target.submit("sleep", "600")
    await target.running(job)
    await target.close()
    launcher, main = target.launcher(job), target.main(job)
    # First the spooler: it would write down how the others ended.
    await target.end_spooler()
    for pid in (launcher, main):
        os.kill(pid, signal.SIGKILL)
    await gone([launcher, main])
    for line in (1, 2):
        _rewrite(target, job, line, pid=os.getpid(), **stale)
    await target.open()
    end = await target.polled(job)
    assert (end.status, end.exit_code) == (JobStatus.FAILED, None)
    await target.backend.kill([job])


async def test_a_restart_of_the_machine_is_told(target: Target) -> None:
    job = await target.submit("true")
    await target.ended(job)
    await target.close()
    await target.end_spooler()
    path = target.folder / "jobs" / job
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:3]))
    _rewrite(target, job, 1, boot="another")
    await target.open()
    end = await target.polled(job)
    assert end.status is JobStatus.FAILED
    assert end.reason == "this machine was restarted while the job ran"


async def test_a_job_of_another_machine_is_not_spoken_of(target: Target) -> None:
    job = await target.submit("true")
    await target.ended(job)
    await target.close()
    await target.end_spooler()
    path = target.folder / "jobs" / job
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:3]))
    _rewrite(target, job, 1, boot="another", host="elsewhere")
    await target.open()
    answer = await target.backend.poll([job])
    assert not answer.seen
    assert not answer.absent
    assert (await target.backend.find([Tag(job)])).present == {Tag(job): job}


_DAMAGE = [
    b"\x00" * 400,
    b"nonsense\n",
    b"[]\n",
    b'{"end": {"status": "running", "native_status": "x"}}\n',
    b'{"end": {"status": "completed"}}\n',
    b'{"end": {"status": "completed", "native_status": "exited", "exit_code": "x"}}\n',
    b'{"end": 3}\n',
    b'{"launched": {"host": 1, "boot": 2, "pid": "x", "start": 0, "at": 0}}\n',
]


@pytest.mark.parametrize("damage", _DAMAGE)
async def test_a_damaged_record_is_no_evidence(target: Target, damage: bytes, caplog: pytest.LogCaptureFixture) -> None:
    job = await target.submit("true")
    await target.ended(job)
    await target.close()
    path = target.folder / "jobs" / job
    path.write_bytes(
        path.read_bytes().splitlines(keepends=True)[0] + damage + (b"" if damage.endswith(b"\n") else b"\n")
    )
    await target.end_spooler()
    await target.open()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            answer = await target.backend.poll([job])
            assert job not in answer.seen
            assert not answer.absent
    assert len([record for record in caplog.records if job in record.getMessage()]) == 1


@pytest.mark.parametrize("length", [1, 10, 40])
async def test_half_an_end_is_none(target: Target, length: int) -> None:
    job = await target.submit("false")
    await target.ended(job)
    await target.close()
    await target.end_spooler()
    path = target.folder / "jobs" / job
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:-1], lines[-1][:length]]))
    await gone(process.pid for process in processes_of(target.folder))
    await target.open()
    end = await target.polled(job)
    assert end.status is JobStatus.FAILED
    assert end.exit_code is None
    assert "its launcher was killed" in str(end.reason)


async def test_a_damaged_job_can_be_got_rid_of(target: Target) -> None:
    job = await target.submit("true")
    await target.ended(job)
    path = target.folder / "jobs" / job
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0] + b"nonsense\n")
    await target.backend.kill([job])
    target.seen.clear()
    assert (await target.ended(job)).status is JobStatus.KILLED


@pytest.mark.parametrize("step", ["nothing", "empty", "half", "prepared", "submitted"])
async def test_a_submission_may_be_interrupted_anywhere(target: Target, tmp_path: Path, step: str) -> None:
    job = Submission(
        job=JobId("1"), tag=Tag("again"), spec=JobSpec(command=("sh", "-c", f"echo ran >> {tmp_path}/ran"))
    )
    prepared = target.folder / "jobs" / ".again"
    if step == "empty":
        prepared.touch()
    elif step == "half":
        prepared.write_bytes(b'{"command": ["sh"')
    elif step == "prepared":
        prepared.write_bytes(b'{"command": ["another"]}\n' * 10)
    elif step == "submitted":
        await target.hand_over(job)
    found = await target.backend.find([job.tag, Tag("never")])
    assert (job.tag in found.present) == (step == "submitted")
    assert Tag("never") in found.absent
    await target.hand_over(job)
    await target.hand_over(job)
    assert (await target.ended(NativeId("again"))).exit_code == 0
    await target.hand_over(job)
    await target.ended(await target.submit("true"))
    assert (tmp_path / "ran").read_text() == "ran\n"


async def test_a_job_that_is_found_is_run_though_its_submitter_told_nobody(target: Target) -> None:
    job = Submission(job=JobId("1"), tag=Tag("untold"), spec=JobSpec(command=("sh", "-c", "exit 9")))
    write_job(spool.Places(str(target.folder)), job)
    assert (await target.backend.find([job.tag])).present == {job.tag: NativeId(job.tag)}
    assert (await target.ended(NativeId("untold"))).exit_code == 9


async def test_a_vanished_folder_denies_nothing(target: Target) -> None:
    job = await target.submit("true")
    await target.ended(job)
    (target.folder / "jobs").rename(target.folder / "away")
    with pytest.raises(BackendUnavailable, match="is gone"):
        await target.backend.poll([job])
    with pytest.raises(BackendUnavailable, match="is gone"):
        await target.backend.find([Tag(job)])
    (target.folder / "away").rename(target.folder / "jobs")
    assert (await target.polled(job)).status is JobStatus.COMPLETED


async def test_an_unknown_job_is_denied(target: Target) -> None:
    answer = await target.backend.poll([NativeId("never")])
    assert answer.absent == {"never"}


def test_a_full_disk_delays_the_end_and_does_not_lose_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = _one_job(tmp_path)
    claimed = spool.claim(places, "job", processes.own_start_time(), 1.0)
    assert claimed is not None
    tries = iter([3, 0, None])
    write = os.pwrite

    def full(descriptor: int, content: bytes, offset: int) -> int:
        part = next(tries)
        if part == 0:
            raise OSError(28, "No space left on device")
        return write(descriptor, content[:part], offset)

    monkeypatch.setattr(os, "pwrite", full)
    monkeypatch.setattr(spool, "_FIRST_PAUSE", 0.0)
    claimed.add_end({"status": "completed", "native_status": "exited", "exit_code": 0})
    claimed.close()
    record = spool.read(places.record("job"))
    assert record is not None
    assert record.end == {"status": "completed", "native_status": "exited", "exit_code": 0}


def test_only_one_process_can_claim_a_job(tmp_path: Path) -> None:
    places = _one_job(tmp_path)
    claimed = spool.claim(places, "job", "1", 1.0)
    assert claimed is not None
    assert spool.claim(places, "job", "1", 1.0) is None
    assert spool.claim(places, "never", "1", 1.0) is None
    claimed.close()


async def test_news_that_did_not_arrive_are_told_again(target: Target) -> None:
    job = await target.submit("true")
    async with asyncio.timeout(LIMIT):
        first = await target.backend.changes(None)
        while job not in first.seen or not first.seen[job].status.final:
            first = await target.backend.changes(first.cursor)
        again = await target.backend.changes(None)
    assert again.seen[job] == first.seen[job]


async def test_output_is_whole_after_a_killed_spooler(target: Target, tmp_path: Path) -> None:
    job = await target.submit("sh", "-c", f"echo result > out.txt; while [ ! -e {tmp_path}/go ]; do sleep 0.02; done")
    await target.running(job)
    await _restart_spooler(target)
    (tmp_path / "go").touch()
    await target.ended(job)
    into = tmp_path / "into"
    into.mkdir()
    retrieved = await target.backend.fetch([Retrieval(native_id=job, outputs=("out.txt",), into=into)])
    assert retrieved[job].error is None
    assert (into / "out.txt").read_text() == "result\n"
