"""The formatting of all code: one pull request where there is something to format, silence where there is not.

The remote is a bare repository. GitHub's own program is a stand-in that writes down what it is asked.
"""

import os
from pathlib import Path

import pytest

from tests.tools.history import History
from tests.tools.workflows.act import TOKEN, Act, Run

GH = """\
#!/bin/sh
printf '%s\\n' "$GH_TOKEN $*" >> {log}
if [ "$1 $2" = "pr list" ]; then printf '%s\\n' {open}; fi
"""
UGLY, PRETTY = "x = ( 1 )\n", "x = 1\n"


def run(act: Act, house: History, folder: Path, *, already_open: int = 0) -> tuple[Run, list[str]]:
    """The run, and what GitHub's program was asked."""
    log = folder / "gh.log"
    log.touch()
    program = folder / "bin" / "gh"
    program.parent.mkdir(exist_ok=True)
    program.write_text(GH.format(log=log, open=already_open))
    program.chmod(0o755)
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    payload = {"repository": {"default_branch": "main"}}
    done = act.run(house.root, "schedule", "format-all.yml", payload, {"PATH": path})
    assert done.jobs == {"format": "success"}, done.everything
    return done, log.read_text().splitlines()


@pytest.fixture
def there(house: History, tmp_path: Path) -> History:
    """The repository on GitHub."""
    there = History(tmp_path / "there.git", "--bare")
    house.git("remote", "add", "origin", str(there.root))
    return there


@pytest.mark.slow
def test_what_black_would_change_is_proposed_once(act: Act, house: History, there: History, tmp_path: Path) -> None:
    house.commit({"x.py": UGLY, "y.py": PRETTY})
    house.git("push", "-q", "origin", "main")
    _, asked = run(act, house, tmp_path)
    assert there.git("show", "format/all:x.py") == PRETTY.strip()
    assert there.git("diff", "--name-only", "main", "format/all") == "x.py"
    assert there.git("log", "--format=%an", "main..format/all") == "github-actions[bot]"
    assert asked[0] == f"{TOKEN} auth setup-git"
    assert [line.split()[1:3] for line in asked[1:]] == [["pr", "list"], ["pr", "create"]]
    assert "--base main --head format/all" in asked[2]
    _, asked_again = run(act, house, tmp_path, already_open=1)
    assert [line.split()[1:3] for line in asked_again[3:]] == [["auth", "setup-git"], ["pr", "list"]]


@pytest.mark.slow
def test_formatted_code_is_left_in_peace(act: Act, house: History, there: History, tmp_path: Path) -> None:
    house.commit({"x.py": PRETTY})
    house.git("push", "-q", "origin", "main")
    _, asked = run(act, house, tmp_path)
    assert not asked
    assert there.git("branch", "--format=%(refname:short)") == "main"
