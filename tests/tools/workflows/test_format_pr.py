"""The trusted half, as the workflow file runs it, against a stand-in for GitHub on a real repository.

What the bot does in which case is tested beside it (tests/tools/bot); here it is that the workflow starts it with what
it needs, that the events reach it, and that no name of a pull request is ever read as a command.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.tools.bot.github import Fault, Git, Hub, Pull, serving
from tests.tools.bot.github.git import File
from tests.tools.history import History
from tests.tools.workflows.act import REPOSITORY, TOKEN, Act, Run

PRETTY = b"x = 1\n"
UGLY = b"x = 1\ny = ( 2 )\n"
FORMATTED = b"x = 1\ny = 2\n"
OURS = "format/pr-7"


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    hub = Hub(git=Git(tmp_path / "hub.git"), repository=REPOSITORY, token=TOKEN)
    hub.git.point("refs/heads/main", hub.git.commit({"x.py": PRETTY}))
    return hub


@pytest.fixture
def url(hub: Hub) -> Iterator[str]:
    with serving(hub) as url:
        yield url
    assert hub.problems == []


def push(
    hub: Hub, content: bytes, branch: str = "topic", fork: str = "", more: Mapping[str, File] | None = None
) -> None:
    """What the author does, whose pull request is number 7: a commit on main, by force if there was another one."""
    commit = hub.git.commit({"x.py": content, **(more or {})}, parent=hub.git.target("refs/heads/main"))
    hub.git.point(f"refs/forks/{fork}/{branch}" if fork else f"refs/heads/{branch}", commit)
    if 7 not in hub.pulls:
        hub.add_pull(Pull(7, branch, "main", fork=fork, author=fork or "ada"))


def lint_ended(hub: Hub, event: str = "pull_request") -> dict[str, object]:
    """What GitHub says when the lint of the pull request has ended; for a fork it names no pull request."""
    pull = hub.pulls[7]
    owner = pull.fork or REPOSITORY.partition("/")[0]
    return {
        "action": "completed",
        "workflow_run": {
            "id": 1,
            "event": event,
            "conclusion": "failure",
            "head_branch": pull.branch,
            "head_sha": hub.head(pull),
            "head_repository": {"full_name": f"{owner}/ganga", "name": "ganga", "owner": {"login": owner}},
            "pull_requests": [] if pull.fork else [{"number": 7}],
        },
        "repository": {"full_name": REPOSITORY, "default_branch": "main"},
    }


def closed(hub: Hub) -> dict[str, object]:
    pull = hub.pulls[7]
    head = {"ref": pull.branch, "sha": hub.head(pull), "repo": {"full_name": REPOSITORY}}
    known = {"number": 7, "state": "closed", "head": head, "base": {"ref": "main"}}
    return {
        "action": "closed",
        "number": 7,
        "pull_request": known,
        "repository": {"full_name": REPOSITORY, "default_branch": "main"},
    }


def run(act: Act, house: History, url: str, event: str, payload: dict[str, object]) -> Run:
    house.commit()
    environment = {"GITHUB_API_URL": url, "GITHUB_REPOSITORY": REPOSITORY}
    return act.run(house.root, event, "format-pr.yml", payload, environment)


@pytest.mark.slow
def test_an_unformatted_pull_request_gets_one_and_loses_it_when_it_is_closed(
    act: Act, house: History, hub: Hub, url: str
) -> None:
    push(hub, UGLY)
    done = run(act, house, url, "workflow_run", lint_ended(hub))
    assert done.jobs == {"propose": "success"}, done.everything
    (proposed,) = (pull for pull in hub.pulls.values() if pull.number != 7)
    assert (proposed.branch, proposed.base, proposed.state) == (OURS, "topic", "open")
    assert hub.git.file(OURS, "x.py") == FORMATTED
    assert TOKEN not in done.log
    hub.close(7)
    done = run(act, house, url, "pull_request_target", closed(hub))
    assert done.jobs == {"propose": "success"}, done.everything
    assert proposed.state == "closed"
    assert OURS not in hub.git.branches()


@pytest.mark.slow
def test_a_formatted_pull_request_is_left_in_peace(act: Act, house: History, hub: Hub, url: str) -> None:
    push(hub, FORMATTED)
    done = run(act, house, url, "workflow_run", lint_ended(hub))
    assert done.jobs == {"propose": "success"}, done.everything
    assert list(hub.pulls) == [7]
    assert not hub.comments
    assert not hub.reviews
    assert {method for method, _ in hub.requests} == {"GET"}


@pytest.mark.slow
def test_a_fork_gets_a_review(act: Act, house: History, hub: Hub, url: str) -> None:
    push(hub, UGLY, fork="eve")
    done = run(act, house, url, "workflow_run", lint_ended(hub))
    assert done.jobs == {"propose": "success"}, done.everything
    (review,) = hub.reviews.values()
    assert review.pull == 7
    assert list(hub.pulls) == [7]


@pytest.mark.slow
def test_the_name_of_a_branch_is_no_command(act: Act, house: History, hub: Hub, url: str, tmp_path: Path) -> None:
    mark = tmp_path / "PWNED"
    branch = f"topic/$(touch${{IFS}}{mark})"
    push(hub, UGLY, branch=branch)
    done = run(act, house, url, "workflow_run", lint_ended(hub))
    assert done.jobs == {"propose": "success"}, done.everything
    assert not mark.exists()
    (proposed,) = (pull for pull in hub.pulls.values() if pull.number != 7)
    assert (proposed.branch, proposed.base) == (OURS, branch)


def test_a_name_in_a_script_would_be_a_command(act: Act, house: History, hub: Hub, tmp_path: Path) -> None:
    """The planted violation, for the test above."""
    mark = tmp_path / "PWNED"
    push(hub, UGLY, branch=f"topic/$(touch${{IFS}}{mark})")
    script = "echo ${{ github.event.workflow_run.head_branch }}"
    job = f"runs-on: ubuntu-latest\n    steps:\n      - run: {script}\n"
    house.commit({".github/workflows/planted.yml": f"on: workflow_run\njobs:\n  planted:\n    {job}"})
    done = act.run(house.root, "workflow_run", "planted.yml", lint_ended(hub))
    assert done.jobs == {"planted": "success"}, done.everything
    assert mark.exists()


@pytest.mark.slow
def test_the_lint_of_a_push_is_no_hint(act: Act, house: History, hub: Hub, url: str) -> None:
    push(hub, UGLY)
    done = run(act, house, url, "workflow_run", lint_ended(hub, event="push"))
    assert not done.jobs
    assert not hub.requests


@pytest.mark.slow
def test_it_follows_the_author_until_all_is_mended(act: Act, house: History, hub: Hub, url: str) -> None:
    for content, formatted in ((UGLY, FORMATTED), (UGLY + b"z  = 3\n", FORMATTED + b"z = 3\n")):
        push(hub, content)
        assert run(act, house, url, "workflow_run", lint_ended(hub)).jobs == {"propose": "success"}
        assert hub.git.file(OURS, "x.py") == formatted
    push(hub, FORMATTED)
    assert run(act, house, url, "workflow_run", lint_ended(hub)).jobs == {"propose": "success"}
    (proposed,) = (pull for pull in hub.pulls.values() if pull.number != 7)
    assert proposed.state == "closed"
    assert OURS not in hub.git.branches()


@pytest.mark.slow
def test_an_event_that_is_older_than_the_head_is_left_to_the_next_run(
    act: Act, house: History, hub: Hub, url: str
) -> None:
    push(hub, UGLY)
    event = lint_ended(hub)
    push(hub, UGLY + b"z  = 3\n")
    assert run(act, house, url, "workflow_run", event).jobs == {"propose": "success"}
    assert list(hub.pulls) == [7]
    assert OURS not in hub.git.branches()


@pytest.mark.slow
def test_its_own_branch_is_none_of_its_business(act: Act, house: History, hub: Hub, url: str) -> None:
    push(hub, UGLY, branch=OURS)
    assert run(act, house, url, "workflow_run", lint_ended(hub)).jobs == {"propose": "success"}
    assert {method for method, _ in hub.requests} == {"GET"}


@pytest.mark.slow
def test_two_runs_at_once_propose_once(act: Act, house: History, hub: Hub, url: str, tmp_path: Path) -> None:
    push(hub, UGLY)
    house.commit()
    environment = {"GITHUB_API_URL": url, "GITHUB_REPOSITORY": REPOSITORY}
    event = lint_ended(hub)

    def one(number: int) -> Run:
        return act.beside(tmp_path / str(number)).run(house.root, "workflow_run", "format-pr.yml", event, environment)

    with ThreadPoolExecutor() as threads:
        for done in threads.map(one, range(2)):
            assert done.jobs == {"propose": "success"}, done.everything
    assert len([pull for pull in hub.pulls.values() if pull.branch == OURS]) == 1
    assert hub.git.file(OURS, "x.py") == FORMATTED


TROUBLE = {
    "422": Fault(method="POST", path="/pulls$", status=422, message="Validation Failed", done=True),
    "429": Fault(path="/pulls", status=429, headers={"Retry-After": "1"}),
    "502": Fault(path="/git/", status=502, times=2),
}


@pytest.mark.slow
@pytest.mark.parametrize("status", TROUBLE)
def test_trouble_that_passes_is_overcome(act: Act, house: History, hub: Hub, url: str, status: str) -> None:
    push(hub, UGLY)
    hub.faults = [TROUBLE[status]]
    done = run(act, house, url, "workflow_run", lint_ended(hub))
    assert done.jobs == {"propose": "success"}, done.everything
    assert len([pull for pull in hub.pulls.values() if pull.branch == OURS]) == 1


@pytest.mark.slow
def test_where_pull_requests_are_not_allowed_the_owner_is_told_what_to_switch_on(
    act: Act, house: History, hub: Hub, url: str
) -> None:
    push(hub, UGLY)
    hub.denied = {"pull-requests"}
    done = run(act, house, url, "workflow_run", lint_ended(hub))
    assert done.jobs == {"propose": "success"}, done.everything
    (comment,) = hub.comments.values()
    assert "Allow GitHub Actions to create and approve pull requests" in comment.body


@pytest.mark.slow
def test_an_expired_token_fails_the_run_and_is_not_shown(act: Act, house: History, hub: Hub, url: str) -> None:
    push(hub, UGLY)
    event = lint_ended(hub)
    hub.token = "another"  # noqa: S105 - of a server that exists only in the test
    done = run(act, house, url, "workflow_run", event)
    assert done.jobs == {"propose": "failure"}, done.everything
    assert "does not accept the token" in done.log
    assert TOKEN not in done.log


@pytest.mark.slow
def test_sources_of_strangers_cost_only_themselves(act: Act, house: History, hub: Hub, url: str) -> None:
    strange: dict[str, File] = {
        "link.py": ("120000", b"a/b.py"),
        "sub.py": ("160000", b"1" * 40),
        "slow.py": b"x = " + b"-" * 100_000 + b"1\n",
        "large.py": b"x  = 1\n#" + b"y" * 5_000_000 + b"\n",
        "x\n::error::y.py": b"x  = 1\n",
        "latin.py": b"# coding: latin-1\r\nx  = '\xe4'\r\n",
    }
    push(hub, UGLY, more=strange)
    done = run(act, house, url, "workflow_run", lint_ended(hub))
    assert done.jobs == {"propose": "success"}, done.everything
    changed = hub.git.run("diff", "--name-only", "refs/heads/topic", f"refs/heads/{OURS}").split()
    assert changed == ["latin.py", "x.py"]
    assert hub.git.file(OURS, "latin.py") == b'# coding: latin-1\r\nx = "\xe4"\r\n'
    assert not done.annotations
    for path in ("link.py", "sub.py", "slow.py", "large.py"):
        assert path in done.log
