"""What to compare with what: what was asked for, or what the hook, the pull request or the branch suggests."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from ganga_quality.errors import UsageError
from ganga_quality.git.merging import merge_heads, union
from ganga_quality.git.repository import Commit, Index, Repository, State, WorkingTree
from ganga_quality.settings import Settings

#: Where a branch probably came from, if nobody says so.
_DEFAULT_BRANCHES = (
    "refs/remotes/origin/HEAD",
    "refs/remotes/origin/main",
    "refs/remotes/origin/master",
    "refs/heads/main",
    "refs/heads/master",
)


class Comparison(Struct, frozen=True):
    """A state, and what it is compared with."""

    #: As a phrase: ``changes since origin/main``, ``staged changes``, ``all files``.
    description: str
    #: What is checked.
    state: State
    #: The hash of the commit or tree of the old state; None: everything counts.
    base: str | None


def staged(repository: Repository, environment: Mapping[str, str]) -> Comparison:
    """What the next commit brings in.

    While a merge waits to be committed that is only what neither side had: it is compared with the union of all sides.
    """
    head = repository.find_commit("HEAD")
    if head is None:
        return Comparison("staged changes", Index(), repository.empty_tree)
    merged = merge_heads(repository, environment)
    if merged:
        return Comparison("staged changes of the merge", Index(), union(repository, (head, *merged)))
    return Comparison("staged changes", Index(), head)


def since(repository: Repository, revision: str) -> Comparison:
    """What came after the branch point from a revision, on disk. Raises `UsageError` if there is none."""
    return Comparison(f"changes since {revision}", WorkingTree(), repository.merge_base(revision, "HEAD"))


def automatic(repository: Repository, settings: Settings, environment: Mapping[str, str]) -> Comparison:
    """The first that applies: a push seen by a hook, a pull request on GitHub, a commit seen by a hook, the branch.

    Raises `UsageError` if there is nothing to compare with.
    """
    return (
        _pushed(repository, settings, environment)
        or _pull_request(repository, environment)
        or _about_to_be_committed(repository, environment)
        or _branch(repository, settings, environment)
    )


def _pushed(repository: Repository, settings: Settings, environment: Mapping[str, str]) -> Comparison | None:
    """The range that pre-commit or prek was given: mostly what is about to be pushed, with zeros for a new branch."""
    old, new = environment.get("PRE_COMMIT_FROM_REF"), environment.get("PRE_COMMIT_TO_REF")
    if not old or not new:
        return None
    if not old.strip("0"):
        old = _start(repository, settings, environment)
    base = repository.merge_base(old, new)
    return Comparison(f"changes from {_short(old)} to {_short(new)}", Commit(repository.commit(new)), base)


def _pull_request(repository: Repository, environment: Mapping[str, str]) -> Comparison | None:
    """The merge commit with which GitHub tries a pull request; its first parent is the branch that it would go into.

    A workflow may have checked out the author's branch instead, whose last commit may be a merge too: not GitHub's.
    """
    if environment.get("GITHUB_EVENT_NAME") != "pull_request":
        return None
    head = repository.commit("HEAD")
    match _parents(repository, head):
        case (target, _, *_) if environment.get("GITHUB_SHA", head) == head:
            return Comparison("changes of the pull request", Commit(head), repository.commit(target))
    return None


def _about_to_be_committed(repository: Repository, environment: Mapping[str, str]) -> Comparison | None:
    if environment.get("PRE_COMMIT") != "1":
        return None
    comparison = staged(repository, environment)
    if comparison.base is None or merge_heads(repository, environment):
        return comparison
    changes = repository.changes(comparison.base, comparison.state)
    return comparison if changes.files or changes.deleted else None


def _branch(repository: Repository, settings: Settings, environment: Mapping[str, str]) -> Comparison:
    """What the branch brings in and what is not committed yet; on the default branch, mostly only that."""
    head = repository.find_commit("HEAD")
    if head is None:
        return Comparison("everything before the first commit", WorkingTree(), repository.empty_tree)
    start = _start(repository, settings, environment)
    base = repository.merge_base(start, head)
    described = "uncommitted changes" if base == head else f"changes since {_short(start)}"
    return Comparison(described, WorkingTree(), base)


def _start(repository: Repository, settings: Settings, environment: Mapping[str, str]) -> str:
    """The branch that the current one probably came from: the first that exists."""
    candidates = tuple(_candidates(repository, settings, environment))
    for candidate in candidates:
        if repository.find_commit(candidate):
            return candidate
    raise UsageError(
        f"there is no branch to compare with (none of {', '.join(map(_short, candidates))}); name one"
        " with --since, set base in [tool.ganga-quality], fetch it (actions/checkout: fetch-depth: 0), or check --all"
    )


def _candidates(repository: Repository, settings: Settings, environment: Mapping[str, str]) -> Iterator[str]:
    target = environment.get("GITHUB_BASE_REF")
    if target:
        yield f"refs/remotes/origin/{target}"
    if settings.base:
        yield settings.base
    yield from _upstream(repository)
    yield from _DEFAULT_BRANCHES


def _upstream(repository: Repository) -> Iterator[str]:
    """What the current branch follows, unless it has the same name there.

    Then it is only the branch itself as it was last pushed; comparing with it would forget what came in before.
    """
    told = repository.run(
        "for-each-ref", "--format=%(HEAD)%00%(refname)%00%(upstream)%00%(upstream:remoteref)", "refs/heads"
    )
    for line in told.decode(errors="surrogateescape").splitlines():
        current, name, upstream, name_there = line.split("\0")
        if current == "*" and upstream and name != name_there:
            yield upstream


def _parents(repository: Repository, commit: str) -> tuple[str, ...]:
    """As the commit itself has them: in a shallow clone, git says that it has none."""
    header = repository.run("cat-file", "commit", commit).partition(b"\n\n")[0]
    return tuple(line.split()[1].decode() for line in header.split(b"\n") if line.startswith(b"parent "))


def _short(revision: str) -> str:
    """A branch as people call it; half a hash is nobody's word for a commit, but enough of it."""
    if len(revision) >= 40 and not revision.strip("0123456789abcdef"):  # noqa: PLR2004 - the length of a full hash
        return revision[:12]
    return revision.removeprefix("refs/heads/").removeprefix("refs/remotes/")
