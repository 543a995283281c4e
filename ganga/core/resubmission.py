"""Whether a failed attempt is followed by another one without being asked."""

import re

from ganga.model.job import JobRecord, Resubmission
from ganga.model.status import JobStatus


def wants_another_attempt(record: JobRecord, outcome: JobStatus, reason: str | None, policy: Resubmission) -> bool:
    """Whether the policy asks for another attempt of a job that ended with `outcome` and `reason`.

    Only failures are tried again, never what somebody asked to be killed, and never more often than the policy says.
    """
    if outcome is not JobStatus.FAILED or record.kill_requested_by is not None or record.attempt >= policy.attempts:
        return False
    return not policy.reasons or any(re.search(pattern, reason or "") for pattern in policy.reasons)
