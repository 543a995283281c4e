"""The hooks of this repository and those that it exports, run by real pre-commit and real prek."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.tools.needs import needs_program

ROOT = Path(__file__).parents[2]
PROGRAMS = ("pre-commit", "prek")

#: Environments are made from the package index, which may be far.
pytestmark = pytest.mark.timeout(400)

SETTINGS = """\
[tool.ganga-quality]
ratchet = "ratchet.txt"

[tool.ruff.lint]
select = ["F"]

[tool.mypy]
strict = true
"""
GOOD = '"""Areas."""\n\n\ndef area(width: int, height: int) -> int:\n    return width * height\n'
UGLY = '"""Areas."""\n\n\ndef area(width: int, height: int) -> int:\n    return ( width*height )\n'
UNUSED = '"""Areas."""\n\nimport os\n'
MISTYPED = '"""Areas."""\n\nAREA: int = "large"\n'
#: Two statements, far from each other, that black would change.
TWO_UGLY = (
    '"""Areas."""\n\nfirst = ( 1 )\n'
    + "".join(f"\nplain_{number} = {number}\n" for number in range(9))
    + "\nlast = ( 2 )\n"
)


class House:
    """A repository with hooks, and the environment in which git and the hooks run: no Git host can be reached."""

    def __init__(self, root: Path, environment: Mapping[str, str]) -> None:
        self.root = root
        self.environment = environment
        self.file = root / "area.py"
        root.mkdir()
        self.git("init", "--quiet", "--initial-branch", "main")

    def run(self, program: str | Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        command: list[str | Path] = [program, *arguments]
        return subprocess.run(
            command, cwd=self.root, env=self.environment, capture_output=True, text=True, timeout=250, check=False
        )

    def git(self, *arguments: str) -> str:
        done = self.run("git", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def stage(self, text: str) -> None:
        self.file.write_text(text)
        self.git("add", "area.py")

    def commit(self, *options: str) -> str:
        """Try to; returns what the hooks had to say, which is nothing if they let it through."""
        done = self.run("git", "commit", "--quiet", "--message", "Change", *options)
        return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Nobody's settings, one cache for each program, and git that speaks no protocol but files."""
    home = tmp_path_factory.mktemp("home")
    told = ("GITHUB_", "GIT_", "PRE_COMMIT", "PREK")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(told)}
    return {
        **kept,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "PIP_NO_COMPILE": "1",
        "XDG_CACHE_HOME": str(home / "cache"),
        "GIT_ALLOW_PROTOCOL": "file",
        "GIT_AUTHOR_NAME": "A",
        "GIT_AUTHOR_EMAIL": "a@example.org",
        "GIT_COMMITTER_NAME": "A",
        "GIT_COMMITTER_EMAIL": "a@example.org",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "PRE_COMMIT_HOME": str(home / "pre-commit"),
        "PREK_HOME": str(home / "prek"),
    }


@pytest.fixture(params=PROGRAMS)
def program(request: pytest.FixtureRequest) -> Path:
    return needs_program(str(request.param))


@pytest.fixture
def house(program: Path, environment: dict[str, str], tmp_path: Path) -> House:
    """A repository with this project's own hooks, and one good commit. Nothing can be installed: no index is asked."""
    house = House(tmp_path / "house", {**environment, "PIP_NO_INDEX": "1", "UV_OFFLINE": "1"})
    shutil.copy(ROOT / ".pre-commit-config.yaml", house.root)
    (house.root / "pyproject.toml").write_text(SETTINGS)
    (house.root / "ratchet.txt").write_text("1 F401 area.py\n")
    house.file.write_text(GOOD)
    house.git("add", ".")
    assert not house.commit()
    installed = house.run(program, "install")
    assert installed.returncode == 0, installed.stdout + installed.stderr
    return house


def test_git_can_reach_no_host_here(house: House) -> None:
    asked = house.run("git", "ls-remote", "https://example.org/x.git")
    assert "transport 'https' not allowed" in asked.stderr


def test_a_bad_commit_is_refused_mended_and_accepted(house: House) -> None:
    house.stage(UGLY)
    assert "area.py" in house.commit()
    assert "return width * height" in house.file.read_text()
    house.git("add", "area.py")
    assert not house.commit("--allow-empty")


def test_what_only_a_person_can_mend_is_told_until_it_is_mended(house: House) -> None:
    house.stage(UNUSED)
    told = house.commit()
    assert "F401" in told
    assert "area.py:3" in told
    house.stage(GOOD)
    assert not house.commit("--allow-empty")


def test_a_second_run_changes_nothing(house: House, program: Path) -> None:
    house.stage(UGLY.replace("area(", "surface("))
    house.commit()
    house.git("add", "area.py")
    before = house.file.read_bytes()
    again = house.run(program, "run")
    assert again.returncode == 0, again.stdout + again.stderr
    assert house.file.read_bytes() == before
    assert not house.git("diff", "--name-only")


