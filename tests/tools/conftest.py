"""What the tests of the quality tools share."""

import os
from pathlib import Path

import pytest

from tests.tools.history import ENVIRONMENT, History


@pytest.fixture
def plain_git(monkeypatch: pytest.MonkeyPatch) -> None:
    """Git without the configuration of this machine, and without what a hook or a workflow tells the tests it runs."""
    for name in os.environ:
        if name.startswith(("GIT_", "GITHUB_", "PRE_COMMIT")):
            monkeypatch.delenv(name)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def history(tmp_path: Path, plain_git: None) -> History:  # noqa: ARG001 - asked for what it does
    """An empty repository."""
    return History(tmp_path / "repository")
