"""What this project asks of its workflows and actions beyond what the published judges look for."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import yaml

#: The only jobs that may write anything, and what.
WRITERS = {
    ("format-pr.yml", "propose"): {"contents": "write", "pull-requests": "write"},
    ("quality.yml", "format"): {"contents": "write", "pull-requests": "write"},
    ("format-all.yml", "format"): {"contents": "write", "pull-requests": "write"},
    ("release.yml", "publish"): {"id-token": "write"},
}
_READERS = {"contents": "read"}
_PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
_USES = re.compile(r"^\s*(?:- )?uses: (.+)$", re.MULTILINE)
_IGNORE = re.compile(r"#\s*(?:zizmor|shellcheck|actionlint)[^\n]*?(?:ignore|disable)[^\n]*")


def violations(root: Path) -> list[str]:
    """One sentence for each breach in the workflows and actions under ``root``."""
    workflows = sorted((root / ".github" / "workflows").glob("*.yml"))
    actions = sorted([root / "action.yml", *(root / ".github" / "actions").glob("*/action.yml")])
    found = [breach for path in workflows for breach in _workflow(path)]
    found += [breach for path in actions for breach in _steps(path, yaml.safe_load(path.read_text())["runs"]["steps"])]
    found += [breach for path in (*workflows, *actions) for breach in _text(path)]
    return found + _one_commit_each([*workflows, *actions])


def _workflow(path: Path) -> Iterator[str]:
    content = yaml.safe_load(path.read_text())
    if content.get("permissions") != {}:
        yield f"{path.name}: rights are given on top, to every job"
    if content.get("cache-mode") != "none":
        yield f"{path.name}: its jobs may use caches"
    for name, job in content["jobs"].items():
        if "timeout-minutes" not in job:
            yield f"{path.name}: the job {name} has no time limit"
        if job.get("permissions") != WRITERS.get((path.name, name), _READERS):
            yield f"{path.name}: the job {name} has other rights than it needs"
        yield from _steps(path, job["steps"])


def _steps(path: Path, steps: Sequence[Mapping[str, object]]) -> Iterator[str]:
    for step in steps:
        if "${{" in str(step.get("run", "")):
            yield f"{path.name}: an expression in the script of {step.get('name')!r}"
        settings = step.get("with")
        if (isinstance(settings, dict) and "cache" in settings) or "/cache@" in str(step.get("uses")):
            yield f"{path.name}: a cache in {step.get('name')!r}"


def _text(path: Path) -> Iterator[str]:
    text = path.read_text()
    for used in _USES.findall(text):
        if not used.startswith("$/") and not _PINNED.fullmatch(used):
            yield f"{path.name}: {used} is not pinned as owner/name@COMMIT # vX.Y.Z"
    for exception in _IGNORE.findall(text):
        if " - " not in exception:
            yield f"{path.name}: no reason given: {exception}"


def _one_commit_each(paths: Sequence[Path]) -> list[str]:
    """An action is used in one version everywhere."""
    versions: dict[str, set[str]] = {}
    for path in paths:
        for used in _USES.findall(path.read_text()):
            action, _, version = used.partition("@")
            versions.setdefault(action, set()).add(version)
    return [f"{action} is used as {', '.join(sorted(used))}" for action, used in versions.items() if len(used) > 1]
