"""GitHub's replies, as far as the bot reads them; anything else in them is passed over."""

from msgspec import Struct


class User(Struct, frozen=True):
    """Who did it; GitHub has None for accounts that are gone."""

    login: str


class Repository(Struct, frozen=True):
    """A repository that a pull request comes from or goes into."""

    full_name: str
    clone_url: str


class Side(Struct, frozen=True):
    """One end of a pull request; a fork may have been deleted."""

    ref: str
    sha: str
    repo: Repository | None = None


class PullReply(Struct, frozen=True):
    """``GET /repos/{owner}/{repo}/pulls/{number}``, and the items of their list."""

    number: int
    state: str
    title: str
    head: Side
    base: Side
    body: str | None = None
    user: User | None = None


class FileReply(Struct, frozen=True):
    """A file of a pull request; ``patch`` is missing for what is binary or too large."""

    filename: str
    status: str
    changes: int
    sha: str | None = None
    patch: str | None = None


class EntryReply(Struct, frozen=True):
    """An entry of a tree; only a blob has a size."""

    path: str
    mode: str
    type: str
    sha: str
    size: int | None = None


class TreeReply(Struct, frozen=True):
    """A tree: one folder of one commit."""

    sha: str
    tree: tuple[EntryReply, ...] = ()
    truncated: bool = False


class BlobReply(Struct, frozen=True):
    """The content of a file, in base64 with line ends in it."""

    content: str
    encoding: str


class ObjectReply(Struct, frozen=True):
    """An object of git that is only named."""

    sha: str


class CommitReply(Struct, frozen=True):
    """A commit as git has it."""

    sha: str
    tree: ObjectReply
    parents: tuple[ObjectReply, ...] = ()


class ReferenceReply(Struct, frozen=True):
    """Where a reference points to."""

    object: ObjectReply


class TextReply(Struct, frozen=True):
    """A comment, a review, or a comment of a review."""

    id: int
    body: str | None = None
    user: User | None = None
