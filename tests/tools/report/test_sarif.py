import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from hypothesis import given

from ganga_quality.findings import Failure, FailureKind, Origin, Verdict
from ganga_quality.report import sarif
from tests.tools.report.schemas import Schema
from tests.tools.report.verdicts import finding, verdict, verdicts

SCHEMA = Schema(json.loads((Path(__file__).parent / "data" / "sarif-2.1.0.json").read_text(encoding="utf-8-sig")))
URL = "https://docs.astral.sh/ruff/rules/F401"


def test_each_tool_that_ran_has_a_run_of_its_own() -> None:
    runs = _runs(verdict(finding(rule="arg-type", tool="mypy")))

    assert {name: len(run["results"]) for name, run in runs.items()} == {"black": 0, "mypy": 1, "ruff": 0}
    assert runs["ruff"]["automationDetails"]["id"] == "ganga-quality/ruff/"
    assert all(run["invocations"][0]["executionSuccessful"] for run in runs.values())


def test_a_finding_is_told_with_its_place_and_rule() -> None:
    run = _runs(verdict(finding("a b/é%.py", 3, end_line=4, url=URL, fixable=True, origin=Origin.KNOCK_ON)))["ruff"]

    (rule,) = run["tool"]["driver"]["rules"]
    (result,) = run["results"]
    assert (rule["id"], rule["helpUri"]) == ("F401", URL)
    assert (result["ruleId"], result["ruleIndex"], result["level"]) == ("F401", 0, "warning")
    assert result["message"] == {"text": "`os` imported but unused"}
    assert result["properties"] == {"origin": "knock-on", "fixable": True}
    assert result["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "a%20b/%C3%A9%25.py", "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 3, "startColumn": 1, "endLine": 4},
            }
        }
    ]


def test_a_rule_that_nobody_explains_leads_to_its_tool() -> None:
    run = _runs(verdict(finding()))["ruff"]

    assert run["tool"]["driver"]["rules"][0]["helpUri"] == "https://docs.astral.sh/ruff/"


def test_failures_are_notifications_and_the_run_is_no_success() -> None:
    crash = Failure(tool="ruff", kind=FailureKind.CRASHED, message="signal 6")
    unparsable = Failure(tool="ruff", kind=FailureKind.UNPARSABLE, message="Cannot parse", path="c.py", line=3)
    run = _runs(verdict(failures=(crash, unparsable)))["ruff"]

    (invocation,) = run["invocations"]
    first, second = invocation["toolExecutionNotifications"]
    assert not invocation["executionSuccessful"]
    assert (first["descriptor"], first["level"]) == ({"id": "crashed"}, "error")
    assert first["message"] == {"text": "ruff crashed: signal 6"}
    assert second["locations"][0]["physicalLocation"]["region"] == {"startLine": 3}


def test_fingerprints_survive_moved_lines_and_tell_equal_ones_apart() -> None:
    before = _fingerprints(verdict(finding(line=1), finding(line=9), finding("b.py"), finding(rule="F811")))
    after = _fingerprints(verdict(finding(line=30), finding(line=31), finding("b.py", 2), finding(rule="F811")))

    assert before == after
    assert len(set(before)) == 4


def test_a_message_holds_no_link() -> None:
    run = _runs(verdict(finding(message="see [this](http://example.org)")))["ruff"]

    assert run["results"][0]["message"]["text"] == "see [this] (http://example.org)"


@given(verdicts)
def test_any_verdict_is_valid_and_complete(told: Verdict) -> None:
    shown = sarif.render(told)

    assert shown.isascii()
    assert not SCHEMA.complaints(json.loads(shown))
    results = [result for run in _runs(told).values() for result in run["results"]]
    addresses = [result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in results]
    paths = sorted(os.fsencode(found.path) for found in told.findings)
    assert sorted(unquote_to_bytes(address) for address in addresses) == paths
    assert len({result["partialFingerprints"]["pathRuleText/v1"] for result in results}) <= len(results)


def _runs(told: Verdict) -> dict[str, Any]:
    return {run["tool"]["driver"]["name"]: run for run in json.loads(sarif.render(told))["runs"]}


def _fingerprints(told: Verdict) -> list[str]:
    results = _runs(told)["ruff"]["results"]
    return [result["partialFingerprints"]["pathRuleText/v1"] for result in results]
