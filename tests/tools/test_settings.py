from pathlib import Path

import pytest

from ganga_quality.errors import UsageError
from ganga_quality.settings import TOOLS, Settings, judged_by, read_settings


def written(folder: Path, text: str) -> Path:
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("text", [None, "", "[tool.black]\nline-length = 100\n", "[tool.ganga-quality]\n"])
def test_nothing_has_to_be_said(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        written(tmp_path, text)
    assert read_settings(tmp_path) == Settings()


def test_everything_can_be_said(tmp_path: Path) -> None:
    text = """
        [tool.ganga-quality]
        paths = ["ganga", "setup.py"]
        base = "origin/develop"
        tools = ["ruff"]
        mypy = ["--strict"]
        ratchet = "debt.txt"
        timeout = 30
    """
    assert read_settings(written(tmp_path, text)) == Settings(
        paths=("ganga", "setup.py"),
        base="origin/develop",
        tools=("ruff",),
        mypy=("--strict",),
        ratchet="debt.txt",
        timeout=30,
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('path = ["x"]', "unknown key 'path'; did you mean 'paths'?"),
        ("colour = 1", "unknown key 'colour'; known here: base, mypy, paths, ratchet, timeout, tools"),
        ('paths = "ganga"', "paths: expected `array`, got `str`"),
        ('paths = ["x", 1]', r"paths\[1\]: expected `str`, got `int`"),
        ('paths = ["/etc"]', "names the path '/etc'; expected one below the root"),
        ('paths = [""]', "names the path ''; expected one below the root"),
        ('ratchet = "a/../../debt.txt"', "names the path 'a/../../debt.txt'"),
        ('tools = ["pylint"]', r"tools\[0\]: invalid enum value 'pylint'"),
        ("timeout = 0", "timeout: expected `float` > 0.0"),
        ("timeout = nan", "timeout: expected `float` > 0.0"),
        ('base = "a\\u0000b"', "cannot name a revision"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_settings(written(tmp_path, f"[tool.ganga-quality]\n{line}\n"))


def test_the_table_has_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a table"):
        read_settings(written(tmp_path, "[tool]\nganga-quality = 1\n"))


@pytest.mark.parametrize("content", [b"[tool", b"\xff = 1"])
def test_a_file_that_does_not_parse_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "pyproject.toml").write_bytes(content)
    with pytest.raises(UsageError, match=r"pyproject.toml is not valid TOML: .*; correct that place"):
        read_settings(tmp_path)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").mkdir()
    with pytest.raises(UsageError, match="cannot be read"):
        read_settings(tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "configured"),
    [
        ("pyproject.toml", "[tool.mypy]\n", True),
        ("pyproject.toml", "[tool.black]\n", False),
        ("mypy.ini", "", True),
        (".mypy.ini", "", True),
        ("setup.cfg", "[metadata]\nname = x\n[mypy]\nstrict = true\n", True),
        ("setup.cfg", "[mypy-requests.*]\n", False),
    ],
)
def test_mypy_judges_where_it_is_configured(tmp_path: Path, name: str, text: str, configured: bool) -> None:
    (tmp_path / name).write_text(text)
    assert judged_by(Settings(), tmp_path) == (TOOLS if configured else ("ruff", "black"))
    assert judged_by(Settings(tools=("mypy",)), tmp_path) == ("mypy",)
    assert judged_by(Settings(tools=()), tmp_path) == ()
