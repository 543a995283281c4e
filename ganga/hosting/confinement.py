"""What a service reads and writes for an owner stays the owner's: links lead nowhere else.

The owner may put anything at these places, at any moment. What is looked at here is so at the moment of the look: who
exchanges a folder for a link between the look and the use is not noticed. Against that stand the rights of the folders
(owners cannot enter each other's) and what the unit of the service lets it reach at all.
"""

import os
import pwd
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Final

from ganga.errors import BackendUnavailable, StoreUnavailable
from ganga.finishing.base import is_inside
from ganga.hosting.templates import OWNER
from ganga.model.ids import JobId, shortened
from ganga.model.job import Share
from ganga.workspace import Workspace

_ROOT: Final = 0


def check_place(template: str, owner: str) -> Path:
    """The place that the template means for the owner, with all links followed; it may not exist.

    What is there belongs to the Unix account with the owner's name, or was put there by the account of the service or
    by root, at that very place. Raises `BackendUnavailable` for anything else: so nobody has the service read for them
    what it may read for others.
    """
    place = Path(template.replace(OWNER, owner)).expanduser()
    real = Path(os.path.realpath(place))
    try:
        status = real.stat()
    except FileNotFoundError:
        return real
    except OSError as error:
        raise BackendUnavailable(f"{place} cannot be read: {error.strerror}") from error
    if status.st_uid == _account(owner):
        return real
    if status.st_uid not in {os.getuid(), _ROOT}:
        raise BackendUnavailable(f"{place} belongs to somebody else than {owner}; it has to be {owner}'s own")
    if not real.is_relative_to(_own_part(template, owner)):
        raise BackendUnavailable(f"{place} leads to {real}, which is not {owner}'s own; put the file itself there")
    if stat.S_ISREG(status.st_mode) and status.st_nlink > 1:
        raise BackendUnavailable(f"{place} is a file with a second name elsewhere; put a copy there")
    return real


class HostedWorkspace(Workspace):
    """That of an owner. Raises `StoreUnavailable` where a link leads out of the home."""

    hosted: ClassVar[bool] = True

    def folder(self, job: JobId) -> Path:
        """See `Workspace.folder`."""
        return self._within(super().folder(job))

    def output(self, job: JobId, attempt: int) -> Path:
        """See `Workspace.output`."""
        return self._within(super().output(job, attempt))

    def check_writable(self) -> None:
        """See `Workspace.check_writable`."""
        self._check()
        super().check_writable()

    def incoming(self, job: JobId, attempt: int, epoch: int) -> Path:
        """See `Workspace.incoming`."""
        self._check()
        return super().incoming(job, attempt, epoch)

    def publish(self, incoming: Path, job: JobId, attempt: int, *, replace: bool = False) -> None:
        """See `Workspace.publish`."""
        self._check()
        super().publish(self._within(incoming), job, attempt, replace=replace)

    def discard(self, incoming: Path) -> None:
        """See `Workspace.discard`."""
        self._check()
        super().discard(incoming)

    def remove(self, job: JobId) -> None:
        """See `Workspace.remove`."""
        self._check()
        super().remove(job)

    def tidy(self) -> None:
        """See `Workspace.tidy`."""
        self._check()
        super().tidy()

    def _missing_note(self, job: JobId, attempt: int) -> Path:
        return self._within(super()._missing_note(job, attempt))

    def objection(self, job: JobId, share: Share) -> str | None:
        """See `Workspace.objection`. Only copies inside the home are handed over, and no links that lead out of it."""
        for path in share.inputs:
            if not self._is_copied(job, path):
                return f"its input {shortened(path, 200)!r} was not copied at submission; submit the job again"
        own = [self.share_input(job, path) for path in share.inputs]
        shared = [place for place in (self.inputs(job), self.environment(job)) if place is not None]
        for place in (*own, *shared):
            for file in _with_all_inside(place):
                if not is_inside(file, self.home):
                    return f"its input {file} leads out of {self.home}; submit the job again with the file itself"
        return None

    def _is_copied(self, job: JobId, path: str) -> bool:
        """`Workspace.share_input` gives back what was never copied."""
        return self.share_input(job, path) != Path(os.path.normpath(path))

    def _check(self) -> None:
        for folder in (self._jobs, self._staging):
            self._within(folder)

    def _within(self, path: Path) -> Path:
        if not is_inside(path, self.home):
            raise StoreUnavailable(f"{path} leads out of {self.home}; remove the link")
        return path


def _account(owner: str) -> int | None:
    """The number of the Unix account with this name; None if there is none."""
    try:
        return pwd.getpwnam(owner).pw_uid
    except KeyError:
        return None


def _own_part(template: str, owner: str) -> Path:
    """The first folder (or file) on the way that is another for each owner, where it really is. A link there leads on
    only if it is the administrator's.
    """
    parts = Path(template).expanduser().parts
    first = next((place for place, part in enumerate(parts) if OWNER in part), len(parts) - 1)
    own = Path(os.path.realpath(Path(*parts[:first])), parts[first].replace(OWNER, owner))
    return Path(os.path.realpath(own)) if own.lstat().st_uid in {os.getuid(), _ROOT} else own


def _with_all_inside(place: Path) -> Iterator[Path]:
    yield place
    if place.is_dir() and not place.is_symlink():
        for folder, folders, files in os.walk(place):
            for name in (*folders, *files):
                yield Path(folder, name)
