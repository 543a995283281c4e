"""What the bot can do on GitHub. A plan is made of these, and nothing else is ever done. Pure."""

from msgspec import Struct

from ganga_quality.bot.facts import Edit
from ganga_quality.bot.suggestions import Suggestion


class PushBranch(Struct, frozen=True, kw_only=True, tag=True):
    """Make one commit on top of ``parent`` and have the branch point to it, whatever it pointed to before."""

    branch: str
    #: Whether there is such a branch.
    exists: bool
    parent: str
    base_tree: str
    #: What the commit's tree must turn out to be.
    tree: str
    message: str
    edits: tuple[Edit, ...]


class OpenProposal(Struct, frozen=True, kw_only=True, tag=True):
    """Open a pull request from the branch into ``base``."""

    branch: str
    base: str
    title: str
    body: str


class EditProposal(Struct, frozen=True, kw_only=True, tag=True):
    """Say anew what a pull request of ours is, and into which branch it goes."""

    number: int
    base: str
    title: str
    body: str


class CloseProposal(Struct, frozen=True, kw_only=True, tag=True):
    """Close a pull request of ours and say why."""

    number: int
    body: str


class DeleteBranch(Struct, frozen=True, kw_only=True, tag=True):
    """Delete the branch."""

    branch: str


class WriteComment(Struct, frozen=True, kw_only=True, tag=True):
    """Comment on the pull request."""

    body: str


class EditComment(Struct, frozen=True, kw_only=True, tag=True):
    """Change a comment of ours."""

    number: int
    body: str


class DeleteComment(Struct, frozen=True, kw_only=True, tag=True):
    """Delete a comment of ours that says what another one says."""

    number: int


class WriteReview(Struct, frozen=True, kw_only=True, tag=True):
    """Review the pull request with suggestions."""

    commit: str
    body: str
    suggestions: tuple[Suggestion, ...]


class RetireReview(Struct, frozen=True, kw_only=True, tag=True):
    """Take back the suggestions of a review of ours; the review itself cannot be deleted, so it says why."""

    number: int
    comments: tuple[int, ...]
    body: str


Action = (
    PushBranch
    | OpenProposal
    | EditProposal
    | CloseProposal
    | DeleteBranch
    | WriteComment
    | EditComment
    | DeleteComment
    | WriteReview
    | RetireReview
)
