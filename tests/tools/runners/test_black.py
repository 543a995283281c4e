import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from ganga_quality.changes import Span
from ganga_quality.errors import UsageError
from ganga_quality.findings import FailureKind, Finding
from ganga_quality.formatting import formatter as formatting
from ganga_quality.formatting.style import Style
from ganga_quality.runners import black, pool
from ganga_quality.runners.program import Deadline
from ganga_quality.settings import Settings

SETTINGS = Settings()


def write(folder: Path, **files: str) -> list[str]:
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return [f"{name}.py" for name in files]


def places(findings: Sequence[Finding]) -> list[tuple[str, int, int, str]]:
    return [(finding.path, finding.line, finding.end_line, finding.message) for finding in findings]


def test_each_place_is_a_finding(tmp_path: Path) -> None:
    files = write(tmp_path, a="x=1\ny = 2\nf(a,\n  b)\n", b="x = 1\n", c="\n\n\nx = 1\ndef f():\n    pass\n")
    outcome = black.run(tmp_path, files, SETTINGS)
    assert outcome.failures == ()
    assert places(outcome.findings) == [
        ("a.py", 1, 1, "black would rewrite 1 line"),
        ("a.py", 3, 4, "black would rewrite 2 lines as 1"),
        ("c.py", 1, 3, "black would remove 3 lines"),
        ("c.py", 5, 5, "black would add 2 lines before this one"),
    ]
    first = outcome.findings[0]
    assert (first.rule, first.tool, first.text, first.fixable) == ("format", "black", "x=1", True)


def test_with_spans_only_these_lines_count(tmp_path: Path) -> None:
    files = write(tmp_path, a="x=1\ny=2\n", b="x=1\n")
    outcome = black.run(tmp_path, files, SETTINGS, spans={"a.py": [Span(2, 2)]})
    assert [(finding.path, finding.line) for finding in outcome.findings] == [("a.py", 2)]


def test_what_cannot_be_formatted_is_a_failure_and_the_rest_is_judged(tmp_path: Path) -> None:
    files = [*write(tmp_path, a="x=1\n", b="x = 1\ny = (\n"), "missing.py"]
    outcome = black.run(tmp_path, files, SETTINGS)
    assert [finding.path for finding in outcome.findings] == ["a.py"]
    assert sorted(failure.path for failure in outcome.failures) == ["b.py", "missing.py"]
    assert {failure.kind for failure in outcome.failures} == {FailureKind.UNPARSABLE}
    assert {failure.line for failure in outcome.failures} == {0, 2}


def test_the_settings_of_the_folder_hold(tmp_path: Path) -> None:
    files = write(tmp_path, a="x = 'a'\n", skipped="x=1\n")
    settings = '[tool.black]\nskip-string-normalization = true\nextend-exclude = "skipped"\n'
    (tmp_path / "pyproject.toml").write_text(settings)
    assert black.run(tmp_path, files, SETTINGS).findings == ()
    (tmp_path / "pyproject.toml").write_text("[tool.black]\nlength = 1\n")
    with pytest.raises(UsageError):
        black.run(tmp_path, files, SETTINGS)


def test_a_second_run_asks_black_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = write(tmp_path, clean="x = 1\n", dirty="x=1\n", broken="x = (\n")
    cache = tmp_path / "cache"
    first = black.run(tmp_path, files, SETTINGS, cache=cache)
    monkeypatch.setattr(black, "formatted", None)
    assert black.run(tmp_path, files, SETTINGS, cache=cache) == first
    assert len(first.findings) == len(first.failures) == 1
    with pytest.raises(TypeError):
        black.run(tmp_path, files, SETTINGS, cache=cache, spans={"dirty.py": [Span(1, 1)]})
    write(tmp_path, clean="y = 1\n")
    with pytest.raises(TypeError):
        black.run(tmp_path, files, SETTINGS, cache=cache)


def test_several_processes_say_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = write(tmp_path, a="x=1\n", b="x = (\n", c="x = 1\n", d="y=1\n" * 50)
    alone = black.run(tmp_path, files, SETTINGS)
    monkeypatch.setattr(pool, "LITTLE", 0)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert black.run(tmp_path, files, SETTINGS) == alone


def test_sources_that_were_not_answered_for_are_failures() -> None:
    deadline = Deadline(5)
    late = black._unanswered("a.py", FailureKind.TIMED_OUT, deadline)
    crash = black._unanswered("a.py", FailureKind.CRASHED, deadline)
    assert (late.kind, late.path) == (FailureKind.TIMED_OUT, "a.py")
    assert "5 s" in late.message
    assert "crashed" in crash.message
    assert formatting.formatted(b"x=1\n", Style()) == b"x = 1\n"
