"""What a job gets and what is told of it."""

import json
import signal
import sys
from pathlib import Path

import pytest

from ganga.backends.base import Stream, Submission
from ganga.model.ids import JobId, NativeId, Tag
from ganga.model.job import JobSpec, Share
from ganga.model.status import JobStatus
from tests.backends.local.conftest import Target


async def test_a_job_that_ends_well_is_told_with_times_and_resources(target: Target) -> None:
    end = await target.ended(await target.submit(sys.executable, "-c", "print(sum(range(10**6)))"))
    assert (end.status, end.exit_code, end.signal, end.native_status) == (JobStatus.COMPLETED, 0, None, "exited")
    assert end.started_at is not None
    assert end.ended_at is not None
    assert end.started_at < end.ended_at
    assert end.cpu_time is not None
    assert 0 < end.cpu_time < 60
    assert end.peak_memory is not None
    assert 1 << 20 < end.peak_memory < 1 << 30


async def test_memory_and_processor_time_are_those_of_the_job(target: Target) -> None:
    hungry = (
        "import time; b = bytearray(200_000_000); b[::4096] = b'x' * len(b[::4096]); t = time.process_time()\n"
        "while time.process_time() < t + 0.2: pass"
    )
    end = await target.ended(await target.submit(sys.executable, "-c", hungry))
    assert end.peak_memory is not None
    assert end.peak_memory > 200_000_000
    assert end.cpu_time is not None
    assert end.cpu_time > 0.2


@pytest.mark.parametrize("code", [1, 3, 255])
async def test_an_exit_code_is_told_as_a_failure(target: Target, code: int) -> None:
    end = await target.ended(await target.submit("sh", "-c", f"exit {code}"))
    assert (end.status, end.exit_code, end.signal) == (JobStatus.FAILED, code, None)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV, signal.SIGPIPE])
async def test_a_signal_is_told_as_a_failure(target: Target, number: int) -> None:
    end = await target.ended(await target.submit("sh", "-c", f"kill -{int(number)} $$"))
    assert (end.status, end.exit_code, end.signal) == (JobStatus.FAILED, None, number)


async def test_a_running_job_is_told_and_polled_as_running(target: Target) -> None:
    job = await target.submit("sleep", "60")
    seen = await target.running(job)
    assert seen.status is JobStatus.RUNNING
    assert seen.started_at is not None
    assert await target.polled(job) == seen


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        (("no-such-program",), 127, "no-such-program"),
        (("./no-such-program",), 127, "no-such-program"),
        (("/etc/passwd",), 126, "/etc/passwd"),
        (("/",), 126, "'/'"),
    ],
)
async def test_a_command_that_cannot_be_started_ends_as_in_a_shell(
    target: Target, command: tuple[str, ...], code: int, words: str
) -> None:
    end = await target.ended(await target.submit(*command))
    assert (end.status, end.exit_code, end.native_status) == (JobStatus.FAILED, code, "not started")
    assert end.reason is not None
    assert words in end.reason
    assert str(target.folder) in end.reason


async def test_a_missing_folder_is_named(target: Target, tmp_path: Path) -> None:
    end = await target.ended(await target.submit("true", folder=str(tmp_path / "nowhere")))
    assert end.exit_code == 127
    assert end.reason is not None
    assert "nowhere" in end.reason


async def test_the_environment_is_the_submitters_with_the_jobs_own(target: Target, tmp_path: Path) -> None:
    base = tmp_path / "environment.json"
    base.write_text(json.dumps({"PATH": "/usr/bin:/bin", "HOME": "/home/me", "A": "base", "B": "base", "C": "a\nb é"}))
    job = Submission(
        job=JobId("12.3"),
        tag=Tag("ganga-test-12.3-1"),
        spec=JobSpec(command=("env", "-0"), environment={"A": "spec", "B": "spec"}),
        share=Share(environment={"B": "share"}),
        environment=base,
    )
    await target.ended(await target.hand_over(job))
    variables = dict(item.split("=", 1) for item in target.output(job.tag).split("\0") if item)
    assert variables == {
        "PATH": "/usr/bin:/bin",
        "HOME": "/home/me",
        "A": "spec",
        "B": "share",
        "C": "a\nb é",
        "GANGA_JOB_ID": "12",
        "GANGA_SUBJOB_INDEX": "3",
    }


async def test_without_an_environment_path_and_home_are_there(target: Target) -> None:
    job = await target.submit("env")
    await target.ended(job)
    names = {line.partition("=")[0] for line in target.output(job).splitlines()}
    assert {"PATH", "HOME", "GANGA_JOB_ID"} <= names
    assert "GANGA_SUBJOB_INDEX" not in names


