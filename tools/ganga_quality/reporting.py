"""Where the reports of one verdict go: ``--report FORMAT[=FILE]``, as often as one likes."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, get_args

import msgspec

from ganga_quality.errors import UsageError
from ganga_quality.findings import Verdict

Format = Literal["text", "github", "markdown", "json", "sarif"]
FORMATS: tuple[Format, ...] = get_args(Format)


class Report(msgspec.Struct, frozen=True):
    """One report that was asked for."""

    format: Format
    #: None is the program's output.
    file: Path | None = None


def read_reports(words: Sequence[str]) -> tuple[Report, ...]:
    """What was asked for; without a word a text on the output. UsageError for a form that there is not."""
    return tuple(map(_read, words)) or (Report("text"),)


def tell(verdict: Verdict, reports: Sequence[Report], environment: Mapping[str, str]) -> None:
    """Write each report to its place. UsageError where a file cannot be written."""
    for report in reports:
        told = _rendered(verdict, report)
        if report.file is None:
            sys.stdout.write(told)
            sys.stdout.flush()
        else:
            # The summary of a step of GitHub Actions is shared by all the commands of the step.
            shared = str(report.file) == environment.get("GITHUB_STEP_SUMMARY")
            with _writing(report.file), report.file.open("a" if shared else "w", encoding="utf-8") as stream:
                stream.write(told)


def _read(word: str) -> Report:
    form, _, file = word.partition("=")
    for known in FORMATS:
        if form == known:
            return Report(known, Path(file) if file else None)
    raise UsageError(f"There is no report {form!r}. Use one of {', '.join(FORMATS)}, as FORMAT or FORMAT=FILE.")


def _rendered(verdict: Verdict, report: Report) -> str:
    # Only the form that is asked for is loaded.
    match report.format:
        case "text":
            from ganga_quality.report import text  # noqa: PLC0415

            return text.render(verdict, color=report.file is None and _colorful())
        case "github":
            from ganga_quality.report import github  # noqa: PLC0415

            return github.render(verdict)
        case "markdown":
            from ganga_quality.report import markdown  # noqa: PLC0415

            return markdown.render(verdict)
        case "json":
            from ganga_quality.report import record  # noqa: PLC0415

            return record.render(verdict)
        case "sarif":
            from ganga_quality.report import sarif  # noqa: PLC0415

            return sarif.render(verdict)


def _colorful() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


@contextmanager
def _writing(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(f"The report {file} cannot be written: {error.strerror}.") from error
