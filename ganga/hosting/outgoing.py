"""The input files of an owner's jobs, copied to where only the service can read and write them."""

import logging
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec.structs import replace

from ganga.finishing.base import is_inside
from ganga.hosting.aside import Aside
from ganga.hosting.copying import Copying
from ganga.hosting.held import Held, LeadsOutError, held
from ganga.model.ids import JobId, parent_of, shortened
from ganga.model.job import Share
from ganga.workspace.folders import explained
from ganga.workspace.outgoing import Handed
from ganga.workspace.staging import ENVIRONMENT, INPUTS, SHARES, place_of

_log = logging.getLogger(__name__)


class RefusedError(Exception):
    """What is not to be handed over, and why."""


class HostedOutgoing:
    """See `Outgoing`. Only copies that were made at submission are handed over, and no links that lead out of them."""

    def __init__(
        self, home: Path, opened: Callable[[], Held], aside: Aside, is_own: Callable[[os.stat_result], bool]
    ) -> None:
        self._home = home
        self._opened = opened
        self._aside = aside
        self._copying = Copying(is_own, self._refuse)
        #: Those of inputs that not all subjobs have, by the folder of the job and the input; or why there is none.
        self._copies: dict[tuple[Path, Path], Path | RefusedError] = {}
        self._folder: Path | None = None
        self._closed = False

    def gather(self, shares: Mapping[JobId, Share]) -> dict[JobId, Handed]:
        """See `Outgoing.gather`. Raises `StoreUnavailable` if it cannot be known, or there is no room."""
        with explained(self._aside.path):
            self._folder = self._aside.fresh("outgoing-")
        try:
            return self._gathered(shares, self._folder.resolve())
        finally:
            if self._closed:
                self.close()

    def close(self) -> None:
        """See `Outgoing.close`. Meanwhile copies may still be made by a thread that nobody waits for."""
        self._closed = True
        if self._folder is not None:
            try:
                self._aside.discard(self._folder)
            except OSError as error:  # the jobs have been handed over all the same
                _log.warning("%s stays there for a day: %s", self._folder, error)

    def _gathered(self, shares: Mapping[JobId, Share], into: Path) -> dict[JobId, Handed]:
        common: dict[JobId, Handed] = {}
        handed: dict[JobId, Handed] = {}
        for job, share in shares.items():
            number = parent_of(job) or job
            with explained(self._home / "jobs" / number):
                if number not in common:
                    common[number] = self._common(number, into)
                handed[job] = self._own(share, common[number], into / number)
        return handed

    def _common(self, number: JobId, into: Path) -> Handed:
        """What a job shares with its subjobs."""
        (into / number).mkdir()
        try:
            for name, kind in ((INPUTS, stat.S_IFDIR), (ENVIRONMENT, stat.S_IFREG)):
                self._copy((number, name), into / number, kind)
        except RefusedError as error:
            return Handed(Share(), objection=str(error))
        inputs, environment = into / number / INPUTS, into / number / ENVIRONMENT
        return Handed(Share(), inputs if inputs.is_dir() else None, environment if environment.is_file() else None)

    def _own(self, share: Share, common: Handed, into: Path) -> Handed:
        """With the input files that not all subjobs have."""
        if common.objection is not None:
            return common
        try:
            inputs = tuple(str(self._copy_of(path, into)) for path in share.inputs)
        except RefusedError as error:
            return Handed(share, objection=str(error))
        return Handed(replace(share, inputs=inputs), common.inputs, common.environment)

    def _copy_of(self, path: str, into: Path) -> Path:
        """Of an input that not all subjobs have. It is copied once, and refused as often as a subjob has it."""
        original = Path(os.path.normpath(path))
        known = self._copies.get((into, original))
        if known is None:
            try:
                known = self._copies[into, original] = self._copied(original, into)
            except RefusedError as error:
                known = self._copies[into, original] = error
        if isinstance(known, RefusedError):
            raise known
        return known

    def _copied(self, original: Path, into: Path) -> Path:
        copy = _place_below(into / SHARES, original)
        if copy is not None:
            copy.parent.mkdir(parents=True, exist_ok=True)
            self._copy((into.name, SHARES, copy.parent.name, copy.name), copy.parent)
        if copy is None or not os.path.lexists(copy):
            reason = "was not copied at submission; submit the job again"
            raise RefusedError(f"its input {shortened(str(original), 200)!r} {reason}")
        return copy

    def _copy(self, place: tuple[str, ...], into: Path, kind: int | None = None) -> None:
        """What is there, below the folder of jobs, if anything is. Raises `RefusedError`."""
        *above, name = place
        folder = self._opened()
        try:
            for part in ("jobs", *above):
                with folder:
                    folder = folder.enter(part)
        except FileNotFoundError:
            return
        except LeadsOutError as error:
            raise RefusedError(f"its input leads out of {self._home}: {error}") from error
        with folder, held(into) as target:
            status = folder.look(name)
            if status is None:
                return
            if kind is not None and stat.S_IFMT(status.st_mode) != kind:
                self._refuse(folder.path / name, f"leads out of {self._home} or is of another kind")
            self._copying.one(folder, name, target)
        self._check_links(into / name, folder.path / name)

    def _check_links(self, copy: Path, original: Path) -> None:
        """No link among the copies leads out of what was copied as one."""
        for folder, folders, files in os.walk(copy):
            for name in (*folders, *files):
                path = Path(folder, name)
                if path.is_symlink() and not is_inside(path, copy):
                    self._refuse(original / path.relative_to(copy), "leads out of the inputs")
        if copy.is_symlink():
            self._refuse(original, f"leads out of {self._home}")

    def _refuse(self, path: Path, reason: str) -> None:
        raise RefusedError(f"its input {path} {reason}; submit the job again with the file itself")


def _place_below(shares: Path, original: Path) -> Path | None:
    """Where the copy of an input is; None for what no input can be called."""
    try:
        named = original.is_absolute() and original.name and b"\0" not in os.fsencode(original)
    except UnicodeEncodeError:
        return None
    return shares / place_of(original) if named else None
