import base64
import json
import os
from importlib.resources import files

import msgspec
from hypothesis import given

from ganga_quality.findings import Failure, FailureKind, Finding, Origin, Verdict
from ganga_quality.report import record
from tests.tools.report.schemas import Schema
from tests.tools.report.verdicts import finding, verdict, verdicts

SCHEMA = json.loads(files("ganga_quality.report").joinpath("schema.json").read_text(encoding="utf-8"))
CRASH = Failure(tool="ruff", kind=FailureKind.CRASHED, message="signal 6")


def test_every_field_is_there_in_a_stable_order() -> None:
    answer = json.loads(record.render(verdict(finding(origin=Origin.KNOCK_ON), failures=(CRASH,))))

    assert list(answer) == [
        "version", "verdict", "exit_code", "scope", "files", "seconds", "findings", "failures"
    ]  # fmt: skip
    assert answer["version"] == 1
    assert list(answer["seconds"]) == ["black", "ruff"]
    assert answer["findings"] == [
        {
            "path": "a.py",
            "line": 1,
            "column": 1,
            "rule": "F401",
            "tool": "ruff",
            "message": "`os` imported but unused",
            "end_line": 1,
            "text": "import os",
            "url": "",
            "fixable": False,
            "origin": "knock-on",
        }
    ]
    assert answer["failures"] == [{"tool": "ruff", "kind": "crashed", "message": "signal 6", "path": "", "line": 0}]


def test_the_word_for_the_verdict_agrees_with_the_exit_code() -> None:
    told = [verdict(), verdict(finding()), verdict(finding(), failures=(CRASH,))]

    answers = [json.loads(record.render(one)) for one in told]

    assert [(answer["verdict"], answer["exit_code"]) for answer in answers] == [
        ("clean", 0), ("findings", 1), ("failed", 3)
    ]  # fmt: skip


def test_a_name_that_is_not_utf8_keeps_its_bytes() -> None:
    (found,) = json.loads(record.render(verdict(finding(os.fsdecode(b"a\xff.py")))))["findings"]

    assert found["path"] == r"a\xff.py"
    assert base64.b64decode(found["path_base64"]) == b"a\xff.py"


def test_the_schema_knows_exactly_our_fields() -> None:
    answer = json.loads(record.render(verdict()))
    assert SCHEMA["properties"].keys() == answer.keys()
    for kind, name in ((Finding, "finding"), (Failure, "failure")):
        fields = list(msgspec.structs.fields(kind))
        assert SCHEMA["$defs"][name]["properties"].keys() == {field.name for field in fields} | {"path_base64"}
        assert set(SCHEMA["$defs"][name]["required"]) == {field.name for field in fields}
    origins, kinds = (
        SCHEMA["$defs"]["finding"]["properties"]["origin"],
        SCHEMA["$defs"]["failure"]["properties"]["kind"],
    )
    assert origins["enum"] == list(Origin)
    assert kinds["enum"] == list(FailureKind)


@given(verdicts)
def test_any_verdict_is_valid_and_complete(told: Verdict) -> None:
    shown = record.render(told)

    assert shown.isascii()
    assert "##[" not in shown
    answer = json.loads(shown)
    assert not Schema(SCHEMA).complaints(answer)
    assert [found["line"] for found in answer["findings"]] == [found.line for found in told.findings]
    assert len(answer["failures"]) == len(told.failures)
    assert msgspec.json.decode(shown)["version"] == 1
