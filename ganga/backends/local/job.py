"""From a record to a running process: environment, working folder, input files, output streams.

Part of the launcher: standard library only. A job that cannot be started ends like one that a shell cannot start.
"""

import errno
import json
import os
import shutil
import signal
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from ganga.backends.local import spool

#: The exit codes of a shell for a command that is not there, and for one that cannot be run.
NOT_FOUND: Final = 127
NOT_EXECUTABLE: Final = 126

#: What Python or the launcher ignores, and a job should not.
_AS_USUAL: Final = [signal.SIGPIPE, signal.SIGXFSZ, signal.SIGTERM, signal.SIGINT, signal.SIGHUP]

#: What a job gets of the spooler's own environment if nobody passes one on.
_BASIC: Final = ("HOME", "LANG", "LOGNAME", "PATH", "SHELL", "TMPDIR", "TZ", "USER")


class CannotStart(Exception):
    """The job cannot be started; `code` is what a shell would end with."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Order(NamedTuple):
    """What to run, as the submitter wrote it into the record."""

    command: list[str]
    #: Added to the environment.
    environment: dict[str, str]
    #: The file with the submitter's environment, if it is to be passed on.
    base: str | None
    #: The folder to run in, or None for a fresh one of the job's own.
    folder: str | None
    #: Files and folders to copy into the job's own folder.
    inputs: list[str]
    #: A folder whose content is to be copied there too, before these.
    copies: str | None


class Prepared(NamedTuple):
    """All that a job needs to start."""

    command: list[str]
    environment: dict[str, str]
    #: The folder to run in.
    folder: str


def prepare(order: bytes, work: str) -> Prepared:
    """Make the job's own folder with its inputs. Raises `CannotStart`."""
    try:
        wanted = Order(**json.loads(order))
        environment = _base(wanted.base) | wanted.environment
        return Prepared(wanted.command, environment, wanted.folder or _own_folder(work, wanted))
    except (OSError, shutil.Error, ValueError, TypeError) as error:
        raise CannotStart(NOT_EXECUTABLE, f"the job could not be prepared: {error}") from error


def start(job: Prepared, streams: Sequence[str]) -> int:
    """Start the job in a session and process group of its own; returns its process id.

    `streams` are the files for its standard output and error. Raises `CannotStart`.
    """
    program = job.command[0]
    try:
        os.chdir(job.folder)
    except OSError as error:
        raise CannotStart(_code(error), f"the folder {job.folder} cannot be entered: {error.strerror}") from error
    try:
        return _spawn(_find(program, job.environment), job, streams)
    except OSError as error:
        raise CannotStart(_code(error), f"{program!r} cannot be run in {job.folder}: {error.strerror}") from error
    except ValueError as error:
        raise CannotStart(NOT_EXECUTABLE, f"{program!r} cannot be run in {job.folder}: {error}") from error
    finally:
        os.chdir("/")


def _own_folder(work: str, order: Order) -> str:
    os.mkdir(work, spool.PRIVATE_FOLDER)
    if order.copies is not None:
        shutil.copytree(order.copies, work, symlinks=True, dirs_exist_ok=True)
    for path in order.inputs:
        target = f"{work}/{os.path.basename(path.rstrip('/'))}"
        if os.path.isdir(path):
            shutil.copytree(path, target, symlinks=True, dirs_exist_ok=True)
        else:
            shutil.copy2(path, target)
    return work


def _base(path: str | None) -> dict[str, str]:
    if path is None:
        return {name: os.environ[name] for name in _BASIC if name in os.environ}
    return _read_environment(path, os.stat(path).st_mtime_ns)


@lru_cache(maxsize=4)
def _read_environment(path: str, _changed: int) -> dict[str, str]:
    with open(path, "rb") as file:
        return dict(json.load(file))


def _find(program: str, environment: dict[str, str]) -> str:
    """Look along the job's own PATH, not the launcher's."""
    if "/" in program:
        return program
    places = [f"{place or '.'}/{program}" for place in environment.get("PATH", os.defpath).split(os.pathsep)]
    for place in places:
        if os.access(place, os.X_OK) and not os.path.isdir(place):
            return place
    code = errno.EACCES if any(map(os.path.isfile, places)) else errno.ENOENT
    raise OSError(code, os.strerror(code) + " along its PATH")


def _spawn(path: str, job: Prepared, streams: Sequence[str]) -> int:
    files = [os.open(os.devnull, os.O_RDONLY)]
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        files += [os.open(stream, flags, spool.PRIVATE_FILE) for stream in streams]
        redirections = [(os.POSIX_SPAWN_DUP2, file, stream) for stream, file in enumerate(files)]
        return os.posix_spawn(
            path, job.command, job.environment, file_actions=redirections, setsid=True, setsigdef=_AS_USUAL
        )
    finally:
        for file in files:
            os.close(file)


def _code(error: OSError) -> int:
    return NOT_FOUND if error.errno in {errno.ENOENT, errno.ENOTDIR} else NOT_EXECUTABLE
