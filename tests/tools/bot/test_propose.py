"""The bot from end to end against the stand-in for GitHub: a real bare repository, and GitHub's description as judge."""

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina

from ganga_quality.bot.facts import Mode, Skipped
from ganga_quality.bot.marks import mark, marked
from ganga_quality.bot.propose import Options, propose, proposed
from ganga_quality.bot.sources import Limits
from ganga_quality.errors import ToolError, UsageError
from tests.tools.bot.github import Fault, Pull
from tests.tools.bot.github.hub import Comment
from tests.tools.bot.site import BRANCH, PRETTY, UGLY, Site, site

EXOTIC = "topic/$(touch${IFS}PWNED)`id`;'\"@all#1"


@pytest.fixture(autouse=True)
def no_waits() -> Iterator[None]:
    with stamina.set_testing(True, attempts=5, cap=True):
        yield


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as made:
        made.push({"b.py": UGLY, "old.py": b"o  = 1\np  = 2\n"})
        yield made


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path, fork="eve", author="eve") as made:
        made.push({"b.py": UGLY, "old.py": b"o  = 1\np  = 2\n"})
        yield made


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
    assert await here.run() == []
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


async def test_a_pull_request_that_somebody_opened_from_our_branch_is_taken_for_ours(here: Site) -> None:
    here.hub.denied = {"pull-requests"}
    await here.run()
    here.hub.add_pull(Pull(99, BRANCH, "topic", author=here.hub.login))
    assert await here.run() == ["EditProposal", "EditComment"]


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


@pytest.mark.parametrize("path", ["/git/blobs", "/git/refs", "/pulls$", "/files", "/git/trees"])
@pytest.mark.parametrize("done", [True, False])
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


async def test_its_own_branches_and_pull_requests_are_not_looked_at(here: Site) -> None:
    await here.run()
    number = here.proposals()[0].number
    told = await proposed(here.environment(), Options(pull=number, root=here.folder))
    assert told.reason == "this pull request is from a branch of ours"
    here.pull.author = here.hub.login
    assert (await here.told()).reason == "this pull request is our own"


async def test_a_fork_may_call_its_branch_as_ours(tmp_path: Path) -> None:
    with site(tmp_path, fork="eve", branch="format/pr-7") as made:
        made.push({"b.py": UGLY})
        assert await made.run() == ["WriteReview"]


async def test_marks_of_other_people_mean_nothing(there: Site) -> None:
    head = there.hub.head(there.pull)
    there.hub.comments[1] = Comment(1, 12, "eve", marked("mine", head=head))
    assert await there.run(mode=Mode.COMMENT) == ["WriteComment"]
    assert there.hub.comments[1].body == marked("mine", head=head)


async def test_a_token_of_another_name_is_told_at_once(here: Site) -> None:
    here.hub.login = "app[bot]"
    with pytest.raises(UsageError, match=r"belongs to 'app\[bot\]'.*--login"):
        await here.run()


async def test_names_made_to_inject_are_only_names(tmp_path: Path) -> None:
    names = ["$(touch PWNED) `id`.py", "@everyone.py", "a|b<img src=x>.py", "%0A::error::x.py", "q'\"u.py", "-rf.py"]
    with site(tmp_path, branch=EXOTIC) as made:
        made.pull.title = "x\n::error::@all `$(touch PWNED)`"
        made.push(dict.fromkeys(names, UGLY))
        summary = made.folder / "summary.md"
        environment = made.lint() | {"GITHUB_STEP_SUMMARY": str(summary)}
        await asyncio.to_thread(propose, environment, Options(root=made.folder))
        (proposal,) = made.proposals()
        assert proposal.base == EXOTIC
        assert made.proposed_files() == dict.fromkeys(names, PRETTY)
        outside = re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", proposal.body + summary.read_text())
        assert not re.search(r"@|PWNED|<img|::error", outside)
    assert not list(tmp_path.rglob("PWNED"))


