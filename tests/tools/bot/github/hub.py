"""What the stand-in knows: one repository with its pull requests, comments and reviews. No HTTP here."""

import re
from dataclasses import dataclass, field

from tests.tools.bot.github.diffs import files
from tests.tools.bot.github.faults import Fault
from tests.tools.bot.github.git import Git
from tests.tools.bot.github.slice import Json

_OURS = re.compile(r"format/pr-[1-9][0-9]*")


class Refusal(Exception):
    """An answer other than success."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass
class Pull:
    number: int
    branch: str
    base: str
    author: str = "ada"
    #: Whose fork it comes from; empty for a branch of the same repository.
    fork: str = ""
    title: str = "A change"
    body: str = ""
    state: str = "open"
    merged: bool = False
    #: Where it ended when it was closed.
    last_head: str = ""


@dataclass
class Comment:
    number: int
    pull: int
    author: str
    body: str


@dataclass
class Review:
    number: int
    pull: int
    author: str
    body: str
    commit: str
    #: By number.
    comments: dict[int, dict[str, Json]] = field(default_factory=dict)


@dataclass
class Hub:
    """One repository; ``login`` is who the token belongs to, ``denied`` what it may not do."""

    git: Git
    repository: str = "acme/repo"
    token: str = "secret"  # noqa: S105 - nobody else's
    login: str = "github-actions[bot]"
    #: Of ``contents`` and ``pull-requests``.
    denied: set[str] = field(default_factory=set)
    largest_patch: int = 3_000
    faults: list[Fault] = field(default_factory=list)
    pulls: dict[int, Pull] = field(default_factory=dict)
    comments: dict[int, Comment] = field(default_factory=dict)
    reviews: dict[int, Review] = field(default_factory=dict)
    #: Method and path below the repository of each request.
    requests: list[tuple[str, str]] = field(default_factory=list)
    #: What nobody should have asked for.
    problems: list[str] = field(default_factory=list)
    _last: int = 1_000

    def add_pull(self, pull: Pull) -> Pull:
        self.pulls[pull.number] = pull
        return pull

    def head(self, pull: Pull) -> str:
        """Where a pull request ends: at its branch, or where that was when it was closed."""
        place = f"refs/forks/{pull.fork}/{pull.branch}" if pull.fork else f"refs/heads/{pull.branch}"
        if pull.state == "open" and (found := self.git.target(place)):
            pull.last_head = found
        return pull.last_head

    def close(self, number: int, *, merged: bool = False) -> None:
        """What a person does by a click."""
        pull = self.pulls[number]
        self.head(pull)
        pull.state, pull.merged = "closed", merged

    def files(self, pull: Pull) -> list[Json]:
        return files(self.git, f"refs/heads/{pull.base}", self.head(pull), self.largest_patch)

    def next_number(self) -> int:
        self._last += 1
        return self._last

    def find(self, number: int) -> Pull:
        if number not in self.pulls:
            raise Refusal(404, "Not Found")
        return self.pulls[number]

    def need(self, right: str) -> None:
        if right in self.denied:
            raise Refusal(403, "Resource not accessible by integration")

    def written(self, branch: str) -> None:
        """Keep in mind a write to a branch that is not the bot's."""
        if not _OURS.fullmatch(branch):
            self.problems.append(f"the branch {branch!r} was written")

    def open_pull(self, head: str, base: str, title: str, body: str) -> Pull:
        if "pull-requests" in self.denied:
            raise Refusal(403, "GitHub Actions is not permitted to create or approve pull requests.")
        branches = self.git.branches()
        if head not in branches or base not in branches:
            raise Refusal(422, "Validation Failed: no such branch")
        if branches[head] == branches[base] or self.git.is_ancestor(branches[head], branches[base]):
            raise Refusal(422, f"Validation Failed: No commits between {base} and {head}")
        if any((one.branch, one.base, one.state, one.fork) == (head, base, "open", "") for one in self.pulls.values()):
            owner = self.repository.partition("/")[0]
            raise Refusal(422, f"Validation Failed: A pull request already exists for {owner}:{head}.")
        return self.add_pull(Pull(self.next_number(), head, base, author=self.login, title=title, body=body))

    def delete_branch(self, branch: str) -> None:
        """Delete a branch; GitHub closes what came from it, or goes into it."""
        for pull in self.pulls.values():
            if pull.state == "open" and branch in {pull.base, pull.branch if not pull.fork else ""}:
                self.close(pull.number)
        self.git.delete(f"refs/heads/{branch}")

    def state(self) -> Json:
        """Everything, for a test in another process."""
        return {
            "pulls": [vars(one) | {"head": self.head(one)} for one in self.pulls.values()],
            "comments": [vars(one) for one in self.comments.values()],
            "reviews": [vars(one) for one in self.reviews.values()],
            "branches": dict[str, Json](self.git.branches()),
            "requests": [[method, path] for method, path in self.requests],
            "problems": list[Json](self.problems),
        }
