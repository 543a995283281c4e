"""Notes that outlive whoever takes them: one JSON object a line, written at once and in one piece."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

_T = TypeVar("_T")


class Journal:
    """A file that one process, or several, add to. A killed writer leaves whole lines."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def note(self, entry: msgspec.Struct) -> None:
        """Add an entry."""
        os.write(self._file, msgspec.json.encode(entry) + b"\n")

    def close(self) -> None:
        """Nothing more is added."""
        os.close(self._file)


def read(path: Path, decoder: msgspec.json.Decoder[_T]) -> Iterator[_T]:
    """The entries of a journal, in order; none if there is no such file. A line that is being written is left out."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield decoder.decode(line)
