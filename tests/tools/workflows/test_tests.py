"""The tests of a pull request: the README's second command, in a fresh checkout."""

import pytest

from tests.tools.history import History
from tests.tools.workflows.act import Act

PROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "ganga"
version = "0"

[project.optional-dependencies]
dev = ["pytest"]
"""


@pytest.mark.slow
def test_a_project_is_set_up_and_tested(act: Act, house: History) -> None:
    test = "import ganga\n\n\ndef test_it() -> None:\n    assert ganga\n"
    house.commit({"pyproject.toml": PROJECT, "ganga/__init__.py": "", "test_ganga.py": test})
    one = ("--job=tests", "--matrix=system:ubuntu-latest", "--matrix=python:3.11")
    done = act.run(house.root, "pull_request", "tests.yml", {"number": 1}, options=one)
    assert done.jobs == {"tests": "success"}, done.everything
    assert "1 passed" in done.log
