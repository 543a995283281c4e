"""Which files of a pull request are looked at, and which lines of them: decided on GitHub's list of its files. Pure."""

import re
from collections.abc import Callable, Iterable

from msgspec import Struct

from ganga_quality.bot.facts import Skipped
from ganga_quality.bot.patch import shown, written
from ganga_quality.bot.replies import FileReply
from ganga_quality.changes import Span

_EVERY_LINE = (Span(1, 1 << 30),)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_ODD_PARTS = {"", ".", "..", ".git"}


class Limits(Struct, frozen=True, kw_only=True):
    """How much of a pull request is formatted; what lies beyond is skipped, and said."""

    files: int = 100
    #: Bytes and lines of one file.
    size: int = 512_000
    lines: int = 20_000
    #: Seconds for formatting all files together.
    seconds: float = 240
    #: Seconds for one file on the wall; `worker` limits its processor time. A machine may be busy.
    patience: float = 30


class Candidate(Struct, frozen=True, kw_only=True):
    """A file that the pull request changed."""

    path: str
    #: The name of its content.
    blob: str
    #: The lines that the pull request wrote, and those that GitHub shows in its diff.
    spans: tuple[Span, ...]
    shown: tuple[Span, ...]

    @property
    def stub(self) -> bool:
        """Whether it is formatted as a stub."""
        return self.path.endswith(".pyi")


def candidates(
    files: Iterable[FileReply], judged: Callable[[str], bool], limits: Limits
) -> tuple[list[Candidate], list[Skipped]]:
    """The Python files with lines that the pull request wrote, and those of them that cannot be looked at."""
    found: list[Candidate] = []
    skipped: list[Skipped] = []
    for file in sorted(files, key=lambda file: file.filename):
        if not file.filename.endswith((".py", ".pyi")) or file.status in {"removed", "unchanged"} or not file.changes:
            continue
        if reason := _hindrance(file):
            skipped.append(Skipped(file.filename, reason))
        elif judged(file.filename) and (candidate := _candidate(file)).spans:
            found.append(candidate)
    skipped += [Skipped(one.path, f"only {limits.files} files are looked at") for one in found[limits.files :]]
    return found[: limits.files], skipped


def is_odd(path: str) -> bool:
    """Whether a path is none that a repository of people holds: it escapes, or is made to deceive."""
    parts = path.split("/")
    return bool(_CONTROL.search(path)) or any(part.lower() in _ODD_PARTS for part in parts)


def _hindrance(file: FileReply) -> str:
    if is_odd(file.filename):
        return "its path is odd"
    if file.patch is None and file.status != "added":
        return "GitHub gives no patch for it, so nobody knows which lines were changed"
    return "" if file.sha else "GitHub does not name its content"


def _candidate(file: FileReply) -> Candidate:
    spans, visible = (written(file.patch), shown(file.patch)) if file.patch is not None else (_EVERY_LINE, ())
    return Candidate(path=file.filename, blob=file.sha or "", spans=spans, shown=visible)
