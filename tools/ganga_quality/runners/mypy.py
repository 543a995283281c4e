"""Mypy, the type checker: all it says of what its configuration names, else of some files, from its JSON lines."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

import msgspec
from msgspec import Struct

from ganga_quality.changes import Span
from ganga_quality.findings import Failure, FailureKind, Finding, Outcome
from ganga_quality.runners import program
from ganga_quality.runners.lines import Lines
from ganga_quality.runners.mypy_settings import MypySettings, read_mypy_settings
from ganga_quality.runners.program import Completed, Deadline, Unusable
from ganga_quality.settings import Settings

NAME = "mypy"

#: An option of the user's that says what to look at.
_TARGETS = re.compile(r"-[pmc].*|--(package|module|command)(=.*)?")


#: What mypy calls an error that keeps it from going on.
_BLOCKING = frozenset({None, "syntax"})

#: Lines of mypy's words in a failure.
_QUOTED = 20


class _Message(Struct, frozen=True):
    """One line of mypy's JSON; columns are counted from 0, and a line of -1 is none."""

    file: str
    line: int
    column: int
    end_line: int | None
    message: str
    hint: str | None
    code: str | None
    severity: str


def run(
    folder: Path,
    files: Sequence[str],
    settings: Settings,
    *,
    cache: Path | None = None,
    spans: Mapping[str, Sequence[Span]] | None = None,
) -> Outcome:
    """All that mypy says in this folder of what its configuration there names; if that names nothing, of these files.

    A hint belongs to its error's message. What mypy calls a note of its own, such as an answer to ``reveal_type``, is
    no error for it and no finding here. `spans` do not concern it.
    """
    del spans
    try:
        configured = read_mypy_settings(folder)
        if configured.names_targets or _names_targets(settings.mypy, folder):
            return _judged(folder, settings, configured, cache, ())
        chosen = [file for file in files if not configured.excludes(file)]
        nameable = [file for file in chosen if _nameable(file)]
        judged = _judged(folder, settings, configured, cache, nameable) if nameable else Outcome()
        return Outcome.merged([judged, Outcome(failures=tuple(map(_unnameable, sorted({*chosen} - {*nameable}))))])
    except Unusable as error:
        return Outcome(failures=(error.failure(NAME),))


def _names_targets(arguments: Iterable[str], folder: Path) -> bool:
    return any(
        _TARGETS.fullmatch(argument) or (not argument.startswith("-") and (folder / argument).exists())
        for argument in arguments
    )


def _judged(
    folder: Path, settings: Settings, configured: MypySettings, cache: Path | None, files: Sequence[str]
) -> Outcome:
    options = [
        "--output=json",
        "--no-error-summary",
        # Explicit, so that the configuration of the user or of a folder above does not slip in; empty is none.
        f"--config-file={configured.file}",
        f"--cache-dir={os.devnull if cache is None else cache}",
        *settings.mypy,
    ]
    mypy, deadline = program.find(NAME), Deadline(settings.timeout)
    with _listed(files) as names:
        completed = program.run(mypy, [*options, *names], folder=folder, deadline=deadline)
    return _read(completed, folder)


