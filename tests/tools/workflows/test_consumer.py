"""Another repository: it uses the action, or the reusable workflow in five lines, at a commit of this one."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.tools.bot.github import Git, Hub, Pull, serving
from tests.tools.history import History
from tests.tools.workflows.act import COMMIT, REPOSITORY, ROOT, TOKEN, Act, Run, rendered

OTHER = "acme/repo"
ACTION = f"""\
name: Lint
on: pull_request
permissions:
  contents: read
jobs:
  lint:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1
        with:
          fetch-depth: 0
      - uses: {REPOSITORY}@{COMMIT}
"""
OLD, NEW = "import os\n", "import os\nimport sys\n"


def five_lines() -> str:
    """As the reusable workflow shows them to others."""
    text = (ROOT / ".github" / "workflows" / "quality.yml").read_text()
    lines = re.findall(r"^#   (.*)$", text, re.MULTILINE)
    assert len(lines) == 5
    return rendered("\n".join(lines) + "\n").replace("@SHA", f"@{COMMIT}")


@pytest.fixture
def other(history: History) -> History:
    """With an old violation, and a pull request that brings one in, merged as GitHub checks it out."""
    history.commit({"x.py": OLD})
    history.git("checkout", "-q", "-b", "topic")
    history.commit({"x.py": NEW})
    history.git("checkout", "-q", "main")
    history.git("merge", "-q", "--no-ff", "-m", "Merge", "topic")
    return history


def run(act: Act, other: History, workflow: str, event: str, environment: Mapping[str, str] | None = None) -> Run:
    other.write(".github/workflows/quality.yml", workflow)
    repository = {"full_name": OTHER, "default_branch": "main"}
    head = {"ref": "topic", "sha": other.git("rev-parse", "topic"), "repo": {"full_name": OTHER}}
    pull = {"number": 7, "state": "open", "head": head, "base": {"ref": "main"}}
    payload = {"action": "opened", "number": 7, "pull_request": pull, "repository": repository}
    return act.run(other.root, event, "quality.yml", payload, environment)


def findings(done: Run) -> list[tuple[str, str, str]]:
    return [(one.place["file"], one.place["line"], one.place["title"]) for one in done.annotations]


@pytest.mark.slow
def test_the_action_judges_what_the_pull_request_brings_in(act: Act, other: History) -> None:
    done = run(act, other, ACTION, "pull_request")
    assert done.jobs == {"lint": "failure"}, done.everything
    assert findings(done) == [("x.py", "2", "ruff F401")]


@pytest.mark.slow
def test_the_reusable_workflow_judges_and_holds_the_old_debt(act: Act, other: History) -> None:
    """What was there before is not told; that the ratchet was not raised is."""
    other.write(".github/ratchet.txt", "1 F401 x.py\n")
    done = run(act, other, five_lines(), "pull_request")
    assert done.code, done.everything
    told = findings(done)
    assert told[0] == ("x.py", "2", "ruff F401")
    assert done.steps["Check"] == done.steps["Hold the old debt"] == "failure"
    assert "Propose formatting" not in done.steps


@pytest.mark.slow
def test_the_reusable_workflow_proposes_formatting(act: Act, other: History, tmp_path: Path) -> None:
    hub = Hub(git=Git(tmp_path / "hub.git"), repository=OTHER, token=TOKEN)
    base = hub.git.commit({"x.py": b"x = 1\n"})
    hub.git.point("refs/heads/main", base)
    hub.git.point("refs/heads/topic", hub.git.commit({"x.py": b"x = 1\ny = ( 2 )\n"}, parent=base))
    hub.add_pull(Pull(7, "topic", "main"))
    with serving(hub) as url:
        settings = {"GITHUB_API_URL": url, "GITHUB_REPOSITORY": OTHER}
        done = run(act, other, five_lines(), "pull_request_target", settings)
    assert done.code == 0, done.everything
    assert hub.problems == []
    assert hub.git.file("format/pr-7", "x.py") == b"x = 1\ny = 2\n"
    assert "Check" not in done.steps
