"""What really happened to jobs, as only the target itself knows it, in seconds of the machine's monotonic clock."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from ganga.model.ids import JobId, NativeId, Tag
from ganga.model.status import JobStatus
from tests.chaos.journal import read


class Accepted(Struct, frozen=True, tag="accepted"):
    """A target took a job, and knows what will become of it unless somebody kills it."""

    native_id: NativeId
    tag: Tag
    at: float
    begins: float
    ends: float
    exit_code: int


class Killed(Struct, frozen=True, tag="killed"):
    """A target ended a job because it was asked to."""

    native_id: NativeId
    at: float


ENTRIES: Final[msgspec.json.Decoder[Accepted | Killed]] = msgspec.json.Decoder(Accepted | Killed)


class Run(Struct, frozen=True):
    """One execution of one attempt of a job."""

    job: JobId
    attempt: int
    #: When it was accepted, began and ended; None where that is not known.
    accepted: float | None
    begins: float | None
    ends: float | None
    exit_code: int | None
    killed: bool = False

    @property
    def status(self) -> JobStatus | None:
        """How it ended; None if nobody knows."""
        if self.killed:
            return JobStatus.KILLED
        if self.exit_code is None:
            return None
        return JobStatus.FAILED if self.exit_code else JobStatus.COMPLETED


def run_of(accepted: Accepted) -> Run:
    """What will become of a job that nobody kills."""
    # The tag is ganga-STORE-JOB-ATTEMPT.
    _, _, job, attempt = accepted.tag.split("-")
    return Run(JobId(job), int(attempt), accepted.at, accepted.begins, accepted.ends, accepted.exit_code)


def killed(run: Run, at: float) -> Run:
    """The same, after a request to kill it: what has ended stays as it ended."""
    if run.killed or run.ends is None or run.begins is None or at >= run.ends:
        return run
    return replace(run, begins=min(run.begins, at), ends=at, exit_code=None, killed=True)


def told(entries: Iterable[Accepted | Killed]) -> dict[NativeId, Run]:
    """All executions that a target took on, by its own names."""
    runs: dict[NativeId, Run] = {}
    for entry in entries:
        if isinstance(entry, Accepted):
            runs[entry.native_id] = run_of(entry)
        else:
            runs[entry.native_id] = killed(runs[entry.native_id], entry.at)
    return runs


def of_universe(journal: Path) -> list[Run]:
    """What the universe took down."""
    return list(told(read(journal, ENTRIES)).values())


def of_traces(trace: Path) -> list[Run]:
    """What local jobs took down themselves: ``begin 12.0 66708.99 3`` with the exit code to come, and then ``end``.

    Local jobs are submitted once; of one that was killed there is no end.
    """
    runs: list[Run] = []
    open_runs: dict[str, int] = {}
    for line in trace.read_text().splitlines() if trace.exists() else ():
        word, name, at, exit_code = line.split()
        job = JobId(name.removesuffix("."))
        if word == "begin":
            open_runs[job] = len(runs)
            runs.append(Run(job, 1, None, float(at), None, None))
        else:
            runs[open_runs[job]] = replace(runs[open_runs[job]], ends=float(at), exit_code=int(exit_code))
    return runs
