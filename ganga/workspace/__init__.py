"""The folders under ``GANGA_HOME``: what was submitted, and what came home.

::

    jobs/12/inputs/            copies of the input files, made at submission
    jobs/12/shares/            copies of the input files that not all subjobs have
    jobs/12/environment.json   the environment of whoever submitted
    jobs/12/output-1/          what attempt 1 brought home; of a job with subjobs, what was merged
    jobs/12/3/output-1/        the same of subjob 3
    staging/                   what is being made or removed; all of it may go when nobody is at work

A folder appears whole, by a rename, or not at all. Everything is private to the user, or to the group that the home is
open for (see `ganga.workspace.home`).

Nothing is synced to disk: what is written here survives the end of any program at any moment, but after a power failure
files of the last half minute may be empty or missing. A sync for each job would cost more than all the rest; what a
back end keeps until it is told to discard can be fetched again.
"""

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from time import time
from typing import ClassVar

from msgspec.structs import replace

from ganga.errors import StoreUnavailable
from ganga.model.ids import JobId, parent_of
from ganga.model.job import Share
from ganga.workspace.folders import TAKEN, explained
from ganga.workspace.home import Home
from ganga.workspace.outgoing import Handed, Outgoing
from ganga.workspace.staging import ENVIRONMENT, INPUTS, SHARES, Staged, place_of, stage

_INCOMING = re.compile(r"\.incoming-(?P<attempt>[0-9]+)-(?P<epoch>[0-9]+)-")

#: Seconds after which what a dead process left in ``staging`` may go.
DAY = 86400.0


