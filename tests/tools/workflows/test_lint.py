"""The lint of a pull request, as this repository runs it: annotations, a summary, and an end that says it all."""

import re

import pytest

from tests.tools.history import History
from tests.tools.workflows.act import ROOT, Act, Run

SETTINGS = """\
[tool.ruff.lint]
select = ["F"]

[tool.mypy]
strict = true
files = ["shapes.py", "use.py"]
"""
BEFORE = {
    "pyproject.toml": SETTINGS,
    "shapes.py": "import os\n\n\ndef area(width: int, height: int) -> int:\n    return ( width * height )\n",
    "use.py": "from shapes import area\n\nlarge = area(3, 4)\n",
}
PULL = {"number": 7, "pull_request": {"number": 7}}


def merge(house: History, files: dict[str, str]) -> None:
    """Check out what GitHub does for a pull request: its merge into the branch that it shall go to."""
    house.git("checkout", "-q", "-b", "topic")
    house.commit(files)
    house.git("checkout", "-q", "main")
    house.git("merge", "-q", "--no-ff", "-m", "Merge", "topic")


@pytest.fixture
def house(house: History) -> History:
    """With old violations, and nothing to install beside the tools."""
    entry = re.search(r"^mdurl==.*(?:\n    --hash.*)+\n", (ROOT / "tools/requirements.txt").read_text(), re.MULTILINE)
    assert entry is not None
    # What black and ruff find in that, which the ratchet allows.
    debt = "1 F401 shapes.py\n1 format shapes.py\n"
    house.commit({**BEFORE, "tools/requirements-dev.txt": entry[0], ".github/ratchet.txt": debt})
    return house


def lint(act: Act, house: History, event: str = "pull_request") -> Run:
    return act.run(house.root, event, "lint.yml", PULL if event == "pull_request" else {"ref": "refs/heads/main"})


@pytest.mark.slow
def test_what_a_pull_request_brings_in_is_annotated_and_summed_up(act: Act, house: History) -> None:
    changed = BEFORE["shapes.py"].replace("height: int)", "height: str)") + "\n\nlist  = undefined\n"
    merge(house, {"shapes.py": changed})
    done = lint(act, house)
    assert done.jobs == {"lint": "failure"}, done.everything
    told = {(one.place["file"], one.place["line"], one.place["title"].split()[1]) for one in done.annotations}
    assert ("shapes.py", "8", "F821") in told
    assert ("shapes.py", "8", "format") in told
    assert any((file, rule) == ("use.py", "arg-type") for file, _, rule in told), told
    assert not [one for one in told if one[2] == "F401"], "it was there before"
    assert "F821" in done.summary


@pytest.mark.slow
def test_what_is_only_kept_silent_is_debt_too(act: Act, house: History) -> None:
    merge(house, {"use.py": BEFORE["use.py"] + "import sys  # noqa: F401\n"})
    done = lint(act, house)
    assert done.jobs == {"lint": "failure"}, done.everything
    assert [one.place["title"].split()[1] for one in done.annotations] == ["noqa:F401"], done.everything


@pytest.mark.slow
def test_a_clean_pull_request_is_let_through(act: Act, house: History) -> None:
    merge(house, {"use.py": BEFORE["use.py"] + "small = area(1, 2)\n"})
    done = lint(act, house)
    assert done.jobs == {"lint": "success"}, done.everything
    assert not done.annotations


@pytest.mark.slow
def test_on_the_main_branch_everything_is_judged(act: Act, house: History) -> None:
    done = lint(act, house, "push")
    assert done.jobs == {"lint": "failure"}, done.everything
    assert {"F401", "format"} <= {one.place["title"].split()[1] for one in done.annotations}
