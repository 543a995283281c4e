"""What follows the end of a job: checkers judge it, mergers join what its subjobs brought, notifiers tell of it.

A plug-in is a frozen `msgspec.Struct`: its fields are its options, its one method is what it does. It is named by an
entry point of the group ``ganga.checkers``, ``ganga.mergers`` or ``ganga.notifiers``. Its method may block, as it is
called in a thread, and may be called again for the same end of the same job, since a monitor can die at any moment.

A plug-in *objects* by returning a reason: that is its judgement, and it is final. What it raises says that it could not
do its work this time: finishing fails with its name, and is tried again later.
"""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol, runtime_checkable

from ganga.model.ids import JobId
from ganga.model.job import JobRecord, JobSpec
from ganga.model.status import JobStatus


@dataclass(frozen=True, slots=True)
class Ended:
    """A job or subjob that has ended, with what it brought."""

    record: JobRecord
    spec: JobSpec
    #: The folder with its output; it may not exist.
    output: Path
    #: Whether whoever judges serves others too: what the job says may then not hold up its process.
    hosted: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """What a notifier tells."""

    record: JobRecord
    spec: JobSpec
    #: The final status and its reason, after checkers and mergers; those of the record are not final yet.
    status: JobStatus
    reason: str | None
    #: The folder with the output, or with what was merged; it may not exist.
    output: Path
    #: The same for every telling of this end of this job, and no other's, so that who is told twice can tell.
    key: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What finishing a job came to."""

    status: JobStatus
    reason: str | None = None
    #: Which notifiers failed, and why; that changes no job.
    problems: tuple[str, ...] = ()


class Checker(Protocol):
    """Judges a job that completed."""

    def check(self, ended: Ended, /) -> str | None:
        """Why the job has failed after all; None if there is no objection."""
        ...


class Merger(Protocol):
    """Joins the output of subjobs."""

    @property
    def partial(self) -> bool:
        """Whether to join what the completed subjobs brought although others have not completed."""
        ...

    def merge(self, parts: Sequence[Ended], into: Path, /) -> str | None:
        """Join the output of these completed subjobs, in order of index, into new files of the folder.

        Returns why that is not possible, which fails the job; None if it is done. The same parts give the same files.
        """
        ...


class Notifier(Protocol):
    """Tells somebody of the end of a whole job."""

    def notify(self, notice: Notice, /) -> None:
        """Tell it; whatever is raised is reported, and changes no job."""
        ...


@runtime_checkable
class Hostable(Protocol):
    """For plug-ins that may be used by a service that monitors for many users, whatever their options say."""

    @property
    def hostable(self) -> bool:
        """Whether this one, with its options, asks for nothing that only the account of the service may do."""
        ...


class Place(Protocol):
    """Where the files of jobs are; see `ganga.workspace.Workspace`."""

    @property
    def hosted(self) -> bool:
        """Whether the place is another user's, for whom this process works beside others."""
        ...

    def mark(self, job: JobId, name: str) -> None:
        """Leave an empty file of this name in the folder of the job."""
        ...

    def marked(self, job: JobId, name: str) -> bool:
        """Whether `mark` has left a file of this name."""
        ...

    def output(self, job: JobId, attempt: int) -> Path:
        """Where the output of an attempt is, for people."""
        ...

    def readable(self, job: JobId, attempt: int) -> AbstractContextManager[Path]:
        """Where the output of an attempt can be read meanwhile; it may not exist."""
        ...

    def incoming(self, job: JobId, attempt: int, epoch: int) -> Path:
        """A fresh folder for what is to become the output."""
        ...

    def publish(self, incoming: Path, job: JobId, attempt: int, *, replace: bool = False) -> None:
        """Show the folder as the output, in one step."""
        ...

    def discard(self, incoming: Path) -> None:
        """Remove a folder that is not to be shown."""
        ...


def refusal(plugin: object, *, hosted: bool) -> str | None:
    """Why the plug-in is not used here; None if it is."""
    if not hosted or (isinstance(plugin, Hostable) and plugin.hostable):
        return None
    return (
        "it would act with the rights of the service that monitors for many, which does not run it; leave it out, or "
        "have a monitor of your own look after this target"
    )


def check_relative(path: str) -> None:
    """Raise `ValueError` unless the path (or pattern) stays within the folder that it is relative to."""
    parts = PurePosixPath(path).parts
    if not parts or parts[0] == "/" or ".." in parts or "\0" in path:
        raise ValueError(f"{path!r} is not a path within the output folder; expected something like results/*.txt")


def is_inside(path: Path, folder: Path) -> bool:
    """Whether the path, with all links followed, is within the folder."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))  # which takes links in a circle, too
