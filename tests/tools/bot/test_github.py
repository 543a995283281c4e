"""What is said on the wire, what is tried again, and what an error means."""

from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import aiohttp
import gidgethub
import pytest

from ganga_quality.bot.github import LONGEST_WAIT, Refused, Uncertain, connected, pause
from ganga_quality.bot.replies import BlobReply, FileReply, ObjectReply, PullReply, ReferenceReply, TextReply
from ganga_quality.errors import ToolError, UsageError
from tests.tools.bot.github import Fault, Git, Hub, Pull, serving

PULL = "/pulls/{number}"
COMMENTS = "/issues/{number}/comments"


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    hub = Hub(Git(tmp_path / "hub.git"))
    main = hub.git.commit({"a.py": b"x = 1\n"})
    hub.git.point("refs/heads/main", main)
    hub.git.point("refs/heads/topic", hub.git.commit({f"{number}.py": b"y = 1\n" for number in range(130)}, main))
    hub.add_pull(Pull(12, "topic", "main"))
    return hub


@pytest.fixture
def url(hub: Hub) -> Iterator[str]:
    with serving(hub) as url:
        yield url


async def pull_of(url: str, token: str = "secret") -> PullReply:  # noqa: S107 - the stand-in's
    async with connected(url, token, "acme/repo") as github:
        return await github.get(PullReply, PULL, number=12)


async def test_a_pull_request_is_read(hub: Hub, url: str) -> None:
    pull = await pull_of(url)
    assert (pull.number, pull.head.ref, pull.head.sha) == (12, "topic", hub.git.target("refs/heads/topic"))
    assert hub.problems == []


async def test_lists_are_read_to_the_end(hub: Hub, url: str) -> None:
    async with connected(url, "secret", "acme/repo") as github:
        files = await github.all(FileReply, "/pulls/{number}/files", number=12)
        assert len({file.filename for file in files}) == 130
        assert await github.all(PullReply, "/pulls{?state,head}", state="open", head="acme:topic&x=1") == ()
    assert hub.problems == []


async def test_what_is_not_in_githubs_description_is_a_problem(hub: Hub, url: str) -> None:
    async with connected(url, "secret", "acme/repo") as github:
        with pytest.raises(ToolError):
            await github.get(PullReply, "/pulls/{number}/no-such-thing", number=12)
        with pytest.raises(Uncertain):
            await github.add(PullReply, "/pulls", {"title": "no base"})
        with pytest.raises(Uncertain):
            await github.add(TextReply, COMMENTS, {"body": "x", "boddy": "y"}, number=12)
    assert len({problem.split(":")[0] for problem in hub.problems}) == 3


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_failure_that_passes_is_not_noticed(hub: Hub, url: str, status: int) -> None:
    hub.faults = [Fault(status=status, times=3)]
    assert (await pull_of(url)).number == 12
    assert len(hub.requests) == 4


@pytest.mark.parametrize(("status", "headers"), [(429, {"Retry-After": "7"}), (403, {"Retry-After": "7"}), (429, {})])
async def test_what_came_too_soon_is_asked_again(hub: Hub, url: str, status: int, headers: dict[str, str]) -> None:
    hub.faults = [Fault(status=status, headers=headers, times=2)]
    assert (await pull_of(url)).number == 12


async def test_a_failure_that_lasts_is_an_error(hub: Hub, url: str) -> None:
    hub.faults = [Fault(status=502, times=99, message="bad\n::error::gateway")]
    with pytest.raises(ToolError, match=r"bad\\n::error::gateway") as raised:
        await pull_of(url)
    assert "\n" not in str(raised.value)
    assert len(hub.requests) == 5


async def test_an_hour_is_not_waited_for(hub: Hub, url: str) -> None:
    hub.faults = [Fault(status=429, headers={"Retry-After": "3600"}, times=9)]
    with pytest.raises(ToolError, match="rate limit"):
        await pull_of(url)
    assert len(hub.requests) == 1


async def test_an_expired_token_is_said_to_be_one(hub: Hub, url: str) -> None:
    with pytest.raises(ToolError, match="does not accept the token: Bad credentials") as raised:
        await pull_of(url, "expired")
    assert "expired" in str(raised.value)
    assert len(hub.requests) == 1