def test_only_what_is_staged_is_judged_and_mended(house: House) -> None:
    house.stage(TWO_UGLY.replace("last = ( 2 )", "last = 2"))
    house.file.write_text(TWO_UGLY)
    assert house.commit()
    assert "first = 1\n" in house.file.read_text()
    assert "last = ( 2 )\n" in house.file.read_text()
    house.stage(TWO_UGLY.replace("( 1 )", "1").replace("( 2 )", "2"))
    house.file.write_text(TWO_UGLY.replace("( 1 )", "1"))
    assert not house.commit()
    assert "last = ( 2 )\n" in house.file.read_text()


def test_types_are_checked_at_push(house: House, tmp_path: Path) -> None:
    house.git("init", "--quiet", "--bare", str(tmp_path / "there.git"))
    house.git("remote", "add", "origin", str(tmp_path / "there.git"))
    house.git("push", "--quiet", "origin", "main")
    house.stage(MISTYPED)
    assert not house.commit()
    refused = house.run("git", "push", "origin", "main")
    assert refused.returncode
    assert "area.py:3" in refused.stdout + refused.stderr
    assert "assignment" in refused.stdout + refused.stderr
    house.stage(GOOD)
    assert not house.commit()
    house.git("push", "--quiet", "origin", "main")


def test_a_range_of_commits_is_judged_by_what_it_brings_in(house: House, program: Path) -> None:
    """Old violations, from before the range, are none of its business."""
    house.stage(UNUSED)
    assert not house.commit("--no-verify")
    old = house.git("rev-parse", "HEAD").strip()
    house.stage(f"{UNUSED}\nNUMBER = 1\n")
    assert not house.commit("--no-verify")
    stage = ("run", "--hook-stage", "pre-push", "--from-ref")
    clean = house.run(program, *stage, old, "--to-ref", "HEAD")
    assert clean.returncode == 0, clean.stdout + clean.stderr
    both = house.run(program, *stage, f"{old}^", "--to-ref", "HEAD")
    assert both.returncode
    assert "F401" in both.stdout


def test_debt_may_not_grow_at_push(house: House, program: Path) -> None:
    house.stage(GOOD.replace("width * height", "width * height  # noqa"))
    assert not house.commit()
    refused = house.run(program, "run", "--hook-stage", "pre-push", "--from-ref", "HEAD~1", "--to-ref", "HEAD")
    assert refused.returncode
    assert "area.py:5:1: noqa" in refused.stdout


# -- the hooks for others


@pytest.fixture(scope="session")
def exported(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> House:
    """This working tree, committed somewhere else: what a clone of a release would be."""
    origin = House(tmp_path_factory.mktemp("exported") / "ganga", environment)
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.rstrip("\0").split("\0")
    for name in files:
        if (ROOT / name).is_file():
            (origin.root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, origin.root / name)
    origin.git("add", "--force", ".")
    assert not origin.commit()
    origin.git("tag", "v0.1.0")
    return origin


CONFIGURATION = """\
repos:
  - repo: {origin}
    rev: v0.1.0
    hooks:
      - id: ganga-quality-fix
      - id: ganga-quality-check
      - id: ganga-quality-ratchet
"""


@pytest.mark.slow
def test_another_repository_uses_the_exported_hooks(
    program: Path, exported: House, environment: dict[str, str], tmp_path: Path
) -> None:
    """Its environment is made from the clone, with the clone's pin, and from the package index alone."""
    other = House(tmp_path / "other", {**environment, "PATH": os.environ["PATH"]})
    other.file.write_text(GOOD)
    (other.root / ".pre-commit-config.yaml").write_text(CONFIGURATION.format(origin=exported.root))
    (other.root / ".github").mkdir()
    (other.root / ".github" / "ratchet.txt").write_text("")
    other.git("add", ".")
    other.git("commit", "--quiet", "--message", "Begin")
    installed = other.run(program, "install", "--hook-type", "pre-commit", "--hook-type", "pre-push")
    assert installed.returncode == 0, installed.stdout + installed.stderr
    other.stage(UGLY)
    assert "area.py" in other.commit()
    assert "return width * height" in other.file.read_text()
    other.stage(UNUSED)
    assert "F401" in other.commit()
    other.stage(f"{GOOD}\n\nNUMBER = 1\n")
    assert not other.commit()
    ratchet = ("run", "--hook-stage", "pre-push", "--all-files", "ganga-quality-ratchet")
    held = other.run(program, *ratchet)
    assert held.returncode == 0, held.stdout + held.stderr
    other.stage(UNUSED)
    assert not other.commit("--no-verify")
    assert "F401" in other.run(program, *ratchet).stdout
    versions = hook_versions(Path(environment["PRE_COMMIT_HOME" if program.name == "pre-commit" else "PREK_HOME"]))
    assert f"black=={versions['black']}" in (ROOT / "pyproject.toml").read_text()
    assert f"ruff=={versions['ruff']}" in (ROOT / "pyproject.toml").read_text()


def hook_versions(home: Path) -> dict[str, str]:
    """The versions of what is installed in the environments of the hooks."""
    installed = (path.name.removesuffix(".dist-info").partition("-") for path in home.rglob("*.dist-info"))
    return {name: version for name, _, version in installed}
