"""A repository on the stand-in with one pull request, and the bot that looks at it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ganga_quality.bot.facts import Mode
from ganga_quality.bot.propose import Options, proposed
from ganga_quality.bot.sources import Limits
from ganga_quality.bot.told import Told
from ganga_quality.bot.worker import Reply, Request, reply
from ganga_quality.bot.workshop import Workshop
from ganga_quality.formatting.style import read_style
from tests.tools.bot.github import Git, Hub, Pull, serving
from tests.tools.bot.github.git import File

UGLY, PRETTY = b"y  = 1\n", b"y = 1\n"
BRANCH = "format/pr-12"


@dataclass
class Site:
    """Pull request 12 of ``acme/repo``."""

    hub: Hub
    folder: Path
    url: str = ""

    @property
    def pull(self) -> Pull:
        return self.hub.pulls[12]

    @property
    def place(self) -> str:
        fork = self.pull.fork
        return f"refs/forks/{fork}/{self.pull.branch}" if fork else f"refs/heads/{self.pull.branch}"

    def push(self, files: Mapping[str, File], *, force: bool = False) -> str:
        """What the author does; a forced push begins at main again."""
        before = None if force else self.hub.git.target(self.place)
        commit = self.hub.git.commit(files, before or self.hub.git.target("refs/heads/main"))
        self.hub.git.point(self.place, commit)
        return commit

    def environment(self, **more: str) -> dict[str, str]:
        return {"GITHUB_TOKEN": "secret", "GITHUB_REPOSITORY": "acme/repo", "GITHUB_API_URL": self.url} | more

    def lint(self) -> dict[str, str]:
        """The environment of a run that follows `lint` on the pull request's head."""
        run = {
            "event": "pull_request",
            "head_branch": self.pull.branch,
            "head_sha": self.hub.head(self.pull),
            "head_repository": {"owner": {"login": self.pull.fork or "acme"}},
        }
        return self._event("workflow_run", {"action": "completed", "workflow_run": run})

    def closed(self) -> dict[str, str]:
        self.hub.close(12)
        return self._event("pull_request_target", {"action": "closed", "pull_request": {"number": 12}})

    async def run(self, environment: Mapping[str, str] | None = None, *, mode: Mode = Mode.AUTO) -> list[str]:
        """Names of the actions that one run carries out."""
        return [type(action).__name__ for action in (await self.told(environment, mode=mode)).actions]

    async def told(
        self,
        environment: Mapping[str, str] | None = None,
        *,
        mode: Mode = Mode.AUTO,
        limits: Limits | None = None,
        dry_run: bool = False,
    ) -> Told:
        chosen = Options(root=self.folder, mode=mode, limits=limits or Limits(), dry_run=dry_run)
        return await proposed(environment or self.lint(), chosen)

    def proposals(self, state: str = "open") -> list[Pull]:
        return [pull for pull in self.hub.pulls.values() if pull.branch == BRANCH and pull.state == state]

    def proposed_files(self) -> dict[str, bytes]:
        """What differs between our branch and the head of the pull request."""
        git, head = self.hub.git, self.hub.head(self.pull)
        names = git.run("diff-tree", "-r", "-z", "--name-only", head, f"refs/heads/{BRANCH}").split("\0")
        return {name: git.file(f"refs/heads/{BRANCH}", name) for name in names if name}

    def ours(self) -> int:
        """How many requests wrote something."""
        return sum(method != "GET" for method, _ in self.hub.requests)

    def _event(self, name: str, payload: Mapping[str, object]) -> dict[str, str]:
        file = self.folder / "event.json"
        file.write_text(json.dumps(payload))
        return self.environment(GITHUB_EVENT_NAME=name, GITHUB_EVENT_PATH=str(file))


class Bench(Workshop):
    """Formats at once and here, as the child would: for sources that are known to be harmless."""

    def __init__(self, options: Options) -> None:
        super().__init__(options.root, patience=0)
        self._style = read_style(options.root)

    async def formatted(self, request: Request) -> Reply:
        return reply(request, self._style)


@contextmanager
def site(folder: Path, *, branch: str = "topic", fork: str = "", author: str = "ada") -> Iterator[Site]:
    """A site whose pull request has no commit yet; no request that GitHub would not know is made while it stands."""
    hub = Hub(Git(folder / "hub.git"))
    hub.git.point("refs/heads/main", hub.git.commit({"a.py": b"x = 1\n", "old.py": b"o  = 1\np  = 1\n"}))
    hub.add_pull(Pull(12, branch, "main", fork=fork, author=author))
    root = folder / "trusted"
    root.mkdir()
    with serving(hub) as url:
        yield Site(hub, root, url)
    assert hub.problems == []
