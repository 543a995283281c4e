"""What is submitted with a job, copied before the job has a number and renamed when it gets one."""

import hashlib
import json
import logging
import os
import secrets
import shutil
import stat
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ganga.errors import UsageError
from ganga.model.ids import JobId, shortened
from ganga.workspace.folders import TAKEN, explained, explanation, is_full, make_private
from ganga.workspace.home import Home

INPUTS = "inputs"
SHARES = "shares"
ENVIRONMENT = "environment.json"

_log = logging.getLogger(__name__)


class Staged:
    """The folder of a job that has no number yet."""

    def __init__(self, folder: Path, jobs: Path, home: Home) -> None:
        self.folder = folder
        self._jobs = jobs
        self._home = home

    def place(self, job: JobId) -> None:
        """Give the folder to job `job`. A folder of another store's job of this number is kept under another name."""
        place = self._jobs / job
        with explained(place):
            try:
                self.folder.rename(place)
            except FileNotFoundError:
                self._home.make(self._jobs)
                self.folder.rename(place)
            except OSError as error:
                if error.errno not in TAKEN:
                    raise
                self._replace(place)

    def discard(self) -> None:
        """Remove the copies unless a job has them."""
        with explained(self.folder):
            if self.folder.exists():
                self._home.delete(self.folder)

    def _replace(self, place: Path) -> None:
        former = place.with_name(f"{place.name}.former-{secrets.token_hex(4)}")
        place.rename(former)
        self.folder.rename(place)
        _log.warning("%s belonged to a job that this store does not know; it is now %s", place, former)


def stage(
    inputs: Sequence[str],
    environment: Mapping[str, str] | None,
    shares: Iterable[Sequence[str]],
    staging: Path,
    jobs: Path,
    home: Home,
) -> Staged:
    """See `Workspace.stage`."""
    named = _named(inputs)
    own = {path for share in shares for path in _named(share, beside=named).values()}
    with explained(staging):
        folder = home.fresh(staging, "new-")
        try:
            if environment is not None:
                _write_environment(folder / ENVIRONMENT, environment)
            if named:
                _copy_all((path, folder / INPUTS / name) for name, path in named.items())
            _copy_all((path, folder / SHARES / place_of(path)) for path in own)
            home.let_in(folder)
        except BaseException:
            home.delete(folder)
            raise
    return Staged(folder, jobs, home)


def place_of(path: Path) -> Path:
    """Where the copy of a subjob's own input is: files of the same name from different folders stay apart."""
    return Path(hashlib.sha256(os.fsencode(path.parent)).hexdigest()[:16], path.name)


def _write_environment(path: Path, environment: Mapping[str, str]) -> None:
    r"""A JSON object in pure ASCII.

    A byte that is no UTF-8 is in Python's strings a lone surrogate (``os.environ`` and ``os.fsdecode`` make it); here
    it is the escape of that surrogate, ``\udcff`` for byte 255, so ``os.fsencode`` of what `json.loads` gives is the
    byte
    again.
    """
    left = memoryview(json.dumps(dict(environment)).encode("ascii"))
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        while left:
            left = left[os.write(file, left) :]
    finally:
        os.close(file)


def _named(inputs: Sequence[str], beside: Mapping[str, Path] | None = None) -> dict[str, Path]:
    """The inputs by the name that each will have beside these and the others."""
    others = beside or {}
    named: dict[str, Path] = {}
    for text in inputs:
        path = Path(os.path.normpath(text))
        if not path.is_absolute() or not path.name:
            raise UsageError(f"input {shortened(text)!r} is not the absolute path of a file or a folder")
        taken = named.get(path.name) or others.get(path.name)
        if taken is not None:
            raise UsageError(f"inputs {taken} and {path} have the same name; rename one of them")
        _check_kind(path)
        named[path.name] = path
    return named


def _check_kind(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        raise UsageError(f"input {shortened(str(path), 200)!r} cannot be read: {error}") from error
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise UsageError(f"input {path} is neither a file nor a folder")


def _copy_all(copies: Iterable[tuple[Path, Path]]) -> None:
    for path, copy in copies:
        make_private(copy.parent)
        try:
            _copy(path, copy)
        except OSError as error:
            if is_full(error):
                raise explanation(error, copy.parent) from error
            raise UsageError(f"input {path} cannot be copied: {error}") from error


def _copy(path: Path, copy: Path) -> None:
    """With permissions and times. A link is followed if it is the input itself; within a folder it stays a link."""
    if path.is_dir():
        shutil.copytree(path, copy, symlinks=True)
    else:
        shutil.copy2(path, copy)
