"""Ruff's words become findings and failures, and none is lost."""

import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from ganga_quality.findings import FailureKind, Finding, Outcome
from ganga_quality.runners import program, ruff
from ganga_quality.settings import Settings

CONFIGURATION = '[tool.ruff.lint]\nselect = ["F", "W", "E701"]\n'
SETTINGS = Settings()

Write = Callable[..., list[str]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes files into the folder, beside a configuration; returns their names."""
    (tmp_path / "pyproject.toml").write_text(CONFIGURATION)

    def written(files: dict[str, bytes]) -> list[str]:
        for name, content in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(content)
        return list(files)

    return written


def places(outcome: Outcome) -> list[tuple[str, int, int, str]]:
    return [(found.path, found.line, found.column, found.rule) for found in outcome.findings]


def test_a_finding_has_all_that_ruff_knows(tmp_path: Path, write: Write) -> None:
    files = write({"a.py": b"import sys\n\nx = 1\n    \n"})
    outcome = ruff.run(tmp_path, files, SETTINGS)
    assert outcome.failures == ()
    assert outcome.findings[0] == Finding(
        path="a.py",
        line=1,
        column=8,
        rule="F401",
        tool="ruff",
        message="`sys` imported but unused",
        end_line=1,
        text="import sys",
        url="https://docs.astral.sh/ruff/rules/unused-import",
        fixable=True,
    )
    assert [found.rule for found in outcome.findings] == ["F401", "W293"]


def test_what_it_cannot_mend_safely_is_not_fixable(tmp_path: Path, write: Write) -> None:
    files = write({"a.py": b"def f():\n    x = 1\n"})
    assert [(found.rule, found.fixable) for found in ruff.run(tmp_path, files, SETTINGS).findings] == [("F841", False)]


def test_without_files_it_is_not_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "find", pytest.fail)
    assert ruff.run(tmp_path, [], SETTINGS) == Outcome()


def test_clean_files_are_clean(tmp_path: Path, write: Write) -> None:
    assert ruff.run(tmp_path, write({"a.py": b"x = 1\n", "empty.py": b""}), SETTINGS) == Outcome()


def test_what_the_configuration_leaves_out_stays_out(tmp_path: Path, write: Write) -> None:
    files = write({"old/a.py": b"import sys\n", "b.py": b"import sys\n"})
    (tmp_path / "pyproject.toml").write_text('[tool.ruff]\nexclude = ["old"]\n' + CONFIGURATION)
    assert places(ruff.run(tmp_path, files, SETTINGS)) == [("b.py", 1, 8, "F401")]


def test_lines_are_counted_as_git_counts_them(tmp_path: Path, write: Write) -> None:
    files = write({"a.py": b"\x0cx = 1 \ny = 2\rz = 3 \r\nw = 4 \n", "b.py": "é = 'é'; y = 1 \n".encode()})
    outcome = ruff.run(tmp_path, files, SETTINGS)
    assert [(found.path, found.line, found.text) for found in outcome.findings] == [
        ("a.py", 1, "x = 1"),
        ("a.py", 2, "y = 2\rz = 3"),
        ("a.py", 3, "w = 4"),
        ("b.py", 1, "é = 'é'; y = 1"),
    ]
    assert outcome.findings[-1].column == 15


def test_a_finding_ends_on_the_last_line_that_it_speaks_of(tmp_path: Path, write: Write) -> None:
    files = write({"a.py": b"from x import (\n    y,\n    z,\n)\nfrom a import b\nb = y = z\n"})
    (tmp_path / "pyproject.toml").write_text('[tool.ruff.lint]\nselect = ["I"]\n')
    assert [(found.line, found.end_line) for found in ruff.run(tmp_path, files, SETTINGS).findings] == [(1, 5)]


def test_a_file_that_cannot_be_parsed_is_a_failure_and_others_are_judged(tmp_path: Path, write: Write) -> None:
    files = write({"bad.py": b"import os\nprint 1\nx = (\n", "latin.py": b"x = '\xe9'\n", "ok.py": b"import sys\n"})
    outcome = ruff.run(tmp_path, files, SETTINGS)
    assert {(each.path, each.line, each.kind) for each in outcome.failures} == {
        ("latin.py", 1, FailureKind.UNPARSABLE),
        ("bad.py", 2, FailureKind.UNPARSABLE),
    }
    assert places(outcome) == [("ok.py", 1, 8, "F401")]


ODD_NAMES = [
    "-x.py",
    "@x.py",
    "a b.py",
    "new\nline.py",
    "%,:.py",
    "--fix.py",
    "ünder/ä.py",
    "deep/\udcff.py",
    "deep/\udcfe.py",
]


@pytest.mark.parametrize("cached", [False, True])
def test_odd_names_come_back_as_they_were(tmp_path: Path, write: Write, cached: bool) -> None:
    names = [*ODD_NAMES, "deep/\ufffd.py"] if sys.platform == "linux" else ODD_NAMES[:-2]
    files = write(dict.fromkeys(names, b"import sys\n"))
    outcome = ruff.run(tmp_path, files, SETTINGS, cache=tmp_path / "cache" if cached else None)
    assert sorted(found.path for found in outcome.findings) == sorted(files)


def test_a_folder_reached_by_a_link_is_the_folder(tmp_path: Path, write: Write) -> None:
    files = write({"a.py": b"import sys\n"})
    (tmp_path / "link").symlink_to(tmp_path)
    assert places(ruff.run(tmp_path / "link", files, SETTINGS)) == [("a.py", 1, 8, "F401")]


def test_many_files_are_judged_in_several_runs(tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ruff, "_ROOM", 100)
    files = write({f"file_{number}.py": b"import sys\n" for number in range(9)})
    assert [found.path for found in ruff.run(tmp_path, files, SETTINGS).findings] == sorted(files)


def test_a_source_that_makes_it_crash_does_not_hide_the_others(tmp_path: Path, write: Write) -> None:
    files = write({"a.py": b"import sys\n", "deep.py": b"x = " + b"-" * 100_000 + b"1\n", "z.py": b"import sys\n"})
    outcome = ruff.run(tmp_path, files, SETTINGS)
    assert places(outcome) == [("a.py", 1, 8, "F401"), ("z.py", 1, 8, "F401")]
    assert [(each.path, each.kind) for each in outcome.failures] == [("deep.py", FailureKind.UNPARSABLE)]
    assert "SIGABRT" in outcome.failures[0].message


@pytest.mark.parametrize(
    ("line", "words"),
    [('required-version = "==0.1.0"', "Required version `==0.1.0`"), ("selec = 1", "unknown field `selec`")],
)
def test_a_configuration_that_does_not_fit_is_a_failure(tmp_path: Path, write: Write, line: str, words: str) -> None:
    files = write({"a.py": b"x = 1\n"})
    (tmp_path / "pyproject.toml").write_text(f"[tool.ruff]\n{line}\n")
    (failure,) = ruff.run(tmp_path, files, SETTINGS).failures
    assert failure.kind is FailureKind.CRASHED
    assert words in failure.message


def test_a_missing_ruff_is_a_failure(tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    (failure,) = ruff.run(tmp_path, write({"a.py": b""}), SETTINGS).failures
    assert (failure.tool, failure.kind, failure.path) == ("ruff", FailureKind.MISSING, "")


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a program of a few lines of shell in ruff's place."""

    def placed(lines: str) -> None:
        file = tmp_path / "bin" / "ruff"
        file.parent.mkdir()
        file.write_text(f"#!/bin/sh\n{lines}\n")
        file.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(file.parent / "python"))

    return placed


