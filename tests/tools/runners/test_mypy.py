"""Mypy's words become findings and failures, and none is lost."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from ganga_quality.findings import FailureKind, Finding, Outcome
from ganga_quality.runners import mypy
from ganga_quality.settings import Settings

SETTINGS = Settings()
WRONG = 'x: int = ""\n'

Write = Callable[[dict[str, str]], list[str]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(files: dict[str, str]) -> list[str]:
        for name, content in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(content.encode(errors="surrogateescape"))
        return [name for name in files if name.endswith((".py", ".pyi"))]

    return written


@pytest.fixture
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all tests of the session: what mypy knows of the standard library takes seconds to learn."""
    return tmp_path_factory.getbasetemp() / "mypy-cache"


def places(outcome: Outcome) -> list[tuple[str, int, int, str]]:
    return [(found.path, found.line, found.column, found.rule) for found in outcome.findings]


def test_a_finding_has_all_that_mypy_knows(tmp_path: Path, write: Write, cache: Path) -> None:
    files = write({"a.py": "import sys\n\n" + WRONG})
    assert mypy.run(tmp_path, files, SETTINGS, cache=cache) == Outcome(
        (
            Finding(
                path="a.py",
                line=3,
                column=10,
                rule="assignment",
                tool="mypy",
                message='Incompatible types in assignment (expression has type "str", variable has type "int")',
                end_line=3,
                text='x: int = ""',
                url="https://mypy.readthedocs.io/en/stable/_refs.html#code-assignment",
            ),
        )
    )


def test_a_hint_is_part_of_its_error_and_a_note_is_none(tmp_path: Path, write: Write, cache: Path) -> None:
    text = "class A:\n    def f(self, x: int) -> None: ...\n"
    text += "class B(A):\n    def f(self, x: str) -> None: ...\nreveal_type(1)\n"
    (found,) = mypy.run(tmp_path, write({"a.py": text}), SETTINGS, cache=cache).findings
    assert found.rule == "override"
    assert "(This violates the Liskov substitution principle; See https://" in found.message


def test_lines_are_counted_as_git_counts_them(tmp_path: Path, write: Write, cache: Path) -> None:
    files = write({"a.py": 's = "e"; x: int = ""\n\x0cy = 1\rz: int = ""\nw: int = ""\n'})
    assert places(mypy.run(tmp_path, files, SETTINGS, cache=cache)) == [
        ("a.py", 1, 19, "assignment"),
        ("a.py", 2, 10, "assignment"),
        ("a.py", 3, 10, "assignment"),
    ]


def test_configured_targets_go_before_files(tmp_path: Path, write: Write, cache: Path) -> None:
    write({"a.py": WRONG, "b.py": WRONG, "pyproject.toml": '[tool.mypy]\nfiles = ["b.py"]\n'})
    assert places(mypy.run(tmp_path, ["a.py"], SETTINGS, cache=cache)) == [("b.py", 1, 10, "assignment")]


@pytest.mark.parametrize("arguments", [("b.py",), ("-m", "b"), ("--module=b",), ("--strict", "-mb")])
def test_targets_among_the_arguments_do_too(
    tmp_path: Path, write: Write, cache: Path, arguments: tuple[str, ...]
) -> None:
    write({"a.py": WRONG, "b.py": WRONG, "mypy.ini": "[mypy]\n"})
    outcome = mypy.run(tmp_path, ["a.py"], replace(SETTINGS, mypy=arguments), cache=cache)
    assert places(outcome) == [("b.py", 1, 10, "assignment")]


def test_further_arguments_are_handed_on(tmp_path: Path, write: Write, cache: Path) -> None:
    files = write({"a.py": "def f(): pass\n"})
    assert mypy.run(tmp_path, files, SETTINGS, cache=cache) == Outcome()
    settings = replace(SETTINGS, mypy=("--disallow-untyped-defs", "--python-version", "3.12"))
    assert [found.rule for found in mypy.run(tmp_path, files, settings, cache=cache).findings] == ["no-untyped-def"]


def test_what_the_configuration_leaves_out_stays_out(tmp_path: Path, write: Write, cache: Path) -> None:
    files = write({"a.py": WRONG, "old/b.py": WRONG, "mypy.ini": "[mypy]\nexclude = ^old/\n"})
    assert places(mypy.run(tmp_path, files, SETTINGS, cache=cache)) == [("a.py", 1, 10, "assignment")]


def test_if_all_is_left_out_nothing_is_started(tmp_path: Path, write: Write) -> None:
    files = write({"old/b.py": WRONG, "mypy.ini": "[mypy]\nexclude = ^old/\n"})
    assert mypy.run(tmp_path, files, SETTINGS) == Outcome()


