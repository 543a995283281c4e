"""What a shell is: a way to run commands and to move files on the machine where a batch system is spoken to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Protocol

from ganga.errors import BackendProtocolError, BackendUnavailable
from ganga.model.ids import shortened


@dataclass(frozen=True, slots=True)
class Command:
    """A program with its arguments; never a line for a shell made of data.

    The words that a system's own tools need in their environment go in front: ``("env", "NAME=value", ...)``.
    """

    argv: tuple[str, ...]
    #: What it can read from its standard input.
    stdin: bytes = field(default=b"", repr=False)
    #: What a person would call it, where a shell is the program.
    title: str = ""

    @property
    def name(self) -> str:
        """What a person would call it: the program, without the environment that it is given."""
        if self.title:
            return self.title
        words = iter(self.argv)
        return next((word for word in words if word != "env" and "=" not in word), "env").rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Reply:
    """A command that has ended by itself, and all that it wrote."""

    command: Command
    #: As the system told it; below zero, the number of the signal that ended it.
    exit_code: int
    stdout: bytes = b""
    stderr: bytes = b""

    @property
    def text(self) -> str:
        """The standard output; bytes that are no UTF-8 are shown as U+FFFD."""
        return self.stdout.decode("utf-8", "replace")

    @property
    def complaint(self) -> str:
        """The standard error, or where that is empty the standard output, without blanks around it."""
        return (self.stderr.strip() or self.stdout.strip()).decode("utf-8", "replace")

    def unavailable(self) -> BackendUnavailable:
        """The error for a command that could not do what it was asked."""
        return BackendUnavailable(self._told())

    def unreadable(self, expected: str) -> BackendProtocolError:
        """The error for a reply that cannot be read."""
        return BackendProtocolError(f"{self._told()}; expected {expected}; report this bug")

    def _told(self) -> str:
        first = self.complaint.partition("\n")[0]
        return f"{self.command.name} ended with exit code {self.exit_code} and said {shortened(first, 200)!r}"


class Kind(StrEnum):
    """What has a name in a folder; links are not followed."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    OTHER = "other"


class Shell(Protocol):
    """Every verb has a time limit of the shell's own, ends what it has begun when it is cancelled, never blocks the
    event loop, and raises `BackendUnavailable` for what could not be done. Paths are those of the other side, from its
    root; files that are made there are the user's alone (0600, folders 0700).
    """

    @property
    def shares_files(self) -> bool:
        """Whether paths and the environment of this machine mean the same there."""
        ...

    async def run(self, command: Command, /) -> Reply:
        """Run a command to its end. One that takes too long or writes too much is ended with all its children."""
        ...

    async def home(self) -> PurePosixPath:
        """The user's home folder there."""
        ...

    async def write(self, files: Mapping[PurePosixPath, bytes], /) -> None:
        """Write small files, and the folders above them where these are missing. Each file is there whole or not at
        all.
        """
        ...

    async def send(self, files: Mapping[PurePosixPath, Path], /) -> None:
        """Copy files and whole folders of this machine there, and make the folders above them where these are missing.
        Permissions are kept, links within folders stay links.
        """
        ...

    async def read(self, path: PurePosixPath, offset: int, size: int, /) -> bytes | None:
        """At most so many bytes of a file from an offset on; None if it is not there."""
        ...

    async def size(self, path: PurePosixPath, /) -> int | None:
        """The bytes that a file has; None if it is not there."""
        ...

    async def scan(self, folder: PurePosixPath, /) -> Mapping[str, Kind] | None:
        """What is in a folder (or in the one that a link leads to), hidden files included; None if it is not there."""
        ...

    async def resolve(self, path: PurePosixPath, /) -> PurePosixPath:
        """The path without links in it."""
        ...

    async def bring(self, files: Mapping[Path, PurePosixPath], /) -> None:
        """Copy files from there to new files on this machine, whose folders are there."""
        ...
