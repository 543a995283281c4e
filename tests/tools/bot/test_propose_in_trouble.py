"""The bot where GitHub refuses, fails or is slow, and where others act at the same time."""

import asyncio
from pathlib import Path

import pytest

from ganga_quality.bot.facts import Mode
from ganga_quality.bot.marks import mark
from ganga_quality.bot.propose import Options, proposed
from ganga_quality.errors import ToolError, UsageError
from tests.tools.bot.github import Fault, Pull
from tests.tools.bot.site import BRANCH, UGLY, Site, site


async def test_a_head_that_moves_is_left_to_the_next_run(here: Site) -> None:
    here.hub.faults = [Fault(method="POST", path="/git/commits", before=lambda: here.push({"c.py": UGLY}))]
    told = await here.told()
    assert "its next run takes over" in told.reason
    assert here.hub.git.branches().keys() == {"main", "topic"}
    assert await here.run() == ["PushBranch", "OpenProposal"]


async def test_a_pull_request_that_is_closed_meanwhile_is_cleaned_up(here: Site) -> None:
    here.hub.faults = [Fault(method="POST", path="/pulls$", before=lambda: here.hub.close(12))]
    assert await here.run() == ["PushBranch", "OpenProposal", "CloseProposal", "DeleteBranch"]
    assert here.proposals() == []


async def test_a_list_of_files_that_is_newer_than_the_head_is_not_believed(here: Site) -> None:
    here.hub.faults = [Fault(path="/files", before=lambda: here.push({"b.py": b"z  = 1\n"}))]
    assert "takes over" in (await here.told()).reason
    assert here.ours() == 0


@pytest.mark.parametrize("fork", ["", "eve"])
async def test_two_runs_at_once_end_as_one(tmp_path: Path, fork: str) -> None:
    with site(tmp_path, fork=fork) as made:
        made.push({"b.py": UGLY})
        event = made.lint()
        await asyncio.gather(made.run(event), made.run(event))
        live = [one for one in made.hub.reviews.values() if (found := mark(one.body)) and found.live]
        assert len(made.proposals()) + len(live) == 1
        assert await made.run() == []


async def test_a_refused_pull_request_becomes_a_comment_until_it_is_allowed(here: Site) -> None:
    here.hub.denied = {"pull-requests"}
    assert await here.run() == ["PushBranch", "WriteComment"]
    (comment,) = here.hub.comments.values()
    assert "Allow GitHub Actions to create and approve pull requests" in comment.body
    assert f"git pull origin {BRANCH}" in comment.body
    assert await here.run() == []
    here.hub.denied = set()
    assert await here.run() == ["OpenProposal", "EditComment"]


async def test_without_the_right_to_write_branches_a_comment_names_it(here: Site) -> None:
    here.hub.denied = {"contents"}
    assert await here.run() == ["WriteComment"]
    (comment,) = here.hub.comments.values()
    assert "`contents: write`" in comment.body
    assert "apply <<'END_OF_FORMATTING'" in comment.body


async def test_without_any_right_it_says_which_is_missing(here: Site) -> None:
    here.hub.denied = {"contents"}
    here.hub.faults = [Fault(method="POST", path="/comments", status=403, message="Resource not accessible\n::error::")]
    with pytest.raises(ToolError, match=r"pull-requests: write") as raised:
        await here.run()
    assert "\n" not in str(raised.value)


async def test_a_pull_request_that_somebody_opened_from_our_branch_is_let_be(here: Site) -> None:
    here.hub.denied = {"pull-requests"}
    await here.run()
    here.hub.add_pull(Pull(99, BRANCH, "topic", author="ada"))
    assert await here.run() == ["EditComment"]
    here.push({"c.py": UGLY})
    assert await here.run() == ["PushBranch"]
    assert await here.run(here.closed()) == ["DeleteBranch"]
    assert here.hub.pulls[99].state == "closed"


@pytest.mark.parametrize("path", ["/git/refs", "/pulls$"])
async def test_a_thing_that_exists_already_is_looked_for_again(here: Site, path: str) -> None:
    here.hub.faults = [Fault(method="POST", path=path, status=422, message="Reference already exists", done=True)]
    await here.run()
    assert len(here.proposals()) == 1
    assert await here.run() == []


async def test_a_refusal_that_lasts_is_an_error(here: Site) -> None:
    here.hub.faults = [Fault(method="POST", path="/pulls$", status=422, message="Validation Failed", times=99)]
    with pytest.raises(ToolError, match=r"does not come to rest, GitHub answered 422: Validation Failed"):
        await here.run()


async def test_suggestions_that_github_refuses_become_a_comment(there: Site) -> None:
    there.hub.faults = [Fault(method="POST", path="/reviews$", status=422, message="line must be part of the diff")]
    assert await there.run() == ["WriteComment"]


@pytest.mark.parametrize(
    ("path", "done"),
    [("/git/blobs", False), ("/git/refs", True), ("/pulls$", True), ("/pulls$", False), ("/files", False)],
)
async def test_githubs_own_failures_leave_no_trace(here: Site, path: str, done: bool) -> None:
    here.hub.faults = [Fault(path=path, status=502, done=done, times=2)]
    await here.run()
    assert len(here.proposals()) == 1
    assert set(here.proposed_files()) == {"b.py", "old.py"}
    assert await here.run() == []


@pytest.mark.parametrize("path", ["/comments$", "/reviews$"])
async def test_a_text_that_was_written_in_spite_of_a_failure_is_not_written_twice(there: Site, path: str) -> None:
    there.hub.faults = [Fault(method="POST", path=path, status=500, done=True)]
    await there.run(mode=Mode.COMMENT if "comments" in path else Mode.REVIEW)
    assert len(there.hub.comments) + len(there.hub.reviews) == 1


async def test_a_limit_of_rate_is_waited_for(here: Site) -> None:
    here.hub.faults = [Fault(status=429, headers={"Retry-After": "9"}, times=3, skip=number) for number in (0, 3, 9)]
    await here.run()
    assert len(here.proposals()) == 1


async def test_a_token_that_expires_in_the_middle_is_said_to_have(here: Site) -> None:
    def expire() -> None:
        here.hub.token = "another"  # noqa: S105 - nobody's

    here.hub.faults = [Fault(method="POST", path="/git/commits", before=expire, times=1)]
    with pytest.raises(ToolError, match="does not accept the token") as raised:
        await here.run()
    assert "secret" not in str(raised.value)


async def test_a_token_of_another_name_is_told_at_once(here: Site) -> None:
    here.hub.login = "app[bot]"
    with pytest.raises(UsageError, match=r"belongs to 'app\[bot\]'.*--login"):
        await here.run()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"GITHUB_TOKEN": ""}, "GITHUB_TOKEN"),
        ({"GITHUB_TOKEN": "a\nb"}, "GITHUB_TOKEN"),
        ({"GITHUB_REPOSITORY": "acme/../x"}, "OWNER/NAME"),
        ({"GITHUB_EVENT_NAME": "push"}, "'push'"),
        ({"GITHUB_EVENT_PATH": ""}, "--pull"),
        ({"GITHUB_EVENT_PATH": "/nowhere"}, "/nowhere"),
        ({"GITHUB_API_URL": "http://example.org"}, "https only"),
    ],
)
async def test_an_environment_that_is_not_a_workflows(here: Site, more: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        await here.told(here.lint() | more)


async def test_a_number_that_there_is_not(here: Site) -> None:
    with pytest.raises(ToolError, match="404"):
        await proposed(here.environment(), Options(pull=4711, root=here.folder))
