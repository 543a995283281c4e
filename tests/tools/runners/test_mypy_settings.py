"""Which configuration mypy would find, and what it names and leaves out."""

from pathlib import Path

import pytest

from ganga_quality.runners.mypy_settings import MypySettings, read_mypy_settings
from ganga_quality.runners.program import Unusable

FILES = {
    "mypy.ini": "[mypy]\nfiles = a.py\n",
    ".mypy.ini": "[mypy]\nstrict = True\n",
    "pyproject.toml": '[tool.mypy]\nmodules = ["a"]\n',
    "setup.cfg": "[mypy]\npackages = a\n[mypy]\n",
}


def test_the_first_file_with_a_section_counts(tmp_path: Path) -> None:
    assert read_mypy_settings(tmp_path) == MypySettings()
    for name, content in reversed(FILES.items()):
        (tmp_path / name).write_text(content)
        assert read_mypy_settings(tmp_path) == MypySettings(name, names_targets="strict" not in content)


def test_a_file_without_a_section_does_not(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    (tmp_path / "setup.cfg").write_text("[flake8]\nformat = %(path)s\n")
    assert read_mypy_settings(tmp_path) == MypySettings()


@pytest.mark.parametrize(
    ("exclude", "path", "excluded"),
    [
        ("'^old/'", "old/a.py", True),
        ("'^old/'", "new/old/a.py", False),
        ("['x', '/deep/$']", "very/deep/a.py", True),
        ("'^old$'", "old/a.py", False),
        ("''", "a.py", False),
        ("[]", "a.py", False),
        (r"'\.py$'", "a.py", True),
    ],
)
def test_patterns_match_files_and_folders_as_mypy_does(tmp_path: Path, exclude: str, path: str, excluded: bool) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.mypy]\nexclude = {exclude}\n")
    assert read_mypy_settings(tmp_path).excludes(path) is excluded


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "mypy.ini").write_bytes(b"\xff")
    with pytest.raises(Unusable, match=r"mypy\.ini"):
        read_mypy_settings(tmp_path)
