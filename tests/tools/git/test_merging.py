from pathlib import Path

import pytest

from ganga_quality.changes import Hunk
from ganga_quality.errors import ToolError
from ganga_quality.git.merging import merge_heads, union
from ganga_quality.git.repository import Commit, Index
from tests.tools.history import History


@pytest.fixture
def sides(history: History) -> list[str]:
    """Three branches of one file: the first two collide, the third does not; the hashes."""
    text = "".join(f"{number}\n" for number in range(9))
    history.commit({"x.py": text, "y.py": "y\n"})
    hashes = []
    for name, new in {"one": {"0": "one"}, "two": {"0": "two"}, "three": {"8": "three"}}.items():
        history.git("switch", "-q", "-c", name, "main")
        hashes.append(history.commit({"x.py": "".join(f"{new.get(line, line)}\n" for line in text.split())}))
    history.git("switch", "-q", "one")
    return hashes


@pytest.mark.usefixtures("sides")
def test_without_a_merge_there_are_no_heads(history: History) -> None:
    assert merge_heads(history.repository, {}) == ()


def test_the_heads_of_a_merge_are_found(history: History, sides: list[str]) -> None:
    history.git("merge", "-q", "--no-commit", "three")
    assert merge_heads(history.repository, {}) == (sides[2],)


def test_a_hook_is_told_the_heads_of_a_merge_that_git_commits_by_itself(
    history: History, sides: list[str], tmp_path: Path
) -> None:
    hook = history.write(".git/hooks/pre-merge-commit", f"#!/bin/sh\nenv > {tmp_path}/environment\n")
    hook.chmod(0o755)
    history.git("merge", "-q", "--no-edit", "three")
    environment = dict(
        line.split("=", 1) for line in (tmp_path / "environment").read_text().splitlines() if "=" in line
    )
    assert merge_heads(history.repository, environment) == (sides[2],)


def test_a_union_has_the_lines_of_all_sides(history: History, sides: list[str]) -> None:
    repository = history.repository
    content = repository.read(Commit(union(repository, sides)), "x.py")
    assert content == b"one\ntwo\n1\n2\n3\n4\n5\n6\n7\nthree\n"
    assert union(repository, sides[:1]) == sides[0]


def test_only_what_neither_side_had_counts(history: History, sides: list[str]) -> None:
    with pytest.raises(AssertionError):
        history.git("merge", "-q", "two")
    history.stage({"x.py": "two\nresolved\n1\n2\n3\n4\n5\n6\n7\n8\n"})
    repository = history.repository
    base = union(repository, (sides[0], *merge_heads(repository, {})))
    change = repository.changes(base, Index()).files["x.py"]
    assert [line for line in range(1, 11) if change.wrote(line)] == [2]
    assert change.hunks == (Hunk(1, 1, 0, 0), Hunk(2, 0, 2, 1))


def test_a_file_that_one_side_removed_does_not_stop_it(history: History, sides: list[str]) -> None:
    history.git("switch", "-q", "-c", "removed", "main")
    (history.root / "x.py").unlink()
    removed = history.commit()
    repository = history.repository
    assert set(repository.python_files(Commit(union(repository, (sides[0], removed))))) == {"x.py", "y.py"}


def test_what_cannot_be_merged_is_told(history: History, sides: list[str]) -> None:
    with pytest.raises(ToolError, match=r"takes git 2.38 or newer"):
        union(history.repository, (sides[0], "nothing"))
