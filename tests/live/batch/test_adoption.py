"""Jobs that something else submitted."""

from secrets import token_hex

import pytest

from ganga.backends.batch.backend import BatchBackend
from ganga.errors import UsageError
from ganga.model.status import JobStatus
from ganga.testing.check_backend import Trial
from tests.live.batch.system import System


async def test_a_job_is_adopted_by_its_id_and_followed_to_its_end(
    backend: BatchBackend, trial: Trial, system: System
) -> None:
    native_id = system.submit_as_somebody("other", "sleep 3; exit 4")
    adopted = await backend.adopt([str(native_id)])
    assert set(adopted) == {native_id}
    seen = await trial.end_of(native_id)
    assert (seen.status, seen.exit_code) == (JobStatus.FAILED, 4)
    retrieved, into = await trial.fetch(native_id, (), "home")
    assert retrieved.error is None
    assert (into / "stdout").read_bytes() == b""


async def test_jobs_are_adopted_by_their_name(backend: BatchBackend, system: System) -> None:
    name = f"name-{token_hex(4)}"
    ids = {system.submit_as_somebody(name, "sleep 3600") for _ in range(2)}
    adopted = await backend.adopt([f"name:{name}"])
    assert set(adopted) == ids
    await backend.kill(ids)


async def test_jobs_that_are_not_there_are_not_adopted(backend: BatchBackend) -> None:
    for reference in ("99999999", "name:nothing", "garbage", "user:"):
        with pytest.raises(UsageError):
            await backend.adopt([reference])
