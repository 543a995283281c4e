"""The clock of the machine with the batch system is wrong: its daemons, its commands and its jobs live two minutes in
the future, or in the past. No status follows from a comparison of its times with ours.
"""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ganga.client import Client
from ganga.model.status import JobStatus
from tests.live.batch.conftest import SYSTEMS
from tests.live.batch.system import System
from tests.live.batch.test_campaign import PATIENCE, subjobs, until_running
from tests.live.clocks import wrong_by
from tests.live.needs import needs
from tests.live.system_packages import NotInstalled

#: Seconds.
WRONG = (120, -120)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module", params=WRONG)
def wrong(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module", params=["slurm", "grid-engine"])
def running_system(request: pytest.FixtureRequest, wrong: int) -> Iterator[System]:
    """A system of its own: its daemons, and all that is started while it is there, live in another time."""
    provisioned = SYSTEMS[str(request.param)]
    for check in provisioned.checks:
        needs(check, NotInstalled)
    with pytest.MonkeyPatch.context() as environment, wrong_by(wrong) as variables:
        for variable, value in variables.items():
            environment.setenv(variable, value)
        with provisioned.start() as system:
            yield system


async def test_jobs_end_as_they_do(client: Client, system: System, wrong: int, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    some = await client.submit(["sh", "-c", 'exit "$GANGA_SUBJOB_INDEX"'], target="batch", subjobs=4)
    live = await client.submit(["sleep", "1000"], target="batch")
    again = await client.submit(["sh", "-c", f"test -e '{mark}' && exit 5; sleep 1000"], target="batch")
    theirs = await asyncio.to_thread(system.submit_as_somebody, "theirs", "exit 6")
    (adopted,) = await client.track("batch", theirs)
    native_id = await until_running(client, again)
    mark.touch()
    await asyncio.to_thread(system.requeue, native_id)
    await until_running(client, live)
    await client.kill(live)
    ended = await client.wait(some, live, again, adopted, timeout=PATIENCE)
    assert [record.status for record in ended] == [JobStatus.FAILED, JobStatus.KILLED] + [JobStatus.FAILED] * 2
    assert [(record.exit_code, record.attempt) for record in ended[2:]] == [(5, 2), (6, 1)]
    tasks = await subjobs(client, some)
    assert [record.exit_code for record in tasks] == list(range(4))
    for record in (*tasks, *ended[1:]):
        assert record.started_at is not None
        assert record.ended_at is not None
        assert record.submitted_at is not None
        # To a second: most systems count no parts of it.
        assert record.started_at <= record.ended_at <= time.time() + wrong + 1
        assert record is ended[-1] or record.submitted_at + wrong <= record.ended_at + 1
