"""The verdict for programs: one JSON object, described by ``schema.json`` beside this module.

Fields may be added within a version; a reader skips what it does not know. A field that goes, or changes its meaning,
makes a new version.
"""

import json
from base64 import b64encode

import msgspec

from ganga_quality.findings import CLEAN, FINDINGS, Failure, Finding, Verdict
from ganga_quality.report.escaping import valid

VERSION = 1

#: What JSON can hold, as far as it is used here.
Value = str | float | bool | list["Value"] | dict[str, "Value"]


def render(verdict: Verdict) -> str:
    """Everything that the verdict holds, in its order, as plain ASCII."""
    answer: dict[str, Value] = {
        "version": VERSION,
        "verdict": {CLEAN: "clean", FINDINGS: "findings"}.get(verdict.exit_code, "failed"),
        "exit_code": verdict.exit_code,
        "scope": valid(verdict.scope),
        "files": verdict.files,
        "seconds": {tool: verdict.seconds[tool] for tool in sorted(verdict.seconds)},
        "findings": [_fields(finding) for finding in verdict.findings],
        "failures": [_fields(failure) for failure in verdict.failures],
    }
    return dump(answer)


def dump(value: Value) -> str:
    """JSON in plain ASCII, without ``##[``, for which the runner of GitHub Actions searches each line of a log."""
    return json.dumps(value, indent=2).replace("##[", r"##\u005b") + "\n"


def _fields(record: Finding | Failure) -> dict[str, Value]:
    fields: dict[str, Value] = {
        name: valid(value) if isinstance(value, str) else value
        for name, value in msgspec.structs.asdict(record).items()
    }
    if fields["path"] != record.path:
        fields["path_base64"] = b64encode(record.path.encode(errors="surrogateescape")).decode("ascii")
    return fields
