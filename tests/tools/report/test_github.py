import json
import os
import re
import subprocess
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ganga_quality.findings import Failure, FailureKind, Finding, Origin, Verdict
from ganga_quality.report import github
from ganga_quality.report.escaping import logged
from tests.tools.needs import needs_program
from tests.tools.report.verdicts import HOSTILE, finding, texts, verdict, verdicts

#: How the runner reads a command of the new form: the first two colons end the properties.
COMMAND = re.compile(r"::(?P<name>error|warning) (?P<properties>(?:(?!::).)*)::(?P<data>.*)")

WORKFLOW = """\
on: push
jobs:
  report:
    runs-on: ubuntu-latest
    steps:
      - run: cat "$REPORT"
"""


def test_a_clean_verdict_annotates_nothing() -> None:
    assert github.render(verdict()) == "Clean: 2 files, changes since main (black 0 in 1.0 s, ruff 0 in 0.1 s).\n"


def test_a_finding_stands_at_its_lines() -> None:
    told = verdict(finding("a,b:c%.py", 3, message="100%\x1b"), finding(line=4, end_line=6, origin=Origin.KNOCK_ON))

    assert github.render(told).splitlines()[:2] == [
        "::error file=a%2Cb%3Ac%25.py,line=3,endLine=3,col=1,title=ruff F401::100%25\\x1b",
        "::error file=a.py,line=4,endLine=6,title=ruff F401 (knock-on)::`os` imported but unused",
    ]


def test_failures_are_annotations_and_come_first() -> None:
    told = verdict(
        finding(),
        failures=(
            Failure(tool="ruff", kind=FailureKind.CRASHED, message="signal 6\nstack overflow"),
            Failure(tool="black", kind=FailureKind.UNPARSABLE, message="Cannot parse", path="c.py", line=3),
        ),
    )

    assert github.render(told).splitlines()[:2] == [
        "::error title=ruff crashed::signal 6%0Astack overflow",
        "::error file=c.py,line=3,title=black cannot parse this file::Cannot parse",
    ]


def test_what_does_not_fit_is_told() -> None:
    errors = [finding(line=line, origin=Origin.EXISTING) for line in range(1, 13)]
    knock_on = finding(line=50, origin=Origin.KNOCK_ON)
    changed = finding(line=60)
    warnings = [finding(line=line, rule="format", tool="black", fixable=True) for line in range(1, 12)]

    *commands, closing = github.render(verdict(*errors, knock_on, changed, *warnings)).splitlines()

    assert [line.split(" ")[0] for line in commands] == ["::error"] * 10 + ["::warning"] * 10
    assert ["line=60," in commands[0], "line=50," in commands[1], "line=1," in commands[2]] == [True] * 3
    assert " 5 more without annotation here: see the summary of this run. " in closing
    assert closing.endswith('"ganga-quality fix" mends 11 of them.')


@given(verdicts)
def test_each_line_is_one_command_of_ours_and_the_last_is_none(told: Verdict) -> None:
    shown = github.render(told)

    assert shown.encode().decode() == shown
    assert shown.endswith("\n")
    *commands, closing = shown[:-1].split("\n")
    assert not closing.lstrip().startswith("::")
    assert "##[" not in shown
    for line in commands:
        assert line.isprintable() or not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", line)
        assert COMMAND.fullmatch(line)


@given(st.lists(st.builds(finding, path=texts.filter(bool), message=texts), max_size=github.MOST))
def test_the_runner_reads_back_what_was_meant(findings: list[Finding]) -> None:
    lines = github.render(verdict(*findings)).split("\n")

    for found, line in zip(findings, lines, strict=False):
        command = COMMAND.fullmatch(line)
        assert command is not None
        properties = dict(part.split("=", 1) for part in command["properties"].split(","))
        assert _property(properties["file"]) == logged(found.path)
        assert _data(command["data"]) == "\n".join(map(logged, found.message.splitlines()))


def test_act_sees_our_commands_and_no_other(tmp_path: Path) -> None:
    act = needs_program("act")
    findings = [finding(f"{word}.py", message=f"a {word} b") for word in HOSTILE]
    chosen = [findings[start : start + github.MOST] for start in range(0, len(findings), github.MOST)]
    report = "".join(github.render(verdict(*some, scope=word)) for some, word in zip(chosen, HOSTILE, strict=False))
    (tmp_path / "report").write_text(report, encoding="utf-8", newline="")
    (tmp_path / "workflow.yml").write_text(WORKFLOW, encoding="utf-8")

    answers = _run(act, tmp_path)

    commands = [answer for answer in answers if "command" in answer]
    assert [answer["raw"] for answer in commands] == [f"{line}\n" for line in report.split("\n") if line[:2] == "::"]
    for found, answer in zip(findings, commands, strict=True):
        # Where act is no GitHub: it takes the last two colons for the end of the properties, and drops values with `=`.
        if "::" not in found.message:
            place = {"file": logged(found.path), "line": "1", "endLine": "1", "col": "1", "title": "ruff F401"}
            assert answer["command"] == "error"
            assert answer["kvPairs"] == {name: value for name, value in place.items() if "=" not in value}
            assert answer["arg"] == "\n".join(map(logged, found.message.splitlines()))
    plain = [line for line in report.split("\n") if line and line[:2] != "::"]
    shown = [str(answer["msg"]) for answer in answers if answer.get("raw_output")]
    assert "".join(shown).split("\n")[: len(plain)] == plain


def _run(act: Path, folder: Path) -> list[dict[str, object]]:
    command = [
        str(act), "push", "-W", "workflow.yml", "-P", "ubuntu-latest=-self-hosted", "--no-cache-server", "--json",
        "--env", f"REPORT={folder / 'report'}",
    ]  # fmt: skip
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "XDG_CACHE_HOME": str(folder)}
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr.decode()
    return [json.loads(line) for line in ended.stdout.splitlines() if line.startswith(b"{")]


def _data(text: str) -> str:
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def _property(text: str) -> str:
    return _data(text.replace("%3A", ":").replace("%2C", ","))