def test_odd_names_are_judged_or_told(tmp_path: Path, write: Write, cache: Path) -> None:
    names = ["-x.py", "@x.py", "a b.py", "new\nline.py"] + ["\udcff.py"] * (sys.platform == "linux")
    outcome = mypy.run(tmp_path, write(dict.fromkeys(names, WRONG)), SETTINGS, cache=cache)
    assert [found.path for found in outcome.findings] == ["-x.py", "@x.py", "a b.py"]
    assert [failure.path for failure in outcome.failures] == sorted(names[3:])
    assert {failure.kind for failure in outcome.failures} == {FailureKind.UNPARSABLE}


def test_a_file_that_cannot_be_parsed_is_a_failure_of_the_whole(tmp_path: Path, write: Write, cache: Path) -> None:
    files = write({"bad.py": "x = 1\nprint 1\n", "a.py": WRONG})
    outcome = mypy.run(tmp_path, files, SETTINGS, cache=cache)
    (failure,) = outcome.failures
    assert (failure.kind, failure.path, failure.line) == (FailureKind.CRASHED, "bad.py", 2)
    assert "judges no other for certain" in failure.message
    assert all(found.path == "a.py" for found in outcome.findings)


def test_two_modules_of_one_name_are_a_failure(tmp_path: Path, write: Write, cache: Path) -> None:
    (failure,) = mypy.run(tmp_path, write({"p/a.py": "", "q/a.py": ""}), SETTINGS, cache=cache).failures
    assert failure.kind is FailureKind.CRASHED
    assert 'Duplicate module named "a"' in failure.message
    assert "explicit-package-bases" in failure.message


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"mypy.ini": "[mypy]\nfoo = 1\n"}, "Unrecognized option: foo"),
        ({"mypy.ini": "files = a\n"}, "cannot be read"),
        ({"pyproject.toml": "[tool.mypy\n"}, "cannot be read"),
        ({"pyproject.toml": "[tool]\nmypy = 1\n"}, "cannot be read"),
        ({"mypy.ini": "[mypy]\nplugins = nosuch\n"}, "nosuch"),
        ({"mypy.ini": "[mypy]\npackages = nosuch\n"}, "nosuch"),
        ({"mypy.ini": "[mypy]\nexclude = (\n"}, "not a regular expression"),
        ({"latin.py": "x = '\udce9'\n"}, "latin.py"),
    ],
)
def test_what_mypy_complains_of_is_a_failure_in_its_words(
    tmp_path: Path, write: Write, cache: Path, files: dict[str, str], words: str
) -> None:
    failures = mypy.run(tmp_path, write({"a.py": "x = 1\n", **files}), SETTINGS, cache=cache).failures
    assert [failure.kind for failure in failures] == [FailureKind.CRASHED]
    assert words in f"{failures[0].path} {failures[0].message}"


def test_a_mere_note_on_the_configuration_is_none(tmp_path: Path, write: Write, cache: Path) -> None:
    unused = "[mypy]\nwarn_unused_configs = True\n[mypy-foo.*]\nignore_errors = True\n"
    assert mypy.run(tmp_path, write({"a.py": "x = 1\n", "mypy.ini": unused}), SETTINGS, cache=cache) == Outcome()


def test_the_users_own_configuration_and_cache_do_not_count(
    tmp_path: Path, write: Write, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = write({"home/.mypy.ini": "[mypy]\ndisallow_untyped_defs = True\n", "code/a.py": "def f(): pass\n"})
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MYPY_CACHE_DIR", str(tmp_path / "mine"))
    assert mypy.run(tmp_path / "code", ["a.py"], SETTINGS, cache=cache) == Outcome()
    assert files
    assert not (tmp_path / "mine").exists()


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a program of a few lines of shell in mypy's place."""

    def placed(lines: str) -> None:
        file = tmp_path / "bin" / "mypy"
        file.parent.mkdir()
        file.write_text(f"#!/bin/sh\n{lines}\n")
        file.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(file.parent / "python"))

    return placed


@pytest.mark.parametrize(
    "lines",
    [
        "echo 'a.py:1: error: text'; exit 1",
        "exit 3",
        "kill -9 $$",
        "echo INTERNAL ERROR >&2; exit 2",
        "exit 2",
        "exit 1",
    ],
)
def test_what_is_not_understood_is_never_clean(
    tmp_path: Path, write: Write, stand_in: Callable[[str], None], lines: str
) -> None:
    files = write({"a.py": "x = 1\n"})
    stand_in(lines)
    (failure,) = mypy.run(tmp_path, files, SETTINGS).failures
    assert (failure.tool, failure.kind) == ("mypy", FailureKind.CRASHED)


def test_one_that_hangs_is_stopped(tmp_path: Path, write: Write, stand_in: Callable[[str], None]) -> None:
    files = write({"a.py": "x = 1\n"})
    stand_in("sleep 1000")
    (failure,) = mypy.run(tmp_path, files, replace(SETTINGS, timeout=0.2)).failures
    assert failure.kind is FailureKind.TIMED_OUT