async def test_the_program_is_looked_for_along_the_jobs_own_path(target: Target, tmp_path: Path) -> None:
    program = tmp_path / "mine"
    program.write_text("#!/bin/sh\necho found\n")
    program.chmod(0o755)
    job = await target.submit("mine", environment={"PATH": f"{tmp_path}:/usr/bin:/bin"})
    await target.ended(job)
    assert target.output(job) == "found\n"


async def test_a_job_runs_in_a_fresh_folder_with_its_inputs(target: Target, tmp_path: Path) -> None:
    copies = tmp_path / "copies"
    (copies / "deep").mkdir(parents=True)
    (copies / "deep" / "a").write_text("a")
    (tmp_path / "own.txt").write_text("own")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "leaf").write_text("leaf")
    job = Submission(
        job=JobId("1.0"),
        tag=Tag("inputs"),
        spec=JobSpec(command=("sh", "-c", "cat deep/a own.txt tree/leaf; echo changed > own.txt")),
        share=Share(inputs=(str(tmp_path / "own.txt"), str(tmp_path / "tree"))),
        inputs=copies,
    )
    end = await target.ended(await target.hand_over(job))
    assert end.exit_code == 0
    assert target.output("inputs") == "aownleaf"
    assert (tmp_path / "own.txt").read_text() == "own"


async def test_a_missing_input_is_named(target: Target, tmp_path: Path) -> None:
    end = await target.ended(await target.submit("true", share=Share(inputs=(str(tmp_path / "gone.txt"),))))
    assert end.status is JobStatus.FAILED
    assert end.reason is not None
    assert "gone.txt" in end.reason


async def test_a_job_runs_in_the_folder_that_it_names(target: Target, tmp_path: Path) -> None:
    job = await target.submit("pwd", folder=str(tmp_path))
    await target.ended(job)
    assert target.output(job) == f"{tmp_path}\n"


async def test_arguments_of_a_subjob_are_appended_and_no_shell_reads_them(target: Target) -> None:
    job = await target.submit("printf", "%s|", share=Share(arguments=("$HOME", "a b", "*", "'")))
    await target.ended(job)
    assert target.output(job) == "$HOME|a b|*|'|"


async def test_standard_input_is_empty_and_errors_are_apart(target: Target) -> None:
    job = await target.submit("sh", "-c", "cat; echo out; echo err >&2")
    await target.ended(job)
    assert await target.backend.read(job, Stream.STDOUT, 0) == b"out\n"
    assert await target.backend.read(job, Stream.STDERR, 0) == b"err\n"


async def test_output_can_be_read_while_the_job_runs(target: Target) -> None:
    job = await target.submit("sh", "-c", "echo begun; exec sleep 60")
    await target.running(job)
    text = b""
    while not text:
        text = await target.backend.read(job, Stream.STDOUT, 0)
    assert text == b"begun\n"
    assert await target.backend.read(job, Stream.STDOUT, 3) == b"un\n"
    assert await target.backend.read(job, Stream.STDOUT, 6) == b""
    assert await target.backend.read(NativeId("unknown"), Stream.STDOUT, 0) == b""


@pytest.mark.parametrize(
    ("command", "environment"),
    [((), {}), (("",), {}), (("a\0b",), {}), (("\ud800",), {}), (("true",), {"A=B": "x"}), (("true",), {"": "x"})],
)
async def test_what_no_system_can_run_is_refused(
    target: Target, command: tuple[str, ...], environment: dict[str, str]
) -> None:
    spec = JobSpec(command=command, environment=environment)
    receipts = await target.backend.submit([Submission(job=JobId("1"), tag=Tag("bad"), spec=spec)])
    assert list(receipts.rejected) == ["bad"]
    assert not receipts.accepted


@pytest.mark.parametrize("tag", ["", "..", ".hidden", "a/b", "a b", "a\nb", "x" * 300])
async def test_a_tag_that_is_no_file_name_is_refused(target: Target, tag: str) -> None:
    receipts = await target.backend.submit([Submission(job=JobId("1"), tag=Tag(tag), spec=JobSpec(command=("true",)))])
    assert list(receipts.rejected) == [tag]


async def test_files_are_private(target: Target) -> None:
    job = await target.submit("sh", "-c", "echo x")
    await target.ended(job)
    assert all(path.stat().st_mode & 0o077 == 0 for path in target.folder.rglob("*") if "work/" not in str(path))
    assert target.folder.stat().st_mode & 0o077 == 0
