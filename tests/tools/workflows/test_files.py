"""The files of .github, the action and the hooks: valid and secure, by four judges and by the rules of this house.

Each judge is shown to find a planted violation, in a copy of the house where all else is as it is.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.live.provision import IN_FOLDERS, IN_THE_SYSTEM
from tests.tools.needs import needs_program
from tests.tools.workflows.rules import violations

ROOT = Path(__file__).parents[3]
COPIED = (
    ".github",
    ".gitignore",
    ".pre-commit-config.yaml",
    ".pre-commit-hooks.yaml",
    "LICENSE",
    "README.md",
    "action.yml",
    "pyproject.toml",
    "tools/requirements.txt",
)
ACTIONS = ("action.yml", ".github/actions/quality/action.yml")
HOOKS = (".pre-commit-config.yaml", ".pre-commit-hooks.yaml")


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of all files that are judged here, in which something can be planted."""
    for name in COPIED:
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target)
        else:
            shutil.copy(ROOT / name, target)
    for folder in ("ganga", "tests"):
        (tmp_path / folder).mkdir()
    (tmp_path / "ganga" / "__init__.py").touch()
    # What actionlint takes for the top of the project.
    (tmp_path / ".git").mkdir()
    return tmp_path


def plant(house: Path, name: str, old: str, new: str) -> None:
    text = (house / name).read_text()
    assert old in text
    (house / name).write_text(text.replace(old, new, 1))


