"""A repository of old code to measure with: 100,000 lines of other people's packages, and a large change to them."""

import ast
import os
import re
import subprocess
import sys
import sysconfig
import warnings
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from zipfile import ZipFile

LINES = 100_000
CHANGED_FILES = 26
CHANGED_LINES = 2_000

#: Large, and but for the last not formatted by black. Pinned, so that figures of all days speak of the same code.
PACKAGES = ("docutils==0.23", "sympy==1.14.0", "networkx==3.6.1")

SETTINGS = """\
[tool.black]
line-length = 88

[tool.ruff]
line-length = 88

[tool.ruff.lint]
select = ["E", "W", "F", "I", "UP", "B", "C4", "SIM", "PERF", "RUF"]

[tool.mypy]
files = ["docutils"]
follow_imports = "silent"
ignore_missing_imports = true

[tool.ganga-quality]
tools = ["ruff", "black"]
"""

_ASSIGNMENT = re.compile(r"^(\s*\w+) = (?=\S)")
#: Of one file of the change: lines that are edited; the others are functions that come in.
_EDITED = 15
_FUNCTION = range(8, 31)

_GIT = {
    **os.environ,
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{who}_{what}": "bench@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


def git(folder: Path, *words: str) -> bytes:
    """What git says, without the settings of whoever runs this."""
    return subprocess.run(["git", *words], cwd=folder, env=_GIT, stdout=subprocess.PIPE, check=True).stdout


def make_repository(folder: Path) -> tuple[str, ...]:
    """Two commits in a new repository: the old code, and the change. Returns the paths of the changed files."""
    (folder / "pyproject.toml").write_text(SETTINGS, encoding="utf-8")
    files = list(_write_old_code(folder))
    git(folder, "init", "--quiet", "--initial-branch=main")
    _commit(folder, "Old code")
    changed = _change(folder, files)
    _commit(folder, "A large change")
    return changed


def _commit(folder: Path, message: str) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--no-gpg-sign", "--message", message)


def _write_old_code(folder: Path) -> Iterator[str]:
    """Write an equal share of each package, `LINES` together."""
    with TemporaryDirectory() as unpacked:
        roots = list(_downloaded(Path(unpacked))) or [Path(sysconfig.get_path("purelib"))]
        for root in roots:
            left = LINES // len(roots)
            for path, source in _parsable(root):
                if left <= 0:
                    break
                left -= source.count(b"\n")
                target = folder / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(source)
                yield path


def _downloaded(folder: Path) -> Iterator[Path]:
    """Where each package is unpacked; nowhere if there is no index."""
    fetch = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--only-binary=:all:",
        "--dest",
        str(folder),
    ]
    if subprocess.run([*fetch, *PACKAGES], stderr=subprocess.DEVNULL, check=False).returncode:
        sys.stderr.write(f"{', '.join(PACKAGES)} cannot be downloaded: measured with what is installed here instead.\n")
        return
    for wheel in sorted(folder.glob("*.whl")):
        with ZipFile(wheel) as archive:
            archive.extractall(wheel.with_suffix(""))
        yield wheel.with_suffix("")


def _parsable(root: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(root.rglob("*.py")):
        source = path.read_bytes()
        if b"\n" in source and _tree(source) is not None:
            yield path.relative_to(root).as_posix(), source


def _change(folder: Path, files: list[str]) -> tuple[str, ...]:
    """Edit `CHANGED_FILES` files, spread over all, so that `CHANGED_LINES` lines are new."""
    chance = Random(CHANGED_FILES)
    large = [path for path in files if (folder / path).read_bytes().count(b"\n") > 200]
    changed = tuple(large[:: len(large) // CHANGED_FILES][:CHANGED_FILES])
    functions = list(chain.from_iterable(_functions((folder / path).read_bytes()) for path in changed))
    for path in changed:
        source = (folder / path).read_bytes()
        (folder / path).write_bytes(_edited(source, functions, chance))
    return changed


def _edited(source: bytes, functions: list[list[bytes]], chance: Random) -> bytes:
    """The source with some lines edited and some functions of others put between its own."""
    lines = source.splitlines(keepends=True)
    candidates = [number for number, line in enumerate(lines) if _ASSIGNMENT.match(line.decode("latin-1"))]
    for number in sorted(chance.sample(candidates, min(_EDITED, len(candidates)))):
        line = _ASSIGNMENT.sub(r"\1=", lines[number].decode("latin-1")).encode("latin-1")
        lines[number] = line
    ends = [statement.end_lineno or 0 for statement in _definitions(source)]
    wanted = CHANGED_LINES // CHANGED_FILES - min(_EDITED, len(candidates))
    while wanted > 0:
        function = chance.choice(functions)
        end = chance.choice(ends) if ends else len(lines)
        lines[end - 1] += b"\n" + b"".join(function)
        wanted -= len(function) + 1
    return b"".join(lines)


def _functions(source: bytes) -> Iterator[list[bytes]]:
    lines = source.splitlines(keepends=True)
    for statement in _definitions(source):
        if isinstance(statement, ast.FunctionDef) and not statement.decorator_list:
            text = lines[statement.lineno - 1 : statement.end_lineno]
            if len(text) in _FUNCTION:
                yield text


def _definitions(source: bytes) -> list[ast.FunctionDef | ast.ClassDef]:
    tree = _tree(source)
    assert tree is not None
    return [statement for statement in tree.body if isinstance(statement, ast.FunctionDef | ast.ClassDef)]


def _tree(source: bytes) -> ast.Module | None:
    with warnings.catch_warnings(action="ignore"):
        try:
            return ast.parse(source)
        except (SyntaxError, ValueError):
            return None
