"""What the tests of the workflows share: the action's environment, made once by its own step, and act."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.tools.history import History
from tests.tools.workflows.act import ROOT, Act, copied

#: Seconds for a test: what it needs comes from the package index, which may be far, and runs in many processes.
LIMIT = 500


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests of this folder their time."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(LIMIT))


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This repository as others get it."""
    return copied(tmp_path_factory.mktemp("published"), ".github", "action.yml", "tools")


@pytest.fixture(scope="session")
def prepared(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The environment that the action's step makes from the package index, with hashes: the step itself, run once."""
    action = yaml.safe_load((ROOT / ".github" / "actions" / "quality" / "action.yml").read_text())
    (step,) = (step for step in action["runs"]["steps"] if step["name"] == "Install the tools")
    folder = tmp_path_factory.mktemp("runner")
    environment = {
        **os.environ,
        **{name: value for name, value in step["env"].items() if "${{" not in value},
        "PYTHON": sys.executable,
        "REQUIREMENTS": "",
        "RUNNER_TEMP": str(folder),
        "TOOLS": str(repository / "tools"),
    }
    subprocess.run(["bash", "-e", "-o", "pipefail", "-c", step["run"]], env=environment, check=True, timeout=300)
    return folder


@pytest.fixture
def act(repository: Path, prepared: Path, tmp_path: Path) -> Act:
    return Act(repository, prepared, tmp_path / "act")


@pytest.fixture
def house(history: History) -> History:
    """A repository for the workflow to run in, with this repository's workflows."""
    copied(history.root, ".github")
    return history
