"""Why HTCondor holds a job: its codes, by their names, and what a person can do."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

#: Not held by anybody: its files are on their way to the queue.
SPOOLING: Final = 16

_NAMES: Final[Mapping[int, str]] = MappingProxyType(
    {
        1: "UserRequest",
        3: "JobPolicy",
        4: "CorruptedCredential",
        5: "JobPolicyUndefined",
        6: "FailedToCreateProcess",
        7: "UnableToOpenOutput",
        8: "UnableToOpenInput",
        9: "UnableToOpenOutputStream",
        10: "UnableToOpenInputStream",
        11: "InvalidTransferAck",
        12: "TransferOutputError",
        13: "TransferInputError",
        14: "IwdError",
        15: "SubmittedOnHold",
        16: "SpoolingInput",
        17: "JobShadowMismatch",
        18: "InvalidTransferGoAhead",
        19: "HookPrepareJobFailure",
        20: "MissedDeferredExecutionTime",
        21: "StartdHeldJob",
        22: "UnableToInitUserLog",
        23: "FailedToAccessUserAccount",
        24: "NoCompatibleShadow",
        25: "InvalidCronSettings",
        26: "SystemPolicy",
        27: "SystemPolicyUndefined",
        32: "MaxTransferInputSizeExceeded",
        33: "MaxTransferOutputSizeExceeded",
        34: "JobOutOfResources",
        35: "InvalidDockerImage",
        36: "FailedToCheckpoint",
        43: "PreScriptFailed",
        44: "PostScriptFailed",
        45: "SingularityTestFailed",
        46: "JobDurationExceeded",
        47: "JobExecuteExceeded",
        48: "HookShadowPrepareJobFailure",
    }
)
_RELEASE: Final = "condor_release lets it go on"
_MEMORY: Final = "it used more than it asked for; kill it, and ask for more with --memory"
#: What machines without control groups say, by HTCondor's own policy for these.
_MEMORY_EXCEEDED: Final = "memory usage exceeded request_memory"
_HINTS: Final[Mapping[int, str]] = MappingProxyType(
    {
        1: _RELEASE,
        15: _RELEASE,
        SPOOLING: "its files have not all come to the queue; kill it, and submit it again",
        34: _MEMORY,
        46: "it ran into its time limit; kill it, and ask for more",
        47: "it ran into its time limit; kill it, and ask for more",
    }
)


def told(code: int | None, reason: str) -> str:
    """Why, for a person."""
    hint = _MEMORY if _MEMORY_EXCEEDED in reason else _HINTS.get(code or 0, "")
    parts = (_NAMES.get(code or 0, ""), reason, hint)
    return "; ".join(part for part in parts if part) or "HTCondor does not say why"
