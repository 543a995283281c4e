"""Which files of a pull request are looked at, and which lines."""

import pytest
from msgspec.structs import replace

from ganga_quality.bot.facts import Skipped
from ganga_quality.bot.replies import FileReply
from ganga_quality.bot.sources import Limits, candidates, is_odd
from ganga_quality.changes import Span

ADDED = FileReply(filename="a.py", status="added", changes=2, sha="1" * 40, patch="@@ -0,0 +1,2 @@\n+x\n+y")


def chosen(*files: FileReply, limits: Limits | None = None) -> tuple[list[str], list[Skipped]]:
    found, skipped = candidates(files, lambda path: "not" not in path, limits or Limits())
    return [one.path for one in found], skipped


def test_files_that_are_not_looked_at_are_passed_over_in_silence() -> None:
    others = [
        replace(ADDED, filename="a.txt"),
        replace(ADDED, filename="not/a.py"),
        replace(ADDED, status="removed"),
        replace(ADDED, status="renamed", changes=0, patch=None),
    ]
    assert chosen(*others) == ([], [])


def test_what_was_written_is_looked_at() -> None:
    changed = replace(ADDED, filename="b.pyi", status="modified", patch="@@ -1,2 +1,3 @@\n x\n+y\n z")
    found, _ = candidates([changed, ADDED], lambda _: True, Limits())
    assert [(one.path, one.spans, one.shown, one.stub) for one in found] == [
        ("a.py", (Span(1, 2),), (Span(1, 2),), False),
        ("b.pyi", (Span(2, 2),), (Span(1, 3),), True),
    ]


def test_a_new_file_without_a_patch_was_written_whole() -> None:
    (found,), _ = candidates([replace(ADDED, patch=None)], lambda _: True, Limits())
    assert found.spans[0].last > 20_000
    assert found.shown == ()


def test_what_cannot_be_looked_at_is_said() -> None:
    unseen = replace(ADDED, filename="b.py", status="modified", patch=None)
    nameless = replace(ADDED, filename="c.py", sha=None)
    assert chosen(unseen, nameless, replace(ADDED, filename="../d.py"))[1] == [
        Skipped("../d.py", "its path is odd"),
        Skipped("b.py", "GitHub gives no patch for it, so nobody knows which lines were changed"),
        Skipped("c.py", "GitHub does not name its content"),
    ]


def test_there_is_a_limit() -> None:
    files = [replace(ADDED, filename=f"{name}.py") for name in "dcba"]
    skipped = [Skipped(f"{name}.py", "only 2 files are looked at") for name in "cd"]
    assert chosen(*files, limits=Limits(files=2)) == (["a.py", "b.py"], skipped)


@pytest.mark.parametrize(
    "path",
    [
        "../a.py",
        "/a.py",
        "a/../b.py",
        ".git/a.py",
        "x/.GIT/a.py",
        "a//b.py",
        "./a.py",
        "a\nb.py",
        "a\x1b.py",
        "\ud800.py",
    ],
)
def test_odd_paths(path: str) -> None:
    assert is_odd(path)


@pytest.mark.parametrize("path", ["a.py", "in/a b.py", ".github/a.py", "a..b.py", "\N{SNOWMAN}.py", "$(x).py"])
def test_paths_of_people(path: str) -> None:
    assert not is_odd(path)