async def test_only_regular_files_of_a_sane_size_are_looked_at(here: Site) -> None:
    here.push(
        {
            "link.py": ("120000", b"a/b.py"),
            "sub.py": ("160000", b"1" * 40),
            "large.py": b"x  = 1\n#" + b"y" * 5_000_000 + b"\n",
            "long.py": b"x  = 1\n" * 20_001,
            "broken.py": b"x = (\n",
            "bin.py": b"\0\1\2",
            "notes.txt": UGLY,
            "run.py": ("100755", UGLY),
        },
        force=True,
    )
    told = await here.told()
    reasons = {one.path: one.reason for one in told.skipped}
    assert reasons == {
        "link.py": "it is a link",
        "sub.py": "it is a submodule",
        "large.py": "it has 5,000,009 bytes, and 512,000 are the limit",
        "long.py": "it has more than 20,000 lines",
        "broken.py": reasons["broken.py"],
    }
    assert reasons["broken.py"].startswith("black does not format it")
    assert here.proposed_files() == {"run.py": PRETTY}
    assert here.hub.git.run("ls-tree", f"refs/heads/{BRANCH}", "run.py").startswith("100755")


async def test_a_source_that_takes_black_minutes_costs_only_itself(here: Site) -> None:
    here.push({"slow.py": b"x = " + b"-" * 100_000 + b"1\n"}, force=True)
    here.push({"z.py": UGLY})
    told = await here.told(limits=Limits(patience=1))
    assert [one.path for one in told.skipped] == ["slow.py"]
    assert here.proposed_files() == {"z.py": PRETTY}


async def test_no_more_files_than_the_limit(here: Site) -> None:
    here.push({f"f{number}.py": UGLY for number in range(4)}, force=True)
    told = await here.told(limits=Limits(files=2))
    assert told.skipped == tuple(Skipped(f"f{number}.py", "only 2 files are looked at") for number in (2, 3))
    assert len(here.proposed_files()) == 2


async def test_what_github_gives_no_patch_for_is_skipped_unless_it_is_new(here: Site) -> None:
    here.hub.largest_patch = 1
    told = await here.told()
    assert told.skipped == (
        Skipped("old.py", "GitHub gives no patch for it, so nobody knows which lines were changed"),
    )
    here.hub.largest_patch = 0
    here.push({"b.py": UGLY}, force=True)
    await here.run()
    assert here.proposed_files() == {"b.py": PRETTY}


async def test_encodings_and_line_ends_stay(here: Site) -> None:
    files = {
        "bom.py": b"\xef\xbb\xbfx  = '\xc3\xa4'\r\n",
        "latin.py": b"# coding: latin-1\nx  = '\xe4'\n",
        "end.py": b"x  = 1",
        "feed.py": b"x  = 1\n\x0c\ny  = 2\n",
    }
    here.push(dict(files), force=True)
    await here.run()
    proposed_files = here.proposed_files()
    assert proposed_files["bom.py"] == files["bom.py"].replace(b"  ", b" ").replace(b"'", b'"')
    assert proposed_files["latin.py"] == files["latin.py"].replace(b"  ", b" ").replace(b"'", b'"')
    assert proposed_files["end.py"] == b"x = 1\n"
    assert b"\x0c" in proposed_files["feed.py"]


async def test_the_style_is_that_of_the_trusted_checkout(here: Site) -> None:
    (here.folder / "pyproject.toml").write_text(
        '[tool.black]\nskip-string-normalization = true\nextend-exclude = "made"\n[tool.ganga-quality]\npaths = ["in"]\n'
    )
    here.push({"pyproject.toml": b"[tool.black]\nline-length = 3\n", "in/a.py": b"x  = 'a'\n"}, force=True)
    here.push({"in/made.py": UGLY, "out.py": UGLY})
    await here.run()
    assert here.proposed_files() == {"in/a.py": b"x = 'a'\n"}


async def test_a_renamed_file_is_formatted_where_it_was_changed(here: Site) -> None:
    lines = b"".join(b"v%d = 1\n" % number for number in range(30)) + b"o  = 1\n"
    main = here.hub.git.commit({"old.py": lines}, here.hub.git.target("refs/heads/main"))
    here.hub.git.point("refs/heads/main", main)
    here.hub.git.point("refs/heads/topic", here.hub.git.commit({"in/new.py": lines + UGLY}, main, keep=False))
    await here.run()
    assert here.proposed_files() == {"in/new.py": lines + PRETTY}


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