def run(folder: Path, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command: list[str | Path] = [needs_program(program), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def zizmor(folder: Path) -> str:
    judged = run(folder, "zizmor", "--offline", "--quiet", "--persona", "pedantic", ".github", "action.yml", *HOOKS)
    return "" if judged.returncode == 0 else judged.stdout + judged.stderr


def actionlint(folder: Path) -> str:
    """With shellcheck for the scripts in the workflows."""
    judged = run(folder, "actionlint", "-oneline", f"-shellcheck={needs_program('shellcheck')}", "-pyflakes=")
    return "" if judged.returncode == 0 else judged.stdout + judged.stderr


def schemas(folder: Path) -> str:
    told = [
        run(folder, "check-jsonschema", "--builtin-schema", f"vendor.{schema}", *map(str, files))
        for schema, files in (
            ("github-workflows", sorted((folder / ".github" / "workflows").iterdir())),
            ("github-actions", ACTIONS),
            ("dependabot", [".github/dependabot.yml"]),
            ("github-issue-forms", [".github/ISSUE_TEMPLATE/bug.yml", ".github/ISSUE_TEMPLATE/feature.yml"]),
            ("github-issue-config", [".github/ISSUE_TEMPLATE/config.yml"]),
        )
    ]
    return "".join(judged.stdout + judged.stderr for judged in told if judged.returncode)


def hook_files(folder: Path) -> str:
    """By both programs that read them."""
    told = [
        run(folder, program, command, file)
        for program in ("pre-commit", "prek")
        for command, file in zip(("validate-config", "validate-manifest"), HOOKS, strict=True)
    ]
    return "".join(judged.stdout + judged.stderr for judged in told if judged.returncode)


def sp_repo_review(folder: Path) -> str:
    judged = run(folder, "sp-repo-review", ".", "--format", "json")
    checks = json.loads(judged.stdout)["checks"]
    return "".join(f"{name} {check['err_msg']}\n" for name, check in checks.items() if check["result"] is False)


def rules(folder: Path) -> str:
    return "\n".join(violations(folder))


Judge = Callable[[Path], str]
JUDGES: tuple[Judge, ...] = (zizmor, actionlint, schemas, hook_files, sp_repo_review, rules)

LINT, FORMAT_PR, RELEASE = (f".github/workflows/{name}.yml" for name in ("lint", "format-pr", "release"))
QUALITY = ".github/actions/quality/action.yml"
INJECTION = ("run: |", "run: |\n          echo ${{ github.head_ref }}")
PLANTED: list[tuple[Judge, str, str, str, str]] = [
    (zizmor, ".github/workflows/format-all.yml", *INJECTION, "template-injection"),
    (zizmor, FORMAT_PR, " # zizmor: ignore[dangerous-triggers]", " # trust me", "dangerous-triggers"),
    (zizmor, LINT, "persist-credentials: false", "clean: true", "artipacked"),
    (zizmor, LINT, "permissions: {}", "permissions: write-all", "excessive-permissions"),
    (zizmor, LINT, "@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@v7", "unpinned-uses"),
    (zizmor, ".github/dependabot.yml", "cooldown:\n      default-days: 7", "labels: []", "dependabot-cooldown"),
    (actionlint, LINT, "github.event_name", "github.event_nmae", "event_nmae"),
    (actionlint, LINT, "command:", "comand:", "comand"),
    (actionlint, RELEASE, '"$GITHUB_REF_NAME"', "$GITHUB_REF_NAME", "SC2086"),
    (schemas, LINT, "runs-on:", "run-on:", "runs-on"),
    (schemas, QUALITY, "using: composite", "using: composed", "composed"),
    (schemas, ".github/dependabot.yml", "interval: weekly", "interval: sometimes", "sometimes"),
    (schemas, ".github/ISSUE_TEMPLATE/bug.yml", "type: input", "type: inputs", "inputs"),
    (hook_files, ".pre-commit-config.yaml", "language: unsupported", "language: unheard", "unheard"),
    (hook_files, ".pre-commit-hooks.yaml", "language: python", "language: unheard", "unheard"),
    (sp_repo_review, ".github/dependabot.yml", "package-ecosystem: github-actions", "package-ecosystem: npm", "GH210"),
    (rules, LINT, "contents: read #", "contents: write #", "other rights"),
    (rules, LINT, "timeout-minutes: 15", "continue-on-error: false", "no time limit"),
    (rules, LINT, "3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "v7", "not pinned"),
    (rules, RELEASE, "3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", f"{'0' * 40} # v7.0.0", "is used as"),
    (rules, FORMAT_PR, "cache-mode: none", "run-name: Format", "may use caches"),
    (rules, FORMAT_PR, "[dangerous-triggers] - nothing", "[dangerous-triggers] nothing", "no reason"),
    (rules, QUALITY, "update-environment: false", "cache: pip", "a cache"),
    (rules, ".github/workflows/format-all.yml", *INJECTION, "an expression"),
]


@pytest.mark.parametrize("judge", JUDGES, ids=lambda judge: judge.__name__)
def test_nothing_is_found(judge: Judge) -> None:
    assert not judge(ROOT)


@pytest.mark.parametrize(
    ("judge", "file", "old", "new", "told"), PLANTED, ids=[f"{case[0].__name__}-{case[4]}" for case in PLANTED]
)
def test_a_planted_violation_is_found(judge: Judge, file: str, old: str, new: str, told: str, house: Path) -> None:
    plant(house, file, old, new)
    assert told in judge(house)


def test_the_tests_are_the_second_command_of_the_readme() -> None:
    job = yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yml").read_text())["jobs"]["tests"]
    commands: list[str] = re.findall(r"^```sh\n(.*?)\n```", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    assert job["steps"][-1]["run"] == commands[1]
    assert job["strategy"]["matrix"] == {
        "python": ["3.11", "3.12", "3.13", "3.14"],
        "system": ["ubuntu-latest", "macos-latest"],
    }


def test_the_real_servers_come_with_all_that_they_need_of_the_system() -> None:
    """For the user of that job may not install it."""
    job = yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yml").read_text())["jobs"]["live"]
    words = {word for step in job["steps"] for word in step.get("run", "").split()}
    servers = (*IN_FOLDERS.values(), *IN_THE_SYSTEM.values())
    needed = {package for server in servers for package in getattr(server, "SYSTEM_PACKAGES", {}).values()}
    assert needed - {"util-linux"} <= words, "every system has that one"
    (on_them,) = (step for step in job["steps"] if step["name"] == "Test on them")
    assert {"tests/live", "tests/telemetry", "tests/chaos"} <= set(on_them["run"].split())


def test_the_action_at_the_top_takes_and_gives_on_what_the_engine_takes() -> None:
    top, engine = (yaml.safe_load((ROOT / name).read_text()) for name in ACTIONS)
    assert top["inputs"] == engine["inputs"]
    (step,) = top["runs"]["steps"]
    assert step["with"] == {name: f"${{{{ inputs.{name} }}}}" for name in engine["inputs"]}


def test_the_five_lines_for_others_are_a_sound_workflow(house: Path) -> None:
    """As the reusable workflow shows them."""
    text = (house / ".github" / "workflows" / "quality.yml").read_text()
    lines = re.findall(r"^#   (.*)$", text, re.MULTILINE)
    assert len(lines) == 5
    caller = yaml.safe_load("\n".join(lines))
    assert caller["jobs"]["quality"]["uses"] == "ganga-devs/ganga/.github/workflows/quality.yml@SHA"
    wanted = [job["permissions"] for job in yaml.safe_load(text)["jobs"].values()]
    assert {right for job in wanted for right in job} <= set(caller["permissions"])
    shown = "\n".join(lines).replace("@SHA", f"@{'0' * 40}")
    (house / ".github" / "workflows" / "caller.yml").write_text(f"name: Caller\n{shown}\n")
    assert not actionlint(house)
    assert not schemas(house)
