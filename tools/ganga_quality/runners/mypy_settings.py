"""What of mypy's configuration decides how it is called: its file, and the sources that it names or leaves out."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from configparser import ConfigParser
from configparser import Error as ConfigParserError
from pathlib import Path

import msgspec
from msgspec import Struct

from ganga_quality.findings import FailureKind
from ganga_quality.runners.program import Unusable

_INI = ("mypy.ini", ".mypy.ini")
_TARGETS = frozenset({"files", "packages", "modules"})


class MypySettings(Struct, frozen=True):
    """The configuration of one folder, as far as it concerns us."""

    #: Relative to the folder; empty if nothing configures mypy there.
    file: str = ""
    #: Whether it says by itself what to look at.
    names_targets: bool = False
    #: Patterns of files and folders, which mypy itself does not apply to files that it is given by name.
    exclude: tuple[re.Pattern[str], ...] = ()

    def excludes(self, path: str) -> bool:
        """Whether mypy, coming across this file in its folder, would leave it out."""
        parts = path.split("/")
        above = ["/".join(parts[:count]) + "/" for count in range(1, len(parts))]
        return any(pattern.search(place) for pattern in self.exclude for place in (*above, path))


def read_mypy_settings(folder: Path) -> MypySettings:
    """The configuration that mypy would find in this folder. Raises `Unusable` if it cannot be read."""
    for name, table in _candidates(folder):
        if table is not None:
            return MypySettings(name, not _TARGETS.isdisjoint(table), tuple(_patterns(name, table.get("exclude", ()))))
    return MypySettings()


class _Tool(Struct):
    mypy: dict[str, object] | None = None


class _Project(Struct):
    tool: _Tool = msgspec.field(default_factory=_Tool)


def _candidates(folder: Path) -> Iterator[tuple[str, dict[str, object] | None]]:
    """The files in mypy's own order, each with its section on mypy, if it has one."""
    for name in _INI:
        yield name, _ini(folder / name)
    yield "pyproject.toml", _toml(folder / "pyproject.toml")
    yield "setup.cfg", _ini(folder / "setup.cfg")


def _ini(file: Path) -> dict[str, object] | None:
    parser = ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, ConfigParserError) as error:
        raise _unreadable(file, error) from error
    return dict(parser["mypy"]) if parser.has_section("mypy") else None


def _toml(file: Path) -> dict[str, object] | None:
    try:
        project = msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), _Project)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise _unreadable(file, error) from error
    return project.tool.mypy


def _patterns(name: str, exclude: object) -> Iterator[re.Pattern[str]]:
    texts: Iterable[object] = exclude if isinstance(exclude, (list, tuple)) else (exclude,)
    for text in texts:
        try:
            # An empty pattern would match everything; to mypy it is none.
            if text:
                yield re.compile(str(text))
        except re.error as error:
            message = f"{name}: mypy's exclude {text!r} is not a regular expression: {error}; correct it"
            raise Unusable(FailureKind.CRASHED, message) from error


def _unreadable(file: Path, error: Exception) -> Unusable:
    return Unusable(FailureKind.CRASHED, f"{file.name}, which may configure mypy, cannot be read: {error}; correct it")
