from pathlib import Path

import pytest

from ganga_quality.errors import UsageError
from ganga_quality.scope.paths import Selection, relative_to


@pytest.mark.parametrize(
    ("paths", "file", "selected"),
    [
        ((), "a/x.py", True),
        ((".",), "a/x.py", True),
        (("a",), "a/x.py", True),
        (("a/",), "a/x.py", True),
        (("./a",), "a/x.py", True),
        (("a/x.py",), "a/x.py", True),
        (("b", "a"), "a/x.py", True),
        (("a",), "ab/x.py", False),
        (("x.py",), "a/x.py", False),
        (("a/x.py/y",), "a/x.py", False),
    ],
)
def test_a_folder_stands_for_all_below_it(paths: tuple[str, ...], file: str, selected: bool) -> None:
    assert (file in Selection(paths)) is selected


def test_what_is_nowhere_is_missing(tmp_path: Path) -> None:
    (tmp_path / "on_disk").mkdir()
    (tmp_path / "dangling").symlink_to("nothing")
    selection = Selection(("on_disk", "dangling", "known", "typo"))
    assert selection.missing(tmp_path, ["known/x.py"]) == ("typo",)


def test_paths_become_those_of_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    (root / "link.py").symlink_to("/etc/passwd")
    (tmp_path / "alias").symlink_to(root)
    monkeypatch.chdir(root / "a")
    for given, expected in {
        "x.py": "a/x.py",
        ".": "a",
        "..": ".",
        "../b/../x.py": "x.py",
        "../link.py": "link.py",
        str(tmp_path / "alias" / "a" / "x.py"): "a/x.py",
        str(tmp_path / "alias"): ".",
    }.items():
        assert relative_to(root, Path(given)) == expected


@pytest.mark.parametrize("path", ["..", "../other/x.py", "/etc/passwd", "../root2"])
def test_paths_outside_are_refused(tmp_path: Path, path: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    with pytest.raises(UsageError, match=r"is not in the repository at .*; name a path within it"):
        relative_to(root, root / path)


def test_a_file_is_one_of_the_paths_or_below_one() -> None:
    assert "a/b.py" in Selection(())
    assert "a/b.py" in Selection(("x", "a/"))
    assert "a.py" in Selection(("a.py",))
    assert "ab/c.py" not in Selection(("a",))
    assert "a/b.py" in Selection((".",))