@contextmanager
def _listed(files: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The files as mypy's arguments: in a file of their own, however many they are."""
    if not files:
        yield ()
        return
    with NamedTemporaryFile("w", prefix="ganga-quality-", encoding="utf-8", newline="") as listed:
        # "./" keeps a name from being read as an option.
        listed.writelines(f"./{file}\n" for file in files)
        listed.flush()
        yield (f"@{listed.name}",)


def _nameable(file: str) -> bool:
    """Whether mypy survives the name: its list of files has a name in each line, and its messages are UTF-8."""
    return len(file.splitlines()) == 1 and not any("\ud800" <= character <= "\udfff" for character in file)


def _unnameable(file: str) -> Failure:
    message = "mypy cannot be given this name; rename the file, or exclude it in mypy's configuration"
    return Failure(tool=NAME, kind=FailureKind.UNPARSABLE, message=message, path=file)


def _read(completed: Completed, folder: Path) -> Outcome:
    answer = completed.output.splitlines()
    errors = [said for said in map(_decoded, filter(_is_json, answer)) if said.severity == "error"]
    complaints = _complaints([*completed.errors.splitlines(), *(line for line in answer if not _is_json(line))])
    if not complaints and completed.code == bool(errors):
        return Outcome(tuple(sorted(_findings(errors, folder))))
    findings = _findings([error for error in errors if error.code not in _BLOCKING], folder)
    return Outcome(tuple(sorted(findings)), _failures(completed, errors, complaints, folder))


def _is_json(line: bytes) -> bool:
    return line.startswith(b"{")


def _decoded(line: bytes) -> _Message:
    try:
        return msgspec.json.decode(line, type=_Message)
    except msgspec.DecodeError as error:
        raise Unusable(
            FailureKind.CRASHED, f"mypy's answer is not understood ({error}): {line.decode(errors='replace')}"
        ) from error


def _complaints(lines: Iterable[bytes]) -> str:
    """What mypy says outside of its answer, without mere notes: of a configuration that it could not read, for one."""
    said = [line.decode(errors="replace") for line in lines if line.strip() and b": note: " not in line]
    return "\n".join(said[-_QUOTED:])


def _failures(completed: Completed, errors: Sequence[_Message], complaints: str, folder: Path) -> tuple[Failure, ...]:
    """Why the answer is not whole. What stops mypy at one file leaves others unjudged: it is never `UNPARSABLE`."""
    first = {error.file: error for error in reversed(errors) if error.code in _BLOCKING}
    failures = [_blocked(blocker, folder) for blocker in first.values()]
    if complaints or not failures:
        words = complaints or "; ".join(f"{error.file}: {error.message}" for error in errors) or completed.words
        message = f"mypy ended with {completed.ending}: {words}"
        failures.append(Failure(tool=NAME, kind=FailureKind.CRASHED, message=message))
    return tuple(sorted(failures))


def _blocked(blocker: _Message, folder: Path) -> Failure:
    path = _relative(blocker.file, folder)
    message = (
        f"{_with_hint(blocker)}. Mypy stops at such a file and judges no other for certain: correct it, "
        "or exclude it in mypy's configuration."
    )
    line = Lines(folder / path).line(blocker.line) if blocker.line > 0 else 0
    return Failure(tool=NAME, kind=FailureKind.CRASHED, message=message, path=path, line=line)


def _findings(errors: Iterable[_Message], folder: Path) -> set[Finding]:
    lines: dict[str, Lines] = {}
    return {_finding(error, folder, lines.setdefault(error.file, Lines(folder / error.file))) for error in errors}


def _finding(error: _Message, folder: Path, lines: Lines) -> Finding:
    line = lines.line(error.line)
    rule = error.code or "misc"
    return Finding(
        path=_relative(error.file, folder),
        line=line,
        # In a line with letters outside ASCII mypy's count is off, by an amount that nobody can tell.
        column=max(error.column, 0) + 1,
        rule=rule,
        tool=NAME,
        message=_with_hint(error),
        end_line=max(lines.line(error.end_line or error.line), line),
        text=lines.text(line),
        url=f"https://mypy.readthedocs.io/en/stable/_refs.html#code-{rule}",
    )


def _with_hint(message: _Message) -> str:
    if not message.hint:
        return message.message
    return f"{message.message} ({'; '.join(line.strip() for line in message.hint.splitlines())})"


def _relative(file: str, folder: Path) -> str:
    """The file's path in the folder; one that lies elsewhere keeps its own."""
    path = Path(file)
    absolute = folder.resolve()
    return path.relative_to(absolute).as_posix() if path.is_relative_to(absolute) else path.as_posix()
