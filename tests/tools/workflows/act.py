"""Runs workflow files on this machine by act: no container, and no network but the package index.

What act 0.2.89 cannot do is done here, in the open. It does not know ``$/path``, this repository at the running
commit, which is therefore written out as ``ganga-devs/ganga/path@COMMIT``; nor ``cache-mode``, which is left out. It
skips an actions/checkout that names no ref and copies the folder instead. Other actions are small stand-ins, which
`Act` writes. Rights and concurrency are not enforced.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from tests.tools.needs import needs_program

ROOT = Path(__file__).parents[3]
REPOSITORY = "ganga-devs/ganga"
#: Stands for the commit of this working tree.
COMMIT = "0123456789abcdef0123456789abcdef01234567"
TOKEN = "ghs_nobody-knows-this-token"  # noqa: S105 - of a server that exists only in the test

#: What a runner tells the tests themselves, and what a hook tells git.
_RUNNERS = ("ACTIONS_", "CI", "GITHUB_", "GIT_", "RUNNER_")
_PINNED = re.compile(r"uses: ([\w.-]+/[\w.-]+)@([0-9a-f]{40})")

#: Brings the environment in which the action's own install step ran before: it runs again, and finds all of it there.
_SETUP_PYTHON = """\
"{python}" - "{prepared}/ganga-quality" "$RUNNER_TEMP/ganga-quality" <<'PROGRAM'
import os, shutil, sys
if not os.path.exists(sys.argv[2]):
    shutil.copytree(*sys.argv[1:], symlinks=True, copy_function=os.link)
PROGRAM
echo "python-path={python}" >> "$GITHUB_OUTPUT"
"""
_INPUTS = ("path", "ref")
_STUBS = {
    "actions/checkout": 'git clone --quiet --branch "$GIVEN_REF" "{house}" .',
    "actions/setup-python": _SETUP_PYTHON,
    "actions/upload-artifact": 'cp -r "$GIVEN_PATH" "{kept}/"',
    "actions/download-artifact": 'echo "fetches what was kept"',
    "pypa/gh-action-pypi-publish": 'echo "publishes"',
}


class Annotation(Struct, frozen=True):
    """A workflow command, as act reads it from the log."""

    level: str
    message: str
    place: Mapping[str, str]


class Run(Struct, frozen=True):
    """How one run of a workflow went."""

    code: int
    records: Sequence[Mapping[str, object]]

    @property
    def log(self) -> str:
        """What the programs of all steps wrote."""
        return "".join(str(record.get("msg")) for record in self.records if record.get("raw_output"))

    @property
    def summary(self) -> str:
        """What the steps wrote into the summary of the run."""
        return "".join(str(record["content"]) for record in self.records if record.get("command") == "summary")

    @property
    def everything(self) -> str:
        """What a failed test shows."""
        return "\n".join(str(record.get("msg", record)).rstrip() for record in self.records)

    @property
    def annotations(self) -> list[Annotation]:
        """In the order in which they were written."""
        return [
            Annotation(str(record["command"]), str(record["arg"]), places)
            for record in self.records
            if record.get("command") in {"error", "warning", "notice"}
            and isinstance(places := record.get("kvPairs") or {}, dict)
        ]

    @property
    def steps(self) -> dict[str, str]:
        """How each step that ran ended, by its name."""
        return {
            str(record["step"]).removeprefix("Main "): str(record["stepResult"])
            for record in self.records
            if "stepResult" in record and record.get("stage") == "Main"
        }

    @property
    def jobs(self) -> dict[str, str]:
        """How each job that ran ended, by its id."""
        return {str(record["jobID"]): str(record["jobResult"]) for record in self.records if "jobResult" in record}


def rendered(text: str) -> str:
    """A workflow or action of this repository as act understands it."""
    text = re.sub(r"uses: \$/(\S+)", rf"uses: {REPOSITORY}/\1@{COMMIT}", text)
    return text.replace("cache-mode: none\n", "")


def copied(folder: Path, *paths: str) -> Path:
    """What the working tree has under these paths and git does not ignore, workflows and actions as act reads them."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *paths]
    files = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.rstrip("\0").split("\0")
    for name in filter(lambda name: (ROOT / name).is_file(), files):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.suffix == ".yml":
            target.write_text(rendered((ROOT / name).read_text()))
        else:
            shutil.copy(ROOT / name, target)
    return folder


class Act:
    """Runs workflows of a folder with the published repository and the stand-ins.

    ``prepared`` is a folder with the environment ``ganga-quality``, as the action's own step made it.
    """

    def __init__(self, repository: Path, prepared: Path, folder: Path) -> None:
        self._repository = repository
        self._prepared = prepared
        self._folder = folder
        #: What was uploaded as an artifact.
        self.kept = folder / "kept"
        self.kept.mkdir(parents=True)

    def beside(self, folder: Path) -> "Act":
        """Another runner with files of its own, for a run at the same time."""
        return Act(self._repository, self._prepared, folder)

    def run(
        self,
        house: Path,
        event: str,
        workflow: str,
        payload: Mapping[str, object],
        environment: Mapping[str, str] | None = None,
        options: Sequence[str] = (),
    ) -> Run:
        """Run one workflow file of ``house`` for an event with this payload."""
        file = self._folder / "event.json"
        file.write_text(json.dumps(payload))
        settings = [f"--env={name}={value}" for name, value in (environment or {}).items()]
        command: list[str | Path] = [needs_program("act"), event, "-W", f".github/workflows/{workflow}", "-e", file]
        command += ["-P=ubuntu-latest=-self-hosted", "--json", "--no-cache-server", f"-s=GITHUB_TOKEN={TOKEN}"]
        command += [
            f"--action-cache-path={self._folder / 'cache'}",
            *self._local_repositories(house),
            *settings,
            *options,
        ]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_RUNNERS)}
        own = {"HOME": str(self._folder), "XDG_CACHE_HOME": str(self._folder), "GIT_CONFIG_GLOBAL": os.devnull}
        done = subprocess.run(
            command, cwd=house, env={**kept, **own}, capture_output=True, text=True, timeout=300, check=False
        )
        return Run(done.returncode, [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")])

    def _local_repositories(self, house: Path) -> list[str]:
        """Each action that is used anywhere here, at the commit at which it is used."""
        texts = (path.read_text() for path in self._repository.rglob("*.yml"))
        used = {action for text in texts for action in _PINNED.findall(text)}
        stubs = [
            f"--local-repository={name}@{commit}={self._stub(name, house)}" for name, commit in used if name in _STUBS
        ]
        return [f"--local-repository={REPOSITORY}@{COMMIT}={self._repository}", *stubs]

    def _stub(self, name: str, house: Path) -> Path:
        folder = self._folder / "stubs" / name
        folder.mkdir(parents=True, exist_ok=True)
        script = _STUBS[name].format(prepared=self._prepared, python=sys.executable, kept=self.kept, house=house)
        step = {
            "id": "step",
            "shell": "bash",
            "run": script,
            "env": {f"GIVEN_{name.upper()}": f"${{{{ inputs.{name} }}}}" for name in _INPUTS},
        }
        action = {
            "name": name,
            "description": "A stand-in",
            "inputs": {name: {"description": name, "default": ""} for name in _INPUTS},
            "outputs": {"python-path": {"description": "A Python", "value": "${{ steps.step.outputs.python-path }}"}},
            "runs": {"using": "composite", "steps": [step]},
        }
        # JSON is YAML.
        (folder / "action.yml").write_text(json.dumps(action))
        return folder
