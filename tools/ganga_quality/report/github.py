"""The verdict as commands for the runner of GitHub Actions, which shows them as annotations beside the lines.

The escaping is that of GitHub's own toolkit (``@actions/core``, command.ts). Whatever a name or a message holds, each
line given here is a command of ours, but the last, which is none.
"""

from msgspec import Struct

from ganga_quality.findings import Failure, Finding, Origin, Verdict
from ganga_quality.report.escaping import logged, shortened
from ganga_quality.report.phrases import Level, failed, fix_hint, foremost, level, summary

#: Annotations of one level that GitHub shows for a step; it drops the rest without a word.
MOST = 10
#: Characters of a message and of a title, below GitHub's own limits of 64 KiB and 255.
_MESSAGE, _TITLE = 4000, 200


class _Annotation(Struct, frozen=True):
    level: Level
    title: str
    message: str
    #: ``file``, ``line`` and so on, in the runner's words.
    place: dict[str, str | int] = {}

    def command(self) -> str:
        properties = {**self.place, "title": shortened(logged(self.title), _TITLE)}
        words = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
        message = "\n".join(map(logged, self.message.splitlines()))
        return f"::{self.level} {words}::{_data(shortened(message, _MESSAGE))}"


def render(verdict: Verdict) -> str:
    """At most `MOST` errors and as many warnings, those that matter most; then one plain line that sums up."""
    every = [*map(_of_failure, verdict.failures), *map(_of_finding, foremost(verdict.findings))]
    shown = [
        annotation
        for wanted in ("error", "warning")
        for annotation in [annotation for annotation in every if annotation.level == wanted][:MOST]
    ]
    more = len(every) - len(shown)
    rest = f"{more:,} more without annotation here: see the summary of this run." if more else ""
    closing = " ".join(filter(None, (f"{summary(verdict)}.", rest, fix_hint(verdict))))
    return "".join(f"{line}\n" for line in (*(annotation.command() for annotation in shown), logged(closing)))


def _of_finding(finding: Finding) -> _Annotation:
    place: dict[str, str | int] = {"file": logged(finding.path), "line": finding.line, "endLine": finding.end_line}
    if finding.end_line == finding.line:
        # The runner takes columns only where there is one line.
        place["col"] = finding.column
    mark = " (knock-on)" if finding.origin is Origin.KNOCK_ON else ""
    return _Annotation(level(finding), f"{finding.tool} {finding.rule}{mark}", finding.message, place)


def _of_failure(failure: Failure) -> _Annotation:
    place: dict[str, str | int] = {"file": logged(failure.path)} if failure.path else {}
    if failure.path and failure.line:
        place["line"] = failure.line
    return _Annotation("error", failed(failure), failure.message, place)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
