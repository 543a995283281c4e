"""The locked requirements in tools: what pyproject.toml asks for, in exact versions with hashes."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LOCKED = {"requirements.txt": "bot", "requirements-dev.txt": "dev", "requirements-build.txt": None}


def wanted_by(extra: str, extras: dict[str, list[str]]) -> set[str]:
    """Everything that an extra names, through the other extras that it names."""
    wanted: set[str] = set()
    for requirement in extras[extra]:
        own = re.fullmatch(r"ganga\[([\w-]+)\]", requirement)
        wanted |= wanted_by(own[1], extras) if own else {requirement}
    return wanted


def numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]


def locked(name: str) -> dict[str, str]:
    """The version of each package, by its normal name."""
    text = (ROOT / "tools" / name).read_text()
    return {normal(package): version for package, version in re.findall(r"^([\w.-]+)==(\S+) \\$", text, re.MULTILINE)}


def normal(package: str) -> str:
    """A name as package indexes compare it (PEP 503)."""
    return re.sub("[-_.]+", "-", package).lower()


@pytest.mark.parametrize("name", LOCKED)
def test_the_locked_versions_are_those_that_pyproject_asks_for(name: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extra = LOCKED[name]
    asked = project["build-system"]["requires"] if extra is None else project["project"]["dependencies"]
    for requirement in {*asked, *(wanted_by(extra, project["project"]["optional-dependencies"]) if extra else ())}:
        named = re.fullmatch(r"([\w.-]+)(?:\[\w+\])?(==|>=)([^;]+)(?:;.*)?", requirement)
        assert named is not None, requirement
        version = locked(name)[normal(named[1])]
        if named[2] == "==":
            assert version == named[3]
        else:
            assert numbers(version) >= numbers(named[3])


def test_what_mypy_sees_is_what_the_tools_run_with() -> None:
    """The two are installed into one environment."""
    assert locked("requirements.txt").items() <= locked("requirements-dev.txt").items()


@pytest.mark.parametrize("name", LOCKED)
def test_every_locked_version_has_a_hash(name: str) -> None:
    """So that pip, which is told to require them, never asks why not."""
    for entry in re.split(r"\n(?=\w)", (ROOT / "tools" / name).read_text())[1:]:
        assert re.match(r"[\w.-]+==\S+ \\\n    --hash=sha256:[0-9a-f]{64}", entry), entry
