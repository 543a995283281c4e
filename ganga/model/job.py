"""What a job is: the specification that its subjobs share, and the record of where each one stands."""

from collections.abc import Mapping

from msgspec import Struct

from ganga.model.clock import Utc
from ganga.model.identity import Identity
from ganga.model.ids import JobId, NativeId, TargetName, shortened
from ganga.model.resources import Resources
from ganga.model.status import JobStatus


class Plugin(Struct, frozen=True):
    """A checker, merger or notifier by its name, with its options, as stored with the job."""

    name: str
    options: Mapping[str, str | int | float | bool | tuple[str, ...]] = {}


class Resubmission(Struct, frozen=True, kw_only=True):
    """When a failed attempt is followed by another one without being asked."""

    #: How many attempts there may be in all; 1 means never again.
    attempts: int = 1
    #: Regular expressions searched for in the reason of the failure; empty means any reason.
    reasons: tuple[str, ...] = ()


class JobSpec(Struct, frozen=True, kw_only=True):
    """What to run. A job with subjobs has one for all of them; each adds its `Share`."""

    #: The program and its arguments; never a shell line.
    command: tuple[str, ...]
    name: str = ""
    #: Variables added to the job's environment.
    environment: Mapping[str, str] = {}
    #: Absolute folder to run in, or None for a fresh one of the job's own.
    folder: str | None = None
    #: Whether somebody has named it; else it is where they were when they submitted, and is used only where it is seen.
    folder_chosen: bool = False
    #: Absolute paths of files and folders, copied at submission and again into each job's own folder.
    inputs: tuple[str, ...] = ()
    #: Patterns of what to bring back, relative to the job's own folder.
    outputs: tuple[str, ...] = ()
    checkers: tuple[Plugin, ...] = ()
    #: Run once, when all subjobs have ended.
    mergers: tuple[Plugin, ...] = ()
    notifiers: tuple[Plugin, ...] = ()
    resubmission: Resubmission = Resubmission()
    #: What each of its subjobs needs.
    resources: Resources = Resources()


def unreachable(spec: JobSpec, where: str) -> str | None:
    """Why a place that does not see the files of this machine refuses a job; None if it does not."""
    if spec.folder is None or not spec.folder_chosen:
        return None
    return (
        f"{where} does not see the folder {shortened(spec.folder)!r} of this machine; choose a target that does, or "
        "leave the folder out (--in) and name the files that the job needs (--input)"
    )


class Share(Struct, frozen=True, kw_only=True):
    """What one subjob has to itself."""

    #: Appended to the command of the job.
    arguments: tuple[str, ...] = ()
    #: Further absolute input paths, copied like those that all subjobs have.
    inputs: tuple[str, ...] = ()
    environment: Mapping[str, str] = {}


class JobRecord(Struct, frozen=True, kw_only=True, gc=False):
    """Where a job, or a subjob, stands. Times are UTC; None means "not known" or "not yet"."""

    id: JobId
    name: str
    target: TargetName
    status: JobStatus
    created_at: Utc
    #: How many subjobs it has; None for a job without, and for a subjob.
    subjobs: int | None = None
    #: Counted from 1; 0 before the first submission.
    attempt: int = 0
    native_id: NativeId | None = None
    native_status: str | None = None
    exit_code: int | None = None
    signal: int | None = None
    #: Why it is as it is, in a sentence that a person can act on.
    reason: str | None = None
    #: While completing: the final status that it will have unless a checker objects.
    outcome: JobStatus | None = None
    submitted_at: Utc | None = None
    started_at: Utc | None = None
    ended_at: Utc | None = None
    #: When the back end last confirmed the status with news; see `TargetState.confirmed_at` for unchanged jobs.
    confirmed_at: Utc | None = None
    #: Since when answers about the others leave this one out; None while it is spoken of.
    silent_since: Utc | None = None
    #: Where it runs, or ran, in the back end's own words: a site, a host, a node.
    place: str | None = None
    #: Bytes.
    peak_memory: int | None = None
    #: Seconds, user and system, of all its processes.
    cpu_time: float | None = None
    #: The back end's own counter of how often it has run this native id again.
    restart: int = 0
    #: Who asked for it to be killed; written by whoever asks, not by the monitor.
    kill_requested_by: str | None = None
    #: The attempt that somebody asked for; above `attempt` while it has not begun. Written by whoever asks.
    wanted_attempt: int = 0
    #: Whether plug-ins are to run when it has ended (checkers, mergers, notifiers).
    postprocessed: bool = False

    def confirmed(self, target: "TargetState | None") -> Utc | None:
        """When this status was last known to be true, given the state of the job's target.

        An unchanged job costs no write: a sweep that spoke of all its jobs is noted once, with the target.
        """
        if not self.status.polled or self.silent_since is not None or target is None or target.confirmed_at is None:
            return self.confirmed_at
        # A sweep from before the job was known does not speak of it.
        return (
            target.confirmed_at if target.confirmed_at > (self.confirmed_at or self.created_at) else self.confirmed_at
        )


class TargetState(Struct, frozen=True, kw_only=True):
    """How a target fares. The monitor that holds its lease writes it, except for `paused`."""

    name: TargetName
    #: When the last sweep that spoke of all its live jobs was asked.
    confirmed_at: Utc | None = None
    #: Since when it does not answer; None while it does.
    down_since: Utc | None = None
    #: What it said instead, or who stands in the way.
    error: str | None = None
    #: Where the feed of changes is to be taken up.
    cursor: str | None = None
    #: Calls and threads that outlived their time-out and are still hanging.
    stuck_threads: int = 0
    #: Whether somebody asked for it to be left alone.
    paused: bool = False
    #: Whom it took us for last; None before that is known, and where nobody has to say who they are.
    identity: Identity | None = None
    #: Whether the end of these credentials was told.
    expiry_told: bool = False
