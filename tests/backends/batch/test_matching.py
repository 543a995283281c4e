"""Patterns mean afar what they mean here."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import pytest

from ganga.backends.batch.here import HereShell
from ganga.backends.batch.matching import matches
from ganga.backends.batch.shell import Kind

FILES = ("a.root", "b.txt", ".hidden.root", "deep/c.root", "deep/er/d.root", "deep/er/e.txt")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "loop").symlink_to(".")
    return tmp_path


def found_here(folder: Path, pattern: str) -> set[str]:
    found = {str(path.relative_to(folder)) for path in folder.glob(pattern)} - {"."}
    return {name for name in found if not name.startswith("loop/")}


@pytest.mark.parametrize(
    "pattern",
    [
        "a.root",
        "*.root",
        "*",
        "**/*.root",
        "deep",
        "deep/*",
        "deep/**/d.root",
        "[ab].*",
        "?.txt",
        "no*",
        "**",
        "loop/*",
    ],
)
async def test_a_pattern_means_what_it_means_here(folder: Path, pattern: str) -> None:
    shell = HereShell(within=60.0)

    async def scan(inner: PurePosixPath) -> Mapping[str, Kind] | None:
        return await shell.scan(PurePosixPath(folder) / inner)

    found = {str(name) async for name, _ in matches(scan, pattern)}
    assert found == found_here(folder, pattern)


@pytest.mark.parametrize("pattern", ["", "/etc/passwd", "../x", "deep/../../x", "."])
async def test_a_pattern_that_leads_out_matches_nothing(folder: Path, pattern: str) -> None:
    async def scan(inner: PurePosixPath) -> Mapping[str, Kind] | None:
        raise AssertionError(f"{folder / inner} was looked into")

    assert [found async for found in matches(scan, pattern)] == []
