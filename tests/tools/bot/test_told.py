"""What a run tells."""

import json

from ganga_quality.bot.facts import Mode, Skipped
from ganga_quality.bot.plan import plan
from ganga_quality.bot.told import Told, lines, plan_as_json, summary
from tests.tools.bot.world import World, edit, pull

HOSTILE = Skipped("a\n::error::b.py", "its path is odd", "##[error] @all")


def planned() -> Told:
    world = World(pull(), Mode.AUTO)
    world.edits = (edit("a.py"), edit("latin.py", b"x  = '\xe4'\n", b"x = '\xe4'\n"))
    return Told(number=12, actions=plan(world.facts()), skipped=(HOSTILE,))


def test_the_log_has_one_harmless_line_for_each() -> None:
    told = lines(planned())
    assert told[:2] == ["#12: pushed the branch with the formatting", "#12: opened a pull request"]
    assert len(told) == 3
    assert told[2].startswith("#12: skipped a")
    assert "\n" not in told[2]
    assert "##[" not in told[2]
    assert lines(Told(reason="nobody\nthere")) == [r"nobody\nthere"]


def test_the_page_of_the_workflow_is_only_written_if_there_is_news() -> None:
    assert summary(Told(reason="nothing")) == ""
    assert summary(Told(number=12, reason="nothing")) == ""
    page = summary(planned())
    assert page.startswith(
        "### Formatting of #12\n\n- pushed the branch with the formatting\n- opened a pull request\n"
    )
    assert "\n::error::" not in page
    assert "nothing to do" in summary(Told(number=12, skipped=(HOSTILE,)))


def test_a_plan_as_json_shows_what_would_change() -> None:
    document = json.loads(plan_as_json(planned()))
    push, opened = document["actions"]
    assert (push["type"], push["branch"], opened["type"]) == ("PushBranch", "format/pr-12", "OpenProposal")
    assert [one["path"] for one in push["edits"]] == ["a.py", "latin.py"]
    assert "-x  = 1\n+x = 1\n" in push["edits"][0]["patch"]
    assert document["skipped"][0]["reason"] == "its path is odd"
