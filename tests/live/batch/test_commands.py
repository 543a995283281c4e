"""Commands that do not do what they should."""

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from ganga.backends.batch.backend import BatchBackend
from ganga.errors import BackendError, BackendProtocolError, BackendUnavailable
from ganga.model.ids import NativeId
from ganga.model.job import JobSpec
from ganga.model.status import JobStatus
from ganga.testing.check_backend import Trial
from tests.live.batch.conftest import PATIENCE
from tests.live.batch.replacement import Replacement
from tests.live.batch.system import System


@pytest.fixture
async def job(trial: Trial) -> NativeId:
    native_id = await trial.submit(JobSpec(command=("sleep", "3600")))
    await trial.until(native_id, lambda seen: seen.status is JobStatus.RUNNING, "begun")
    return native_id


async def test_a_banner_is_read_over(backend: BatchBackend, job: NativeId, question: Replacement) -> None:
    question.becomes('echo "*** Welcome to the cluster ***"; echo; echo "7 bottles" >&2; real "$@"')
    assert (await backend.poll([job])).seen[job].status is JobStatus.RUNNING
    await backend.kill([job])


@pytest.mark.parametrize(
    "script",
    [
        "exit 1",
        "echo 'error: everything is broken' >&2; exit 3",
        "kill -9 $$",
        "true",
        "echo 'maintenance until noon'",
        'real "$@" | head -c 15',
        'real "$@" | head -c -15',
        "cat /dev/urandom | head -c 100000",
    ],
)
async def test_a_command_that_fails_or_says_half_ends_no_job(
    backend: BatchBackend, job: NativeId, question: Replacement, script: str
) -> None:
    question.becomes(script)
    try:
        answer = await backend.poll([job])
    except BackendError:
        pass
    else:
        assert job not in answer.absent
        assert job not in answer.seen or not answer.seen[job].status.final
    question.becomes('real "$@"')
    assert (await backend.poll([job])).seen[job].status is JobStatus.RUNNING
    await backend.kill([job])


async def test_a_reply_without_its_last_jobs_ends_none_of_them(
    backend: BatchBackend, job: NativeId, question: Replacement
) -> None:
    """Whole lines are missing, and the exit code is 0: that cannot be seen unless the reply has an end of its own, as
    XML has, and is no end.
    """
    question.becomes('real "$@" | head -n 1')
    try:
        answer = await backend.poll([job])
    except BackendProtocolError as error:
        assert "whole" in str(error)  # noqa: PT017 - where it can be seen, it is told
    else:
        assert job not in answer.seen
    await backend.kill([job])


async def killed_in_the_end(impatient: BatchBackend, job: NativeId) -> None:
    """A command that does what it should may take as long as one that hangs is given, on a busy machine."""
    async with asyncio.timeout(PATIENCE):
        while True:
            with suppress(BackendUnavailable):
                return await impatient.kill([job])


async def test_a_command_that_hangs_is_given_up(
    system: System, work: Path, job: NativeId, question: Replacement
) -> None:
    question.becomes('real "$@"')
    async with system.connect(work, timeout=5.0) as impatient:
        question.becomes("sleep 600")
        with pytest.raises(BackendUnavailable, match="has not answered within 5 seconds"):
            await impatient.poll([job])
        question.becomes('real "$@"')
        await killed_in_the_end(impatient, job)