async def test_a_refusal_keeps_githubs_word(hub: Hub, url: str) -> None:
    hub.faults = [Fault(status=403, message="Resource not accessible by integration")]
    with pytest.raises(Refused, match="not accessible") as raised:
        await pull_of(url)
    assert raised.value.forbidden


async def test_a_write_that_may_have_been_done_is_not_done_again(hub: Hub, url: str) -> None:
    hub.faults = [Fault(method="POST", status=502, done=True)]
    async with connected(url, "secret", "acme/repo") as github:
        with pytest.raises(Uncertain):
            await github.add(TextReply, COMMENTS, {"body": "x"}, number=12)
    assert len(hub.comments) == 1


async def test_a_write_that_was_too_soon_is_done_later(hub: Hub, url: str) -> None:
    hub.faults = [Fault(method="POST", status=403, message="You have exceeded a secondary rate limit")]
    async with connected(url, "secret", "acme/repo") as github:
        assert (await github.add(TextReply, COMMENTS, {"body": "x"}, number=12)).body == "x"


async def test_an_object_is_made_however_often_it_takes(hub: Hub, url: str) -> None:
    hub.faults = [Fault(method="POST", status=502, times=2, done=True)]
    async with connected(url, "secret", "acme/repo") as github:
        blob = await github.make(ObjectReply, "/git/blobs", {"content": "eAo=", "encoding": "base64"})
        assert (await github.get(BlobReply, "/git/blobs/{sha}", sha=blob.sha)).encoding == "base64"
    assert hub.git.content(blob.sha) == b"x\n"


async def test_references_have_slashes(hub: Hub, url: str) -> None:
    head = hub.git.target("refs/heads/topic")
    async with connected(url, "secret", "acme/repo") as github:
        await github.make(ReferenceReply, "/git/refs", {"ref": "refs/heads/format/pr-12", "sha": head})
        found = await github.get(ReferenceReply, "/git/ref/heads/{+branch}", branch="format/pr-12")
        assert found.object.sha == head
        await github.delete("/git/refs/heads/{+branch}", branch="format/pr-12")
        with pytest.raises(Refused) as raised:
            await github.get(ReferenceReply, "/git/ref/heads/{+branch}", branch="format/pr-12")
    assert raised.value.missing
    assert hub.problems == []


async def test_the_token_follows_no_redirect_and_no_page_elsewhere(hub: Hub, url: str) -> None:
    hub.faults = [Fault(status=301, headers={"Location": f"{url}/elsewhere"})]
    with pytest.raises(Refused):
        await pull_of(url)
    assert len(hub.requests) == 1
    async with connected(url, "secret", "acme/repo") as github:
        caller = github._caller
        with pytest.raises(ToolError, match="another host"):
            await caller.tried(f"{url}0/x")


async def test_a_token_is_not_sent_in_the_clear() -> None:
    with pytest.raises(UsageError, match="https only"):
        async with connected("http://api.github.com", "secret", "acme/repo"):
            pytest.fail("the connection was made")


def test_the_pause_that_github_asks_for() -> None:
    limit = HTTPStatus.TOO_MANY_REQUESTS
    assert pause(aiohttp.ClientConnectionError(), 0) is True
    assert pause(gidgethub.GitHubBroken(HTTPStatus.BAD_GATEWAY), 0) is True
    assert pause(gidgethub.BadRequest(limit, headers={"retry-after": "7"}), 0) == 7
    assert pause(gidgethub.BadRequest(limit, headers={"x-ratelimit-reset": "1007"}), 1000) == 7
    assert pause(gidgethub.BadRequest(limit, headers={"x-ratelimit-reset": "7"}), 1000) == 0
    assert pause(gidgethub.BadRequest(limit, headers={"retry-after": "soon"}), 0) == 60
    assert pause(gidgethub.BadRequest(limit, headers={"retry-after": str(LONGEST_WAIT + 1)}), 0) is False
    assert pause(gidgethub.BadRequest(HTTPStatus.FORBIDDEN), 0) is False
    assert pause(KeyError(), 0) is False
