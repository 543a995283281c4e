"""The bot from end to end against the stand-in for GitHub: a pull request's life, and what is told of it."""

import asyncio
import json

import pytest

from ganga_quality.bot.marks import mark
from ganga_quality.bot.propose import Options, propose, proposed
from tests.tools.bot.github import Pull
from tests.tools.bot.site import BRANCH, PRETTY, UGLY, Site


@pytest.mark.usefixtures("child")
async def test_an_unformatted_pull_request_gets_one_against_its_own_branch(here: Site) -> None:
    assert await here.run() == ["PushBranch", "OpenProposal"]
    (proposal,) = here.proposals()
    assert (proposal.base, proposal.title) == ("topic", "Format the changes of #12")
    assert "2 lines in 2 files" in proposal.body
    # Only the line that the pull request wrote, of a file that is all old style.
    assert here.proposed_files() == {"b.py": PRETTY, "old.py": b"o  = 1\np = 2\n"}
    commit = here.hub.git.target(f"refs/heads/{BRANCH}")
    assert here.hub.git.run("rev-parse", f"{commit}^") == here.hub.head(here.pull)


async def test_a_second_run_writes_nothing(here: Site) -> None:
    await here.run()
    written = here.ours()
    told = await here.told()
    assert (told.actions, told.reason) == ((), "the formatting is proposed")
    assert here.ours() == written


async def test_a_formatted_pull_request_is_left_alone(here: Site) -> None:
    here.push({"b.py": PRETTY}, force=True)
    told = await here.told()
    assert (told.actions, told.reason) == ((), "everything that was looked at is formatted")
    assert here.ours() == 0


async def test_it_follows_pushes_and_goes_when_the_author_has_mended(here: Site) -> None:
    await here.run()
    here.push({"c.py": UGLY})
    assert await here.run() == ["PushBranch", "EditProposal"]
    assert len(here.proposals()) == 1
    assert set(here.proposed_files()) == {"b.py", "c.py", "old.py"}
    here.push({"b.py": PRETTY, "c.py": PRETTY, "old.py": b"o  = 1\np = 2\n"})
    assert await here.run() == ["CloseProposal", "DeleteBranch"]
    assert here.proposals() == []
    assert BRANCH not in here.hub.git.branches()


async def test_it_goes_when_it_has_been_merged(here: Site) -> None:
    await here.run()
    here.hub.git.point("refs/heads/topic", here.hub.git.target(f"refs/heads/{BRANCH}") or "")
    here.hub.close(here.proposals()[0].number, merged=True)
    assert await here.run() == ["DeleteBranch"]


async def test_a_forced_push_is_followed(here: Site) -> None:
    await here.run()
    here.push({"d.py": UGLY}, force=True)
    assert await here.run() == ["PushBranch", "EditProposal"]
    assert here.proposed_files() == {"d.py": PRETTY}


async def test_nothing_is_left_of_us_when_the_pull_request_is_closed(here: Site) -> None:
    await here.run()
    assert await here.run(here.closed()) == ["CloseProposal", "DeleteBranch"]
    assert here.proposals() == []
    assert BRANCH not in here.hub.git.branches()


async def test_who_closes_our_pull_request_is_left_alone(here: Site) -> None:
    await here.run()
    here.hub.close(here.proposals()[0].number)
    told = await here.told()
    assert (told.actions, told.reason) == ((), "our pull request for this head was closed or merged by somebody")
    here.push({"c.py": UGLY})
    assert await here.run() == ["PushBranch", "OpenProposal"]


async def test_a_fork_gets_a_review_with_suggestions(there: Site) -> None:
    assert await there.run() == ["WriteReview"]
    (review,) = there.hub.reviews.values()
    places = [(one["path"], one["line"], one["body"]) for one in review.comments.values()]
    assert places == [
        ("b.py", 1, "```suggestion\ny = 1\n```\n"),
        ("old.py", 2, "```suggestion\np = 2\n```\n"),
    ]
    assert await there.run() == []
    there.push({"b.py": b"y  = 3\n"})
    assert await there.run() == ["WriteReview", "RetireReview"]
    assert [len(one.comments) for one in there.hub.reviews.values()] == [0, 2]
    assert await there.run(there.closed()) == ["RetireReview"]
    assert there.hub.git.branches().keys() == {"main"}


async def test_a_fork_gets_a_patch_where_suggestions_do_not_fit(there: Site) -> None:
    source = b"".join(b"v%d  = 1\n#\n" % number for number in range(40))
    there.push({"many.py": source})
    assert await there.run() == ["WriteComment"]
    (comment,) = there.hub.comments.values()
    assert "apply <<'END_OF_FORMATTING'" in comment.body
    there.push({"many.py": b"v0  = 1\n"})
    assert await there.run() == ["WriteReview", "EditComment"]
    assert len(there.hub.comments) == 1
    assert mark(comment.body) is not None
    there.push({"many.py": source})
    assert await there.run() == ["RetireReview", "EditComment"]


async def test_its_own_branches_and_pull_requests_are_not_looked_at(here: Site) -> None:
    await here.run()
    number = here.proposals()[0].number
    told = await proposed(here.environment(), Options(pull=number, root=here.folder))
    assert told.reason == "this pull request is from a branch of ours"
    here.pull.author = here.hub.login
    assert (await here.told()).reason == "this pull request is our own"


async def test_a_dry_run_plans_and_writes_nothing(here: Site, capsys: pytest.CaptureFixture[str]) -> None:
    await asyncio.to_thread(propose, here.lint(), Options(root=here.folder, dry_run=True))
    document = json.loads(capsys.readouterr().out)
    assert [action["type"] for action in document["actions"]] == ["PushBranch", "OpenProposal"]
    assert "+y = 1\n" in document["actions"][0]["edits"][0]["patch"]
    assert here.ours() == 0


async def test_the_log_and_the_page_say_what_was_done(here: Site, capsys: pytest.CaptureFixture[str]) -> None:
    here.push({"broken.py": b"x = (\n::error::\n"})
    page = here.folder / "summary.md"
    environment = here.lint() | {"GITHUB_STEP_SUMMARY": str(page)}
    assert await asyncio.to_thread(propose, environment, Options(root=here.folder)) == 0
    assert "#12: opened a pull request\n" in capsys.readouterr().out
    assert page.read_text().startswith("### Formatting of #12\n\n- pushed the branch")
    assert "- `broken.py`: black does not format it" in page.read_text()


async def test_an_event_that_fits_no_pull_request_is_passed_over(here: Site) -> None:
    event = here.lint()
    here.push({"c.py": UGLY})
    assert (await here.told(event)).number is None
    here.hub.add_pull(Pull(13, "topic", "main"))
    assert (await here.told()).number is None
