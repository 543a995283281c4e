"""How black is to format: the settings of ``[tool.black]`` in ``pyproject.toml``, read without loading black."""

import re
import sys
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from itertools import accumulate
from pathlib import Path, PurePosixPath

import msgspec
from msgspec import Struct

from ganga_quality.errors import ToolError, UsageError

#: What to try where black is missing, or another one than we know.
INSTALL = "Install it with: pip install 'ganga[quality]'"

#: Where black looks for nothing unless it is told to; the tests hold it against black's own.
DEFAULT_EXCLUDE = (
    r"/(\.direnv|\.eggs|\.git|\.hg|\.ipynb_checkpoints|\.mypy_cache|\.nox|\.pytest_cache|\.ruff_cache|\.tox|\.svn"
    r"|\.venv|\.vscode|__pypackages__|_build|buck-out|build|dist|venv)/"
)
#: Settings of black that say how it is called, not how it formats.
_IGNORED = frozenset(
    {
        "cache_dir",
        "check",
        "color",
        "diff",
        "fast",
        "ipynb",
        "no_cache",
        "no_color",
        "python_cell_magics",
        "quiet",
        "safe",
    }
    | {"stdin_filename", "verbose", "workers"}
)


class Style(Struct, frozen=True, kw_only=True):
    """Black's settings under black's names. What is not said is as black has it."""

    line_length: int = 88
    target_version: tuple[str, ...] = ()
    #: The Python versions of the project, for a project that names no ``target-version``.
    requires_python: str = ""
    pyi: bool = False
    skip_string_normalization: bool = False
    skip_magic_trailing_comma: bool = False
    skip_source_first_line: bool = False
    preview: bool = False
    unstable: bool = False
    enable_unstable_feature: tuple[str, ...] = ()
    required_version: str = ""
    include: str = r"\.pyi?$"
    exclude: str = DEFAULT_EXCLUDE
    extend_exclude: str = ""
    force_exclude: str = ""


def read_style(root: Path) -> Style:
    """The style of a project; black's own where ``pyproject.toml`` says nothing. Settings of a user's home are not
    read.

    Raises UsageError for what black does not know, and for another version of black than the project asks for.
    """
    file = root / "pyproject.toml"
    try:
        document = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return Style()
    except (OSError, ValueError) as error:
        raise UsageError(f"{file}: cannot be read as TOML: {error}") from error
    try:
        style = _style(document)
    except (UsageError, msgspec.ValidationError, re.error) as error:
        raise UsageError(f"{file}: [tool.black]: {error}") from error
    return style


def included(style: Style, path: str) -> bool:
    """Whether black, searching from the root, would come upon a file with this path relative to it."""
    whole = f"/{path}"
    if not _pattern(style.include).search(whole):
        return False
    folders = accumulate(PurePosixPath(path).parts[:-1], "{}/{}".format, initial="")
    names = [whole, *(f"{folder}/" for folder in folders if folder)]
    patterns = (style.exclude, style.extend_exclude, style.force_exclude)
    return not any(_hits(pattern, name) for pattern in patterns if pattern for name in names)


def black_version() -> str:
    """Which black is installed. Raises ToolError if none is."""
    try:
        return version("black")
    except PackageNotFoundError as error:
        raise ToolError(f"black is not there, beside {sys.executable}. {INSTALL}") from error


def _style(document: Mapping[str, object]) -> Style:
    table = _table(document, "tool", "black")
    values = {key.replace("--", "").replace("-", "_"): value for key, value in table.items()}
    for key in values:
        _known(key)
    requires = _table(document, "project").get("requires-python", "")
    style = msgspec.convert({"requires_python": requires} | values, Style, strict=False)
    for pattern in (style.include, style.exclude, style.extend_exclude, style.force_exclude):
        _pattern(pattern)
    _right_version(style.required_version)
    return style


def _table(document: Mapping[str, object], *names: str) -> Mapping[str, object]:
    found: object = document
    for name in names:
        found = found.get(name, {}) if isinstance(found, Mapping) else {}
    return found if isinstance(found, Mapping) else {}


def _known(key: str) -> None:
    names = [*(set(Style.__struct_fields__) - {"requires_python"}), *_IGNORED]
    if key not in names:
        near = get_close_matches(key, names, n=1)
        hint = f"; did you mean {near[0].replace('_', '-')}?" if near else ""
        raise UsageError(f"black has no setting {key.replace('_', '-')!r}{hint}")


def _right_version(required: str) -> None:
    installed = black_version()
    if required and required not in {installed, installed.split(".", maxsplit=1)[0]}:
        raise UsageError(
            f"required-version is {required}, but black {installed} is installed; install black=={required}"
        )


@lru_cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(f"(?x){text}" if "\n" in text else text)


def _hits(pattern: str, name: str) -> bool:
    found = _pattern(pattern).search(name)
    return bool(found and found[0])
