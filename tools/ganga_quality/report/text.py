"""The verdict for a terminal: one line for each finding, which editors and terminals make clickable."""

from collections.abc import Iterator

from ganga_quality.findings import CLEAN, Failure, Finding, Origin, Verdict
from ganga_quality.report.escaping import logged
from ganga_quality.report.phrases import failed, fix_hint, summary

_BOLD, _DIM, _RED, _GREEN = "1", "2", "1;31", "1;32"


def render(verdict: Verdict, *, color: bool = False) -> str:
    """All findings by place, then the failures, then one line that sums up; no line is broken to fit a width."""
    return "".join(f"{line}\n" for line in _lines(verdict, _Paint(color=color)))


class _Paint:
    """Colours, where they are wanted."""

    def __init__(self, *, color: bool) -> None:
        self._color = color

    def __call__(self, text: str, style: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self._color and text else text


def _lines(verdict: Verdict, paint: _Paint) -> Iterator[str]:
    for finding in verdict.findings:
        yield _finding(finding, paint)
    if verdict.failures:
        yield ""
    for failure in verdict.failures:
        yield from _failure(failure, paint)
    if verdict.exit_code != CLEAN:
        yield ""
    yield paint(logged(summary(verdict)), _GREEN if verdict.exit_code == CLEAN else _RED)
    if hint := fix_hint(verdict):
        yield hint


def _finding(finding: Finding, paint: _Paint) -> str:
    place = paint(f"{_path(finding.path)}:{finding.line}:{finding.column}:", _BOLD)
    mark = paint(" (knock-on)", _DIM) if finding.origin is Origin.KNOCK_ON else ""
    return f"{place} {paint(logged(finding.rule), _RED)} {logged(finding.message)}{mark}"


def _failure(failure: Failure, paint: _Paint) -> Iterator[str]:
    place = f"{_path(failure.path)}:{failure.line}: " if failure.line else f"{_path(failure.path)}: "
    first, *others = failure.message.splitlines() or [""]
    yield f"{paint(place, _BOLD) if failure.path else ''}{paint(logged(failed(failure)), _RED)}: {logged(first)}"
    for line in others:
        # The bar keeps a line that begins with two colons from being a command for the runner of GitHub Actions.
        yield f"    | {logged(line)}"


def _path(path: str) -> str:
    shown = logged(path)
    # The same file, in words that the runner of GitHub Actions does not read as a command.
    return f"./{shown}" if shown.lstrip().startswith(":") else shown
