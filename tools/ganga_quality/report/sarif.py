"""The verdict as SARIF 2.1.0, which GitHub's code scanning and many viewers read: one run for each tool."""

from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from urllib.parse import quote

from ganga_quality.findings import Failure, Finding, Verdict
from ganga_quality.report.escaping import valid
from ganga_quality.report.phrases import failed, level
from ganga_quality.report.record import Value, dump

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
#: What paths are relative to. The word is GitHub's own; a reader knows where it has the checkout.
_ROOT = "%SRCROOT%"
_HOMES = {
    "black": "https://black.readthedocs.io/",
    "mypy": "https://mypy.readthedocs.io/",
    "ruff": "https://docs.astral.sh/ruff/",
}


def render(verdict: Verdict) -> str:
    """One log with a run for each tool that ran or failed; plain ASCII."""
    found = {finding.tool for finding in verdict.findings}
    tools = sorted(verdict.seconds.keys() | found | {failure.tool for failure in verdict.failures})
    log: dict[str, Value] = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [_run(tool, verdict) for tool in tools]}
    return dump(log)


def _run(tool: str, verdict: Verdict) -> dict[str, Value]:
    findings = [finding for finding in verdict.findings if finding.tool == tool]
    failures = [failure for failure in verdict.failures if failure.tool == tool]
    examples = {finding.rule: finding for finding in reversed(findings)}
    rules = sorted(examples)
    home = _HOMES.get(tool)
    return {
        "tool": {
            "driver": {
                "name": tool,
                **({"informationUri": home} if home else {}),
                "rules": [_rule(examples[name], home) for name in rules],
            }
        },
        # GitHub keeps the runs of one commit apart by the part before the last slash.
        "automationDetails": {"id": f"ganga-quality/{tool}/"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The top of the repository."}}},
        "invocations": [
            {
                "executionSuccessful": not failures,
                "toolExecutionNotifications": [_notification(failure) for failure in failures],
            }
        ],
        "results": _results(findings, rules),
    }


def _rule(example: Finding, home: str | None) -> dict[str, Value]:
    address = example.url or home
    words = f"{example.tool} {valid(example.rule)}"
    return {
        "id": valid(example.rule),
        "shortDescription": {"text": words},
        # GitHub asks for this one too.
        "fullDescription": {"text": words},
        "help": {"text": f"{words}: see {valid(address)}" if address else words},
        **({"helpUri": quote(address, safe=":/?#[]@!$&'()*+,;=%~", errors="replace")} if address else {}),
    }


def _results(findings: Iterable[Finding], rules: list[str]) -> list[Value]:
    ordinals: Counter[tuple[str, str, str]] = Counter()
    places = {rule: place for place, rule in enumerate(rules)}
    results: list[Value] = []
    for finding in findings:
        key = (finding.path, finding.rule, finding.text)
        ordinals[key] += 1
        results.append(_result(finding, places[finding.rule], _fingerprint(*key, str(ordinals[key]))))
    return results


def _result(finding: Finding, rule_index: int, fingerprint: str) -> dict[str, Value]:
    region: dict[str, Value] = {
        "startLine": finding.line,
        "startColumn": finding.column,
        "endLine": finding.end_line,
    }
    return {
        "ruleId": valid(finding.rule),
        "ruleIndex": rule_index,
        "level": level(finding),
        "message": {"text": _plain(finding.message)},
        "locations": [_location(finding.path, region)],
        "partialFingerprints": {"pathRuleText/v1": fingerprint},
        "properties": {"origin": finding.origin.value, "fixable": finding.fixable},
    }


def _notification(failure: Failure) -> dict[str, Value]:
    region: dict[str, Value] = {"startLine": failure.line} if failure.line else {}
    return {
        "descriptor": {"id": failure.kind.value},
        "level": "error",
        "message": {"text": _plain(f"{failed(failure)}: {failure.message}")},
        **({"locations": [_location(failure.path, region)]} if failure.path else {}),
    }


def _location(path: str, region: dict[str, Value]) -> dict[str, Value]:
    # Encoded byte by byte, since a name need not be UTF-8.
    uri = quote(path, safe="/", errors="surrogateescape")
    place: dict[str, Value] = {"artifactLocation": {"uri": uri, "uriBaseId": _ROOT}}
    return {"physicalLocation": {**place, "region": region} if region else place}


def _fingerprint(*parts: str) -> str:
    """What stays the same when lines above come and go, told apart by an ordinal where all else is equal."""
    return sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()


def _plain(text: str) -> str:
    """A message in which nothing is a link: SARIF reads ``[words](target)`` as one."""
    return valid(text).replace("](", "] (")
