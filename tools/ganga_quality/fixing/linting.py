"""Ruff's safe fixes: of a whole file as ruff makes them, or only those that lie on certain lines."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tokenize import TokenError

import msgspec
from msgspec import Struct

from ganga_quality.changes import Span
from ganga_quality.findings import FailureKind
from ganga_quality.fixing.edits import Edit, applied, offsets
from ganga_quality.formatting.sourcetext import SourceText
from ganga_quality.formatting.statements import layout
from ganga_quality.runners import program
from ganga_quality.runners.program import Deadline, Unusable
from ganga_quality.settings import Settings

#: A fix may make room for another one. What has not come to an end by then, waits for the next time.
_ROUNDS = 10


class _Place(Struct, frozen=True):
    """Counted from 1; columns in characters."""

    row: int
    column: int


class _Edit(Struct, frozen=True):
    content: str
    location: _Place
    end_location: _Place


class _Fix(Struct, frozen=True):
    applicability: str
    edits: tuple[_Edit, ...]


class _Diagnostic(Struct, frozen=True):
    code: str | None = None
    fix: _Fix | None = None


class Linter:
    """Ruff with the configuration of a folder, asked about contents that need not be on disk."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._folder = folder
        self._program = program.find("ruff")
        self._deadline = Deadline(settings.timeout)

    def whole(self, path: str, content: bytes) -> bytes:
        """The content with all safe fixes."""
        return self._ask(path, content, "--fix", "--no-unsafe-fixes", "--quiet")

    def partly(self, path: str, content: bytes, spans: Sequence[Span]) -> tuple[bytes, tuple[Span, ...]]:
        """The content with the safe fixes of which every edit lies on the lines, and where these lines are then.

        What a fix would change elsewhere too, is left alone: imports are sorted only if the change wrote all of them.
        """
        try:
            text = SourceText.decoded(content)
            lines = text.within(spans)
            for _ in range(_ROUNDS):
                edited = applied(text, lines, self._fixes(path, text), layout(text.lines))
                if edited.text == text:
                    break
                text, lines = edited.text, edited.lines
        except (SyntaxError, TokenError, UnicodeError) as error:
            raise Unusable(FailureKind.UNPARSABLE, f"{path} cannot be parsed: {error}") from error
        return text.encoded(), text.spans(lines)

    def _fixes(self, path: str, text: SourceText) -> Iterator[Sequence[Edit]]:
        answer = self._ask(path, text.encoded(), "--no-fix", "--output-format=json")
        try:
            diagnostics = msgspec.json.decode(answer, type=list[_Diagnostic])
        except msgspec.DecodeError as error:
            raise Unusable(FailureKind.CRASHED, f"ruff's answer on {path} is not understood: {error}") from error
        if any(diagnostic.code in {None, "invalid-syntax"} for diagnostic in diagnostics):
            raise Unusable(FailureKind.CRASHED, f"ruff cannot parse {path}, perhaps because of its own fixes")
        starts = offsets(text)
        for diagnostic in diagnostics:
            if diagnostic.fix and diagnostic.fix.applicability == "safe":
                yield _edits(diagnostic.fix.edits, starts)

    def _ask(self, path: str, content: bytes, *options: str) -> bytes:
        arguments = ["check", "--no-cache", "--force-exclude", *options, f"--stdin-filename={path}", "-"]
        completed = program.run(self._program, arguments, folder=self._folder, deadline=self._deadline, content=content)
        if completed.code not in (0, 1):
            raise Unusable(FailureKind.CRASHED, f"ruff ended with {completed.ending} on {path}: {completed.words}")
        return completed.output


def _edits(edits: Iterable[_Edit], starts: Sequence[int]) -> Sequence[Edit]:
    def place(location: _Place) -> int:
        return starts[min(location.row, len(starts)) - 1] + location.column - 1

    return [Edit(place(edit.location), place(edit.end_location), edit.content) for edit in edits]
