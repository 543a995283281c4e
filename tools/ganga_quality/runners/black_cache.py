"""What black would do to contents that were seen before, so that nobody has to ask it again, whatever the answer
was.
"""

import platform
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile

import msgspec
from msgspec import Struct

from ganga_quality.changes import Hunk, Span
from ganga_quality.formatting.formatter import Style, black_version

#: Entries in the file; those that were asked for least recently go first.
_ROOM = 20_000


class Answer(Struct, frozen=True):
    """What black would do to one content."""

    hunks: tuple[Hunk, ...] = ()
    #: Why it cannot format it; empty if it can.
    problem: str = ""
    #: Where, counted from 1; 0 if not known.
    line: int = 0


class Cache:
    """One file in a folder, read at once and replaced at once; without a folder, nothing is remembered.

    The keys hold all that an answer depends on, so an entry is never wrong, only useless. Of two that write at the same
    time the last one wins, and what the other found out has to be found out again.
    """

    def __init__(self, folder: Path | None) -> None:
        self._file = None if folder is None else folder / "black.msgpack"
        self._entries = _read(self._file) if self._file else {}
        self._asked: dict[bytes, Answer] = {}
        self._changed = False
        self._tools = f"{black_version()} {platform.python_version()}"

    def key(self, content: bytes, style: Style, spans: Sequence[Span] | None, *, stub: bool) -> bytes:
        """By what an answer is found: all that it depends on."""
        question = msgspec.msgpack.encode((self._tools, style, spans, stub, sha256(content).digest()))
        return sha256(question).digest()

    def get(self, key: bytes) -> Answer | None:
        """The answer, if it was given before."""
        answer = self._entries.get(key)
        if answer is not None:
            self._asked[key] = answer
        return answer

    def put(self, key: bytes, answer: Answer) -> None:
        """Remember an answer, once it is written."""
        self._asked[key] = answer
        self._changed = True

    def write(self) -> None:
        """Replace the file, if there is anything new. A folder that cannot be written to has no cache, and that is
        all.
        """
        if not self._changed or self._file is None:
            return
        old = {key: answer for key, answer in self._entries.items() if key not in self._asked}
        entries = list((old | self._asked).items())[-_ROOM:]
        with suppress(OSError):
            _replace(self._file, msgspec.msgpack.encode(dict(entries)))


def _read(file: Path) -> dict[bytes, Answer]:
    """What the file holds; nothing, if it is missing, damaged, or of another version of ours."""
    try:
        return msgspec.msgpack.decode(file.read_bytes(), type=dict[bytes, Answer])
    except (OSError, msgspec.DecodeError):
        return {}


def _replace(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as temporary:
        try:
            temporary.write(content)
            temporary.close()
            Path(temporary.name).replace(file)
        finally:
            Path(temporary.name).unlink(missing_ok=True)
