"""What a tool says of the state before the change is found by old paths, and asked for once."""

from pathlib import Path

import pytest

from ganga_quality.checking.cache import Cache
from ganga_quality.checking.old_state import OldState
from ganga_quality.findings import FailureKind
from ganga_quality.runners import program
from ganga_quality.scope.scope import Request, resolve
from ganga_quality.settings import Settings, Tool
from tests.tools.history import History


def old_state(history: History, tool: Tool = "ruff", settings: Settings | None = None) -> OldState:
    settings = settings or Settings()
    return OldState(
        repository=history.repository,
        scope=resolve(history.repository, settings, Request(since="HEAD", folder=history.root), {}),
        settings=settings,
        tool=tool,
        cache=Cache.of(history.repository),
        configuration={},
    )


@pytest.fixture
def changed(history: History) -> History:
    """A repository in which nothing is any more as it was."""
    history.commit({"a.py": "import os\n", "b.py": "import sys\n", "ruff.toml": 'lint.select = ["F"]\n'})
    (history.root / "a.py").rename(history.root / "new.py")
    history.write("b.py", "x = (\n")
    history.write("ruff.toml", 'lint.select = ["E"]\n')
    return history


def test_it_is_judged_as_it_was(changed: History) -> None:
    found = old_state(changed).outcome(frozenset({"a.py", "b.py"}))
    assert [(each.path, each.rule) for each in found.findings] == [("a.py", "F401"), ("b.py", "F401")]
    assert found.failures == ()


def test_what_was_not_there_has_nothing(changed: History) -> None:
    assert old_state(changed).outcome(frozenset({"new.py"})).findings == ()


def test_only_what_is_not_remembered_is_asked(changed: History, monkeypatch: pytest.MonkeyPatch) -> None:
    first = old_state(changed).outcome(frozenset({"a.py"}))
    both = old_state(changed).outcome(frozenset({"a.py", "b.py"}))
    monkeypatch.setattr(program, "run", pytest.fail)
    assert old_state(changed).outcome(frozenset({"a.py"})) == first
    assert old_state(changed).outcome(frozenset({"a.py", "b.py"})) == both


def test_another_version_is_asked_anew(changed: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old_state(changed).outcome(frozenset({"a.py"}))
    other = tmp_path / "ruff"
    other.write_text("#!/bin/sh\necho '[]'\n")
    other.chmod(0o755)
    monkeypatch.setattr(program, "find", lambda _: other)
    assert old_state(changed).outcome(frozenset({"a.py"})).findings == ()


def test_a_failure_is_told_and_not_remembered(history: History) -> None:
    history.commit({"a.py": "import os\n", "ruff.toml": "nosuch = 1\n"})
    history.write("a.py", "import os\nx = 1\n")
    for _ in range(2):
        (failure,) = old_state(history).outcome(frozenset({"a.py"})).failures
        assert failure.kind is FailureKind.CRASHED
    assert not (history.root / ".ganga_quality_cache" / "old").exists()


def test_mypy_begins_with_what_it_has_learnt_of_the_new_state(history: History) -> None:
    history.commit({"a.py": "x = 1\n"})
    learnt = history.root / ".ganga_quality_cache" / "mypy" / "3.11" / "a.data.json"
    history.write(str(learnt.relative_to(history.root)), "{}")
    history.write("a.py", "x = 2\n")
    old = old_state(history, "mypy")
    assert old._tool_cache() == history.root / ".ganga_quality_cache" / "mypy-old"
    assert (history.root / ".ganga_quality_cache" / "mypy-old" / "3.11" / "a.data.json").read_text() == "{}"
