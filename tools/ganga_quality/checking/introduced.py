"""Which findings a change brought in: on lines that it wrote, and elsewhere what was not there before. Pure."""

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from ganga_quality.changes import Changes
from ganga_quality.findings import FailureKind, Finding, Origin, Outcome

#: What makes a finding the same in both states: old path, line there, column, rule.
_Key = tuple[str, int, int, str]


def introduced(
    head: Iterable[Finding], base: Callable[[frozenset[str]], Outcome], changes: Changes
) -> tuple[Finding, ...]:
    """The findings that the change has to answer for, each with its origin, sorted by place.

    `base` is asked at most once, and only if a finding stands on a line that the change did not write: for all that the
    tool says of these files (old paths) in the old state. What could not be judged there is nobody's doing: for a file
    that was not parsable, and for all if the tool failed, only the lines that the change wrote count.
    """
    written, elsewhere = _divided(head, changes)
    brought = [replace(finding, origin=Origin.CHANGED) for finding in written]
    if elsewhere:
        before = base(frozenset(key[0] for _, key in elsewhere))
        brought += _knock_ons(elsewhere, before)
    return tuple(sorted(brought))


def _divided(head: Iterable[Finding], changes: Changes) -> tuple[list[Finding], list[tuple[Finding, _Key]]]:
    """The findings on written lines, and the others with what they would have been in the old state."""
    written: list[Finding] = []
    elsewhere: list[tuple[Finding, _Key]] = []
    for finding in head:
        key = _old_key(finding, changes)
        if key is None:
            written.append(finding)
        else:
            elsewhere.append((finding, key))
    return written, elsewhere


def _old_key(finding: Finding, changes: Changes) -> _Key | None:
    change = changes.files.get(finding.path)
    if change is None:
        return finding.path, finding.line, finding.column, finding.rule
    line = change.old_line(finding.line)
    if line is None or change.old_path is None:
        return None
    return change.old_path, line, finding.column, finding.rule


def _knock_ons(elsewhere: Iterable[tuple[Finding, _Key]], before: Outcome) -> list[Finding]:
    if any(failure.kind is not FailureKind.UNPARSABLE for failure in before.failures):
        return []
    unknown = {failure.path for failure in before.failures}
    known = {(finding.path, finding.line, finding.column, finding.rule) for finding in before.findings}
    return [
        replace(finding, origin=Origin.KNOCK_ON)
        for finding, key in elsewhere
        if key not in known and key[0] not in unknown
    ]
