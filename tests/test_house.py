"""The plan of the house: imports go down only, importing costs nothing, and every room says what it is for."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent
MODULES = [*sorted((HOUSE / "ganga").rglob("*.py")), *sorted((HOUSE / "tools").rglob("*.py"))]

#: What ``import ganga`` must not load.
HEAVY = {"black", "rich", "aiohttp", "cyclopts", "asyncio", "msgspec", "psutil", "sqlite3"}

TOOLS = "tools/ganga_quality"
PLANS = {
    "imports go down only": ("ganga/model/status.py", "from ganga.core import lane"),
    "model and core do no input or output": ("ganga/core/lane.py", "import asyncio"),
    "imports of the quality tools go down only": (f"{TOOLS}/findings.py", "from ganga_quality.git import diff"),
    "the two halves do not know each other": (f"{TOOLS}/errors.py", "from ganga import errors"),
    "what the bot plans, and what a change is, needs no input or output": (f"{TOOLS}/bot/plan.py", "import asyncio"),
}


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of a copy of the house, or of the house itself."""
    program = "from importlinter.cli import lint_imports_command as run; run()"
    command = [sys.executable, "-c", f"import sys; sys.path[:0] = ['.', 'tools']; {program}", "--no-cache"]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)


def test_the_import_plan_holds() -> None:
    checked = lint_imports(HOUSE)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("contract", PLANS)
def test_a_breach_of_the_plan_is_noticed(contract: str, tmp_path: Path) -> None:
    """Over a small copy of the rooms that matter, with one import planted."""
    (tmp_path / "pyproject.toml").write_text((HOUSE / "pyproject.toml").read_text())
    for module in MODULES:
        copy = tmp_path / module.relative_to(HOUSE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(module.read_text())
    place, planted = PLANS[contract]
    (tmp_path / place).write_text(f"{planted}\n")
    checked = lint_imports(tmp_path)
    assert checked.returncode != 0
    assert f"{contract} BROKEN" in checked.stdout


@pytest.mark.parametrize("package", ["ganga", "ganga_quality.cli"])
def test_importing_loads_nothing_heavy(package: str) -> None:
    program = f"import sys, {package}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert not HEAVY & set(loaded.stdout.split())


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(HOUSE)))
def test_every_module_says_what_it_is_for(module: Path) -> None:
    assert ast.get_docstring(ast.parse(module.read_text()))


@pytest.mark.parametrize("room", ["model", "core"])
def test_every_module_of_the_core_has_its_tests(room: str) -> None:
    modules = {path.stem for path in (HOUSE / "ganga" / room).glob("*.py")} - {"__init__"}
    tests = {path.stem.removeprefix("test_") for path in (HOUSE / "tests" / room).glob("test_*.py")}
    assert modules <= tests


def test_the_testing_kit_needs_no_test_framework() -> None:
    for path in (HOUSE / "ganga" / "testing").rglob("*.py"):
        imported = {
            name
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names])
        }
        assert not {name.partition(".")[0] for name in imported} & {"pytest", "hypothesis"}, path