@pytest.mark.parametrize(
    "lines",
    [
        "echo '[{]'; exit 1",
        "echo 'x.py:1:1: F401'; exit 1",
        "exit 0",
        "echo '[]'; exit 3",
        'echo \'[{"filename": "/elsewhere.py", "code": "F401"}]\'; exit 1',
        "echo '[{\"filename\": null}]'; exit 1",
        "echo '[{\"filename\": 1}]'; exit 1",
        "kill -9 $$",
    ],
)
def test_what_is_not_understood_is_never_clean(
    tmp_path: Path, write: Write, stand_in: Callable[[str], None], lines: str
) -> None:
    files = write({"a.py": b"x = 1\n"})
    stand_in(lines)
    outcome = ruff.run(tmp_path, files, SETTINGS)
    assert [(each.kind, each.path) for each in outcome.failures] == [(FailureKind.CRASHED, "")]
    assert outcome.findings == ()


def test_fields_may_be_null(tmp_path: Path, write: Write, stand_in: Callable[[str], None]) -> None:
    files = write({"a.py": b"x = 1\n"})
    entry = dict.fromkeys(["end_location", "fix", "location", "message", "url", "cell", "noqa_row"])
    answer = msgspec.json.encode([{"filename": str(tmp_path / "a.py"), "code": "X1", **entry}]).decode()
    stand_in(f"echo '{answer}'; exit 1")
    (found,) = ruff.run(tmp_path, files, SETTINGS).findings
    assert (found.rule, found.line, found.column, found.message) == ("X1", 1, 1, "X1")


def test_one_that_hangs_is_stopped(tmp_path: Path, write: Write, stand_in: Callable[[str], None]) -> None:
    files = write({"a.py": b"x = 1\n"})
    stand_in("sleep 1000")
    (failure,) = ruff.run(tmp_path, files, replace(SETTINGS, timeout=0.2)).failures
    assert failure.kind is FailureKind.TIMED_OUT


def test_its_cache_lies_where_it_is_told(tmp_path: Path, write: Write) -> None:
    files = write({"a.py": b"import sys\n"})
    first = ruff.run(tmp_path, files, SETTINGS)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.py", "pyproject.toml"]
    warm = [ruff.run(tmp_path, files, SETTINGS, cache=tmp_path / "cache") for _ in range(2)]
    assert warm == [first, first]
    assert (tmp_path / "cache").is_dir()
