from pathlib import Path

import pytest

from ganga_quality.errors import UsageError
from ganga_quality.formatting.style import DEFAULT_EXCLUDE, Style, black_version, included, read_style


def written(folder: Path, text: str) -> Path:
    (folder / "pyproject.toml").write_text(text, "utf-8")
    return folder


def test_without_settings_black_decides(tmp_path: Path) -> None:
    assert read_style(tmp_path) == Style()
    assert read_style(written(tmp_path, "[tool.ruff]\nline-length = 9\n")) == Style()


def test_settings_are_read_as_black_reads_them(tmp_path: Path) -> None:
    text = """
    [project]
    requires-python = ">=3.11"
    [tool.black]
    line-length = 100
    target_version = ["py311"]
    skip-string-normalization = true
    extend-exclude = "/generated/"
    workers = 3
    """
    assert read_style(written(tmp_path, text)) == Style(
        line_length=100,
        target_version=("py311",),
        requires_python=">=3.11",
        skip_string_normalization=True,
        extend_exclude="/generated/",
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("line-lenght = 9", "no setting 'line-lenght'; did you mean line-length?"),
        ("requires-python = 'x'", "no setting 'requires-python'"),
        ("line-length = 'long'", "line_length"),
        ("target-version = 'py311'", "target_version"),
        ("exclude = '('", "tool.black"),
        ("required-version = '1.2'", "install black==1.2"),
        ("line-length = ", "TOML"),
    ],
)
def test_what_black_would_not_understand_is_an_error_of_use(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_style(written(tmp_path, f"[tool.black]\n{line}\n"))


def test_the_version_that_is_required_may_be_the_one_there_is(tmp_path: Path) -> None:
    for version in (black_version(), black_version().split(".", maxsplit=1)[0]):
        assert (
            read_style(written(tmp_path, f"[tool.black]\nrequired-version = '{version}'")).required_version == version
        )


def test_the_installed_black_excludes_the_same_folders() -> None:
    from black.const import DEFAULT_EXCLUDES  # noqa: PLC0415 - the contract is the point

    assert DEFAULT_EXCLUDES == DEFAULT_EXCLUDE


@pytest.mark.parametrize(
    ("style", "path", "answer"),
    [
        (Style(), "a/b.py", True),
        (Style(), "b.pyi", True),
        (Style(), "b.txt", False),
        (Style(), "build/b.py", False),
        (Style(), "a/.venv/b.py", False),
        (Style(), "build.py", True),
        (Style(exclude=""), "build/b.py", True),
        (Style(exclude="/x/"), "build/b.py", True),
        (Style(extend_exclude="/x/"), "a/x/b.py", False),
        (Style(extend_exclude="b\\.py$"), "a/b.py", False),
        (Style(force_exclude="\n  ^/a/  # a comment\n"), "a/b.py", False),
        (Style(include="\\.pyw$"), "a.pyw", True),
        (Style(extend_exclude="z*"), "a.py", True),
    ],
)
def test_files_are_found_as_black_finds_them(style: Style, path: str, answer: bool) -> None:
    assert included(style, path) is answer
