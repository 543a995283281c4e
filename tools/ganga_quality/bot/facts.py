"""What the bot knows of one pull request at one moment, read from GitHub and from nowhere else. Pure."""

from enum import StrEnum
from functools import cached_property

from msgspec import Struct

from ganga_quality.changes import Hunk, Span
from ganga_quality.formatting.patch import patch


class Mode(StrEnum):
    """How formatting is proposed."""

    #: A pull request; to a fork, whose branches are not ours to read from, a review if it fits, else a comment.
    AUTO = "auto"
    #: As ``AUTO``; spelled out by those who do not want to depend on what it may become.
    PULL_REQUEST = "pull-request"
    #: A review with suggestions if they fit, else a comment.
    REVIEW = "review"
    COMMENT = "comment"


class Right(StrEnum):
    """What GitHub may deny to the token of a workflow, and what the bot can do without."""

    #: The permission ``contents: write``: without it no branch can be written.
    CONTENTS = "contents"
    #: The repository's setting that lets workflows create pull requests.
    PULL_REQUESTS = "pull-requests"
    #: To write suggestions where GitHub does not find the lines in its diff.
    SUGGESTIONS = "suggestions"


class Pull(Struct, frozen=True, kw_only=True):
    """The pull request that is looked at."""

    number: int
    open: bool
    #: The commit that it ends with.
    head: str
    #: Where it comes from: a branch of the same repository, or of a fork.
    branch: str
    fork: bool
    #: The commit of the branch that it shall go into, and from where to fetch it.
    base: str
    base_url: str
    #: Who opened it.
    author: str


class Edit(Struct, frozen=True, kw_only=True, dict=True):
    """One file as it is at the head of the pull request, and as it would be formatted."""

    path: str
    #: ``100644`` or ``100755``.
    mode: str
    before: bytes
    after: bytes
    #: Where the two differ.
    hunks: tuple[Hunk, ...]
    #: The lines of ``before`` that GitHub shows in the pull request's diff: only there can be suggestions.
    shown: tuple[Span, ...]

    @cached_property
    def lines_before(self) -> list[bytes]:
        """The lines with their ends, as git counts them."""
        return _lines(self.before)

    @cached_property
    def lines_after(self) -> list[bytes]:
        """The lines with their ends, as git counts them."""
        return _lines(self.after)

    @property
    def patch(self) -> bytes:
        """What ``git apply`` needs to format the file."""
        return patch(self.path, self.before, self.after, self.hunks)

    @property
    def count(self) -> int:
        """How many lines a reader finds changed."""
        return sum(max(hunk.old_count, hunk.new_count) for hunk in self.hunks)


class Skipped(Struct, frozen=True, order=True):
    """A file of the pull request that was not looked at, and why not."""

    path: str
    reason: str
    #: Foreign words to it, such as black's, which quotes the source.
    detail: str = ""


class Formatting(Struct, frozen=True, kw_only=True):
    """What came out of formatting the lines that the pull request changed."""

    #: Sorted by path; empty if everything is formatted already.
    edits: tuple[Edit, ...] = ()
    #: The tree of the head, and what it would be with the edits.
    base_tree: str
    tree: str
    skipped: tuple[Skipped, ...] = ()


class Branch(Struct, frozen=True, kw_only=True):
    """Our branch for this pull request, as GitHub has it."""

    commit: str
    parents: tuple[str, ...]
    tree: str


class Proposal(Struct, frozen=True, kw_only=True):
    """A pull request from our branch, open or closed."""

    number: int
    open: bool
    #: Whether we opened it. Where we may not, a person can; that one is let be, and ends with the branch.
    ours: bool = True
    #: The branch that it goes into: that of the pull request that is looked at.
    base: str
    title: str
    body: str


class Comment(Struct, frozen=True, kw_only=True):
    """A comment of ours that bears our mark."""

    number: int
    body: str


class Review(Struct, frozen=True, kw_only=True):
    """A review of ours that bears our mark; ``comments`` are its suggestions that still stand."""

    number: int
    body: str
    comments: tuple[int, ...]


class Facts(Struct, frozen=True, kw_only=True):
    """Everything that a plan depends on."""

    pull: Pull
    mode: Mode = Mode.AUTO
    #: None if nobody needs to know: the pull request is closed.
    formatting: Formatting | None = None
    branch: Branch | None = None
    #: Sorted by number, as are comments and reviews.
    proposals: tuple[Proposal, ...] = ()
    comments: tuple[Comment, ...] = ()
    reviews: tuple[Review, ...] = ()
    #: What GitHub refused when it was tried.
    denied: frozenset[Right] = frozenset()


def branch_of(number: int) -> str:
    """The only branch that is ever written for a pull request: built from its number alone."""
    return f"format/pr-{number:d}"


def _lines(source: bytes) -> list[bytes]:
    return [line + b"\n" for line in source.split(b"\n")[:-1]] + (
        [rest] if (rest := source.rpartition(b"\n")[2]) else []
    )