class Workspace:
    """All methods block for a few system calls, or for as long as copying and removing files takes.

    They raise `ConfigurationError` where nothing can be written, and `StoreUnavailable` when the disk is full or fails.
    """

    #: Whether it is another user's, who may do anything there, and for whom this process works beside others.
    hosted: ClassVar[bool] = False

    def __init__(self, home: Path) -> None:
        self.home = home
        self._premises = Home(home)
        self._jobs = home / "jobs"
        self._staging = home / "staging"

    def __repr__(self) -> str:
        return f"<Workspace {self.home}>"

    def check_writable(self) -> None:
        """Make the folders and try to write there, so that what is wrong is said before anything is submitted."""
        with explained(self.home):
            for folder in (self._jobs, self._staging):
                self._premises.make(folder)
            probe = self._premises.fresh(self._staging, "probe-")
            try:
                (probe / "probe").write_bytes(bytes(4096))
            finally:
                self._premises.delete(probe)

    def folder(self, job: JobId) -> Path:
        """The folder of a job or subjob; it may not exist yet."""
        return self._jobs.joinpath(*job.split("."))

    def output(self, job: JobId, attempt: int) -> Path:
        """Where the output of an attempt is; if the folder is there, all of it is."""
        return self.folder(job) / f"output-{attempt}"

    def has_output(self, job: JobId, attempt: int) -> bool:
        """Whether the output of an attempt is there."""
        return self.output(job, attempt).is_dir()

    def readable(self, job: JobId, attempt: int) -> AbstractContextManager[Path]:
        """Where the output of an attempt can be read meanwhile; it may not exist."""
        return nullcontext(self.output(job, attempt))

    def inputs(self, job: JobId) -> Path | None:
        """The folder with the copies of the input files that a job shares with its subjobs, if there is one."""
        return self._shared(job, INPUTS)

    def environment(self, job: JobId) -> Path | None:
        """The file with the submitter's environment that a job shares with its subjobs, if there is one."""
        return self._shared(job, ENVIRONMENT)

    def share_input(self, job: JobId, path: str) -> Path:
        """The copy of an input that not all subjobs of the job have; the input itself if it was never copied."""
        number, _, _ = job.partition(".")
        original = Path(os.path.normpath(path))
        copy = self._jobs / number / SHARES / place_of(original)
        return copy if copy.exists() else original

    def outgoing(self) -> Outgoing:
        """The files of jobs that are submitted now."""
        return _InPlace(self)

    def stage(
        self,
        inputs: Sequence[str],
        environment: Mapping[str, str] | None,
        shares: Iterable[Sequence[str]] = (),
    ) -> Staged:
        """Copy the inputs and the environment of a job that has no number yet; `shares` are further inputs of its
        subjobs.

        Raises `UsageError` for an input that does not exist or cannot be copied, and for two of the same base name.
        """
        return stage(inputs, environment, shares, self._staging, self._jobs, self._premises)

    def incoming(self, job: JobId, attempt: int, epoch: int) -> Path:
        """A fresh folder, beside its place, for the output of an attempt; `publish` shows it.

        What monitors of this or an earlier epoch left of this or an earlier attempt is wiped. Each call gives a folder
        of another name, so that whoever still writes into an older one does so in vain.
        """
        folder = self.folder(job)
        with explained(folder):
            self._premises.check_inside(folder)
            for leftover in _leftovers(folder, attempt, epoch):
                self._wipe(leftover)
            return self._premises.fresh(folder, f".incoming-{attempt}-{epoch}-")

    def publish(self, incoming: Path, job: JobId, attempt: int, *, replace: bool = False) -> None:
        """Show the folder as the output of the attempt, in one step.

        If there is one already, because another monitor was faster, ours is dropped, or takes its place with `replace`.
        Raises `StoreUnavailable` if `incoming` was wiped by another monitor, which then does the work.
        """
        place = self.output(job, attempt)
        with explained(place):
            try:
                self._premises.let_in(incoming)
                incoming.rename(place)
            except FileNotFoundError as error:
                if not place.is_dir():
                    raise StoreUnavailable(f"{incoming} was wiped by another monitor, which brings it home") from error
            except OSError as error:
                if error.errno not in TAKEN:
                    raise
                self._exchange(incoming, place, replace=replace)

    def note_missing(self, job: JobId, attempt: int, patterns: Sequence[str]) -> None:
        """Note, before the output of the attempt is published, which patterns match nothing of it."""
        note = self._missing_note(job, attempt)
        with explained(note):
            self._premises.write(note, json.dumps(list(patterns)).encode())

    def mark(self, job: JobId, name: str) -> None:
        """Leave an empty file of this name in the folder of the job; fine if there is one."""
        note = self.folder(job) / name
        with explained(note):
            self._premises.write(note, b"")

    def marked(self, job: JobId, name: str) -> bool:
        """Whether `mark` has left a file of this name."""
        return (self.folder(job) / name).exists()

    def missing(self, job: JobId, attempt: int) -> tuple[str, ...]:
        """The patterns that match nothing of the output of an attempt, as noted when it came home."""
        note = self._missing_note(job, attempt)
        with explained(note):
            return tuple(json.loads(note.read_text(encoding="utf-8"))) if note.exists() else ()

    def discard(self, incoming: Path) -> None:
        """Remove a folder that is not to be shown; not being there is fine."""
        with explained(incoming):
            self._wipe(incoming)

    def remove(self, job: JobId) -> None:
        """Remove all files of a job and of its subjobs, at once for whoever looks; none there is fine."""
        folder = self.folder(job)
        with explained(folder):
            self._wipe(folder)

    def tidy(self) -> None:
        """Remove what processes that died more than a day ago left in ``staging``."""
        with explained(self._staging):
            for entry in os.scandir(self._staging) if self._staging.exists() else ():
                with suppress(FileNotFoundError):  # another process tidies too
                    if entry.stat(follow_symlinks=False).st_mtime < time() - DAY:
                        self._premises.delete(Path(entry.path))

    def _missing_note(self, job: JobId, attempt: int) -> Path:
        return self.folder(job) / f".missing-{attempt}"

    def _shared(self, job: JobId, name: str) -> Path | None:
        number, _, _ = job.partition(".")
        path = self._jobs / number / name
        return path if path.exists() else None

    def _wipe(self, folder: Path) -> None:
        moved = self._premises.move_away(folder, self._staging)
        if moved is not None:
            self._premises.delete(moved)

    def _exchange(self, incoming: Path, place: Path, *, replace: bool) -> None:
        if not replace:
            self._wipe(incoming)
            return
        former = self._premises.move_away(place, self._staging)
        incoming.rename(place)
        if former is not None:
            self._premises.delete(former)


class _InPlace:
    """See `Outgoing`: the copies that were made at submission."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def gather(self, shares: Mapping[JobId, Share]) -> dict[JobId, Handed]:
        """See `Outgoing.gather`."""
        numbers = {parent_of(job) or job for job in shares}
        common = {number: (self._workspace.inputs(number), self._workspace.environment(number)) for number in numbers}
        return {job: Handed(self._copied(job, share), *common[parent_of(job) or job]) for job, share in shares.items()}

    def close(self) -> None:
        """See `Outgoing.close`."""

    def _copied(self, job: JobId, share: Share) -> Share:
        if not share.inputs:
            return share
        return replace(share, inputs=tuple(str(self._workspace.share_input(job, path)) for path in share.inputs))


def is_superseded(name: str, attempt: int, epoch: int) -> bool:
    """Whether a folder of this name is what monitors of this or an earlier epoch left of this or an earlier attempt."""
    match = _INCOMING.match(name)
    return match is not None and (int(match["epoch"]), int(match["attempt"])) <= (epoch, attempt)


def _leftovers(folder: Path, attempt: int, epoch: int) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return [Path(entry.path) for entry in entries if is_superseded(entry.name, attempt, epoch)]
    except FileNotFoundError:
        return []
