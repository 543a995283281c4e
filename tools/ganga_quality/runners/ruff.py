"""Ruff, the linter: all it says of some files, from its JSON."""

import os
import signal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from ganga_quality.changes import Span
from ganga_quality.findings import Failure, FailureKind, Finding, Outcome
from ganga_quality.runners import program
from ganga_quality.runners.lines import Lines
from ganga_quality.runners.program import Completed, Deadline, Unusable
from ganga_quality.settings import Settings

NAME = "ruff"

_OPTIONS = (
    "--output-format=json",
    "--force-exclude",
    "--no-fix",
    # A file that cannot be read is told only by a rule, which the configuration may not have selected.
    "--extend-select=E902",
)

#: Bytes of file names in one command: an eighth of what the narrowest of our systems takes.
_ROOM = 128 * 1024

#: What ends ruff on a source that is nested too deeply.
_CRASHES = frozenset({-signal.SIGABRT, -signal.SIGSEGV, -signal.SIGBUS})

#: Ruff's words for "cannot be parsed" and "cannot be read"; None was the first of them in older versions.
_UNREADABLE = frozenset({None, "invalid-syntax", "E902"})


class _Place(Struct, frozen=True):
    row: int
    column: int


class _Fix(Struct, frozen=True):
    applicability: str | None = None


class _Diagnostic(Struct, frozen=True):
    """One entry of ruff's JSON; since 0.16 any field may be null."""

    filename: str | None = None
    code: str | None = None
    message: str | None = None
    location: _Place | None = None
    end_location: _Place | None = None
    fix: _Fix | None = None
    url: str | None = None


def run(
    folder: Path,
    files: Sequence[str],
    settings: Settings,
    *,
    cache: Path | None = None,
    spans: Mapping[str, Sequence[Span]] | None = None,
) -> Outcome:
    """All that ruff says of these files of the folder; `spans` do not concern it.

    A file that cannot be parsed has a failure and no findings. One that makes ruff crash is found out, and the others
    are judged.
    """
    del spans
    if not files:
        return Outcome()
    try:
        judge = _Judge(folder, settings, cache)
        return Outcome.merged(outcome for part in _parts(files) for outcome in judge.outcomes(part))
    except Unusable as error:
        return Outcome(failures=(error.failure(NAME),))


class _Judge:
    """One question to ruff, put in as many runs as it takes within one time limit."""

    def __init__(self, folder: Path, settings: Settings, cache: Path | None) -> None:
        self._program = program.find(NAME)
        self._folder = folder.resolve()
        self._deadline = Deadline(settings.timeout)
        self._cache = cache

    def outcomes(self, files: Sequence[str]) -> Iterator[Outcome]:
        """What ruff says of the files of one command; after a crash it is asked again for each half."""
        completed = self._completed(files)
        if completed.code not in _CRASHES:
            yield self._read(completed, files)
        elif len(files) == 1:
            yield Outcome(failures=(_crash(files[0], completed),))
        else:
            middle = len(files) // 2
            yield from self.outcomes(files[:middle])
            yield from self.outcomes(files[middle:])

    def _completed(self, files: Sequence[str]) -> Completed:
        # "./" keeps a name from being read as an option, or as a file of options.
        arguments = ["check", *_OPTIONS, self._cached(files), "--", *(f"./{file}" for file in files)]
        return program.run(self._program, arguments, folder=self._folder, deadline=self._deadline)

    def _cached(self, files: Sequence[str]) -> str:
        # Ruff fails to write its cache if a name is not UTF-8.
        usable = self._cache is not None and all(os.fsencode(file) == file.encode(errors="replace") for file in files)
        return f"--cache-dir={self._cache}" if usable else "--no-cache"

    def _read(self, completed: Completed, files: Sequence[str]) -> Outcome:
        if completed.code not in (0, 1):
            raise Unusable(FailureKind.CRASHED, f"ruff ended with {completed.ending}: {completed.words}")
        names = {_shown(self._folder / file): file for file in files}
        by_file: dict[str, list[_Diagnostic]] = {}
        for diagnostic in _decoded(completed):
            if diagnostic.filename not in names:
                raise Unusable(FailureKind.CRASHED, f"ruff spoke of a file that it was not asked for: {diagnostic}")
            by_file.setdefault(names[diagnostic.filename], []).append(diagnostic)
        return Outcome.merged(_of_file(path, said, Lines(self._folder / path)) for path, said in by_file.items())


def _parts(files: Sequence[str]) -> Iterator[Sequence[str]]:
    """The files in parts that fit into a command, and in which no two names look the same in ruff's answer."""
    part: list[str] = []
    seen: set[str] = set()
    room = _ROOM
    for file in files:
        shown, size = _shown(Path(file)), len(os.fsencode(file)) + 16
        if shown in seen or size > room:
            yield part
            part, seen, room = [], set(), _ROOM
        part.append(file)
        seen.add(shown)
        room -= size
    if part:
        yield part


def _shown(path: Path) -> str:
    """A path as ruff writes it in its JSON: bytes that are not UTF-8 are replaced."""
    return os.fsencode(path).decode(errors="replace")


def _decoded(completed: Completed) -> list[_Diagnostic]:
    try:
        return msgspec.json.decode(completed.output, type=list[_Diagnostic])
    except msgspec.DecodeError as error:
        raise Unusable(
            FailureKind.CRASHED,
            f"ruff's answer is not understood ({error}): {completed.words}. Install the pinned version: "
            "pip install 'ganga[quality]'",
        ) from error


def _of_file(path: str, diagnostics: Iterable[_Diagnostic], lines: Lines) -> Outcome:
    findings = []
    for diagnostic in diagnostics:
        if diagnostic.code in _UNREADABLE:
            # The first is the cause: what follows a syntax error is seldom worth reading.
            return Outcome(failures=(_failure(path, diagnostic, lines),))
        findings.append(_finding(path, diagnostic, lines))
    return Outcome(tuple(findings))


def _finding(path: str, diagnostic: _Diagnostic, lines: Lines) -> Finding:
    place = diagnostic.location or _Place(1, 1)
    end = diagnostic.end_location or place
    line = lines.line(place.row)
    # The end is the place behind the last character, and may be the beginning of a line that it does not speak of.
    last = end.row - (end.column <= 1 and end.row > place.row)
    return Finding(
        path=path,
        line=line,
        column=max(place.column, 1),
        rule=diagnostic.code or "",
        tool=NAME,
        message=diagnostic.message or diagnostic.code or "",
        end_line=max(lines.line(last), line),
        text=lines.text(line),
        url=diagnostic.url or "",
        fixable=diagnostic.fix is not None and diagnostic.fix.applicability == "safe",
    )


def _failure(path: str, diagnostic: _Diagnostic, lines: Lines) -> Failure:
    line = lines.line(diagnostic.location.row) if diagnostic.location else 0
    message = diagnostic.message or "ruff cannot parse it"
    return Failure(tool=NAME, kind=FailureKind.UNPARSABLE, message=message, path=path, line=line)


def _crash(path: str, completed: Completed) -> Failure:
    message = f"ruff crashed on it with {completed.ending}: {completed.words}"
    return Failure(tool=NAME, kind=FailureKind.UNPARSABLE, message=message, path=path)
