"""The files of a job, which are the truth about it: written by submitter, launcher and spooler, read by all of them.

A job folder appears whole, by a rename. ``started`` is created, whole, by exactly one process, the one that may run the
job; ``ended.json`` appears whole, by a rename, and is never replaced. Loaded by spooler and launcher: standard library only.
"""

import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Final, NamedTuple

from ganga.backends.local import processes

#: What to run: a JSON object, see `Order`.
JOB: Final = "job.json"
#: Who runs it: one JSON object in a line for the launcher, a second one for the process that it started.
STARTED: Final = "started"
#: How it ended: a JSON object with the fields of an `Observation`.
ENDED: Final = "ended.json"
#: There if somebody asked for its end.
KILL: Final = "kill"
STDOUT: Final = "stdout"
STDERR: Final = "stderr"
#: The folder that the job runs in, unless it names another one.
WORK: Final = "work"

PRIVATE_FILE: Final = 0o600
PRIVATE_FOLDER: Final = 0o700

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]


class Damaged(Exception):
    """A file of a job cannot be read as what it should be; nothing follows from it."""


class Started(NamedTuple):
    """Who runs a job, or ran it."""

    host: str
    boot: str
    launcher: int
    launcher_start: str
    #: UTC, in seconds.
    at: float
    #: The process of the job itself, once it is known.
    main: int | None = None
    main_start: str | None = None


def write_whole(path: str, value: Mapping[str, object]) -> None:
    """Write a JSON object so that nobody ever sees a part of it."""
    temporary = f"{path}.part"
    write_bytes(temporary, json.dumps(value).encode())
    os.rename(temporary, path)


def write_bytes(path: str, content: bytes) -> None:
    """Write a private file; all of it, or an `OSError`."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
    try:
        write_all(descriptor, content)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of it, also where the system takes it in parts."""
    while content:
        content = content[os.write(descriptor, content) :]


def claim(folder: str, launcher_start: str, at: float) -> int | None:
    """Take the job for this process, for good: None if another one has it. Returns the open file for `add_main`.

    Raises `OSError`, with the job free for others, if the file cannot be written.
    """
    host, boot = processes.machine()
    line = {"host": host, "boot": boot, "launcher": os.getpid(), "launcher_start": launcher_start, "at": at}
    mine = f"{folder}/{STARTED}.{os.getpid()}"
    descriptor = os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
    try:
        write_all(descriptor, json.dumps(line).encode() + b"\n")
        os.link(mine, f"{folder}/{STARTED}")
    except OSError as error:
        os.close(descriptor)
        if isinstance(error, FileExistsError):
            return None
        raise
    finally:
        os.unlink(mine)
    return descriptor


def add_main(descriptor: int, pid: int) -> None:
    """Note which process the claimed job is."""
    line = {"main": pid, "main_start": processes.start_time(pid)}
    write_all(descriptor, json.dumps(line).encode() + b"\n")


def read_started(folder: str) -> Started | None:
    """Who runs the job; None if nobody has begun. Raises `Damaged`."""
    try:
        with open(f"{folder}/{STARTED}", "rb") as file:
            content = file.read()
    except FileNotFoundError:
        return None
    lines = content.split(b"\n")
    try:
        fields = json.loads(lines[0])
        if len(lines) > 2:
            fields |= json.loads(lines[1])
        return _checked(Started(**fields))
    except (ValueError, TypeError, AttributeError) as error:
        raise Damaged(f"{folder}/{STARTED} is damaged: {error}") from error


def has_ended(folder: str) -> bool:
    """Whether it is written how the job ended."""
    return os.path.exists(f"{folder}/{ENDED}")


def wants_end(folder: str) -> bool:
    """Whether somebody asked for the end of the job."""
    return os.path.exists(f"{folder}/{KILL}")


def request_end(folder: str) -> bool:
    """Ask for the end of the job; False if it has ended already or is not there."""
    if has_ended(folder):
        return False
    try:
        write_bytes(f"{folder}/{KILL}", b"")
    except FileNotFoundError:
        return False
    return True


def write_end(folder: str, end: Mapping[str, object]) -> None:
    """Write how the job ended, as often as it takes: what is known here is known nowhere else.

    Gives up only if the folder is gone, since then nobody wants to know.
    """
    pause = 0.1
    while os.path.isdir(folder):
        with suppress(OSError):
            write_whole(f"{folder}/{ENDED}", end)
            return
        time.sleep(pause)
        pause = min(2 * pause, 5.0)


def _checked(started: Started) -> Started:
    for value, kind in zip(
        started, (str, str, int, str, (int, float), (int, type(None)), (str, type(None))), strict=True
    ):
        if not isinstance(value, kind):
            raise TypeError(f"{value!r} is not expected there")
    return started
