"""What only Torque does."""

import pytest

from ganga.model.job import JobSpec
from ganga.model.status import JobStatus
from ganga.testing.check_backend import Trial
from tests.live.batch.torque import TorqueSystem
from tests.live.torque_server.cluster import NODE

pytestmark = pytest.mark.parametrize("running_system", ["torque"], indirect=True)


async def test_a_failure_that_the_node_has_not_seen_is_no_success(trial: Trial, system: TorqueSystem) -> None:
    """Its daemon was started again while the job was running, and tells the server 0 for whatever end."""
    native_id = await trial.submit(JobSpec(command=("sh", "-c", "sleep 5; exit 7")))
    await trial.until(native_id, lambda seen: seen.status is JobStatus.RUNNING, "begun")
    # In this thread: what a thread has started ends with it.
    system.restart(NODE)
    seen = await trial.end_of(native_id)
    assert (seen.status, seen.exit_code) == (JobStatus.FAILED, 7)
