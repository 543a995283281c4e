"""What A-REX answers: entries of jobs, each with a verdict of its own. Pure.

Its JSON is made from XML: of one job there is an object and of several a list, of none there is nothing at all, and all
values are texts. Whatever else comes raises `BackendProtocolError`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

import msgspec
from msgspec import Struct, field

from ganga.errors import BackendProtocolError

_Text = str | list[str]
_Read = TypeVar("_Read")

#: What goes into an address.
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")


class Document(Struct, frozen=True):
    """What the element has written down of a job, now and then; empty where it has not yet."""

    name: _Text = field(name="Name", default="")
    stdout: _Text = field(name="StdOut", default="")
    stderr: _Text = field(name="StdErr", default="")


class _Information(Struct, frozen=True):
    activity: Document | str = field(name="ComputingActivity", default="")


class Entry(Struct, frozen=True):
    """What is said of one job. A verdict is a number like those of HTTP."""

    verdict: str | int = field(name="status-code", default="")
    reason: str = ""
    id: str = ""
    state: str = ""
    information: _Information | str = field(name="info_document", default="")

    @property
    def code(self) -> str:
        """The verdict."""
        return str(self.verdict)

    @property
    def document(self) -> Document:
        """What is written down of it."""
        inner = self.information.activity if isinstance(self.information, _Information) else ""
        return inner if isinstance(inner, Document) else Document()


class _Jobs(Struct, frozen=True):
    job: list[Entry] | Entry = field(default_factory=list)


class _Versions(Struct, frozen=True):
    version: _Text


class _Listing(Struct, frozen=True):
    file: _Text = field(default_factory=list)
    dir: _Text = field(default_factory=list)


def entries(body: bytes) -> Sequence[Entry]:
    """Those of jobs, in their order; nothing at all means that there are none."""
    if not body:
        return ()
    found = _decoded(body, _Jobs).job
    return found if isinstance(found, list) else (found,)


def by_id(body: bytes) -> Mapping[str, Entry]:
    """Those that say of which job they speak."""
    return {entry.id: entry for entry in entries(body) if entry.id}


def versions(body: bytes) -> Sequence[str]:
    """Those of the interface that are offered."""
    return texts(_decoded(body, _Versions).version)


def listing(body: bytes) -> tuple[Sequence[str], Sequence[str]]:
    """The names of the files and of the folders in a folder. Raises for names that lead elsewhere."""
    if not body:
        return (), ()
    found = _decoded(body, _Listing)
    files, folders = _names(found.file), _names(found.dir)
    for name in (*files, *folders):
        if name in {"", ".", ".."} or "/" in name or "\0" in name:
            raise BackendProtocolError(f"ARC lists a file by the name {name[:40]!r}, which no file may have")
    return files, folders


def _names(value: _Text) -> list[str]:
    """The element writes each byte of a name as a character of its own."""
    return [_whole(name) for name in texts(value)]


def _whole(name: str) -> str:
    try:
        return name.encode("latin-1").decode()
    except UnicodeError:
        return name


def texts(value: _Text) -> list[str]:
    """The values of what may be one or several."""
    return value if isinstance(value, list) else [value]


def text(value: _Text) -> str:
    """The first value; empty if there is none."""
    return next(iter(texts(value)), "")


def is_id(word: str) -> bool:
    """Whether this can be the id of a job."""
    return _ID.fullmatch(word) is not None


def _decoded(body: bytes, kind: type[_Read]) -> _Read:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BackendProtocolError(
            f"ARC sent a reply that cannot be read ({error}); nothing follows from it"
        ) from error
