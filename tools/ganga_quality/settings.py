"""The settings of a repository: the table ``[tool.ganga-quality]`` of the ``pyproject.toml`` at its root."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from ganga_quality.errors import UsageError

Tool = Literal["ruff", "black", "mypy"]
TOOLS: tuple[Tool, ...] = ("ruff", "black", "mypy")

_WHERE = "pyproject.toml: [tool.ganga-quality]"
_SECTION_OF_MYPY = re.compile(rb"^\[mypy\]", re.MULTILINE)


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a repository wants; each key may be missing, and so may the table and the file."""

    #: Files or folders that are judged, relative to the root; empty: all Python files.
    paths: tuple[str, ...] = ()
    #: The branch or revision that changes are compared with; empty: found by itself.
    base: str = ""
    #: Which tools judge. None: ruff, black, and mypy where the repository configures it.
    tools: tuple[Tool, ...] | None = None
    #: Further arguments for mypy.
    mypy: tuple[str, ...] = ()
    #: The file that holds old debt, relative to the root.
    ratchet: str = ".github/ratchet.txt"
    #: Seconds for each tool.
    timeout: Annotated[float, Meta(gt=0)] = 600


def read_settings(root: Path) -> Settings:
    """The settings of the repository at this folder.

    Raises `UsageError` for an unknown key, a value of the wrong type, a path that leads out, and TOML that does not
    parse.
    """
    table = _tool_table(root, "ganga-quality")
    if table is None:
        return Settings()
    if not isinstance(table, Mapping):
        raise UsageError(f"{_WHERE} is not a table; write its keys below that heading")
    _check_names(table)
    try:
        settings = msgspec.convert(table, Settings)
    except msgspec.ValidationError as error:
        problem, _, place = str(error).partition(" - at `$.")
        raise UsageError(f"{_WHERE} {place.rstrip('`')}: {problem[:1].lower()}{problem[1:]}") from error
    for path in (*settings.paths, settings.ratchet):
        _check_path(path)
    if "\0" in settings.base:
        raise UsageError(f"{_WHERE} base: {settings.base!r} cannot name a revision")
    return settings


def judged_by(settings: Settings, root: Path) -> tuple[Tool, ...]:
    """The tools in effect. Raises `UsageError` if ``pyproject.toml`` does not parse."""
    if settings.tools is not None:
        return settings.tools
    return TOOLS if _configures_mypy(root) else tuple(tool for tool in TOOLS if tool != "mypy")


def _configures_mypy(root: Path) -> bool:
    if any((root / name).is_file() for name in ("mypy.ini", ".mypy.ini")) or _tool_table(root, "mypy") is not None:
        return True
    return _SECTION_OF_MYPY.search(_content(root / "setup.cfg")) is not None


def _tool_table(root: Path, name: str) -> object:
    """``[tool.NAME]``; None if there is none."""
    try:
        document = tomllib.loads(_content(root / "pyproject.toml").decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{root / 'pyproject.toml'} is not valid TOML: {error}; correct that place") from error
    tools = document.get("tool")
    return tools.get(name) if isinstance(tools, Mapping) else None


def _content(file: Path) -> bytes:
    """The bytes of a file that may be missing."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}; make it a readable file") from error


def _check_names(table: Mapping[str, object]) -> None:
    known = Settings.__struct_fields__
    for name in table:
        if name not in known:
            from difflib import get_close_matches  # noqa: PLC0415 - only errors need it, and it is slow to load

            meant = get_close_matches(name, known, n=1)
            hint = f"did you mean {meant[0]!r}?" if meant else f"known here: {', '.join(sorted(known))}"
            raise UsageError(f"{_WHERE} has an unknown key {name!r}; {hint}")


def _check_path(path: str) -> None:
    if not path or path.startswith("/") or ".." in path.split("/") or "\0" in path:
        raise UsageError(
            f"{_WHERE} names the path {path!r}; expected one below the root of the repository, relative to it"
        )
