"""A model of GitHub small enough to be tried in every order: what the actions of a plan do to one pull request."""

from collections.abc import Iterable
from difflib import SequenceMatcher
from hashlib import sha1

from msgspec.structs import replace

from ganga_quality.bot.actions import (
    Action,
    CloseProposal,
    DeleteBranch,
    DeleteComment,
    EditComment,
    EditProposal,
    OpenProposal,
    PushBranch,
    RetireReview,
    WriteComment,
    WriteReview,
)
from ganga_quality.bot.facts import (
    Branch,
    Comment,
    Edit,
    Facts,
    Formatting,
    Mode,
    Proposal,
    Pull,
    Review,
    Right,
    branch_of,
)
from ganga_quality.bot.marks import mark
from ganga_quality.changes import Hunk, Span

HEAD, NEXT_HEAD = "a" * 40, "b" * 40


class Denied(Exception):
    def __init__(self, right: Right) -> None:
        super().__init__(right)
        self.right = right


def hunks(before: bytes, after: bytes) -> tuple[Hunk, ...]:
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    found = [codes for codes in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes() if codes[0] != "equal"]
    return tuple(Hunk(a + (b > a), b - a, c + (d > c), d - c) for _, a, b, c, d in found)


def edit(path: str = "a.py", before: bytes = b"x  = 1\n", after: bytes = b"x = 1\n", *spans: Span) -> Edit:
    everything = (Span(1, max(before.count(b"\n") + 1, 1)),)
    return Edit(
        path=path, mode="100644", before=before, after=after, hunks=hunks(before, after), shown=spans or everything
    )


def pull(*, fork: bool = False, **changed: object) -> Pull:
    known = Pull(
        number=12,
        open=True,
        head=HEAD,
        branch="topic",
        fork=fork,
        base="c" * 40,
        base_url="https://github.com/acme/repo.git",
        author="ada",
    )
    return replace(known, **changed)


class World:
    """One pull request and everything of ours around it; ``allowed`` is what the token may do."""

    def __init__(self, of: Pull, mode: Mode, allowed: Iterable[Right] = tuple(Right)) -> None:
        self.pull, self.mode, self.allowed = of, mode, frozenset(allowed)
        self.edits: tuple[Edit, ...] = ()
        self.branches: dict[str, Branch] = {}
        self.proposals: dict[int, Proposal] = {}
        self.comments: dict[int, Comment] = {}
        self.reviews: dict[int, Review] = {}
        self._last = 100

    def facts(self, denied: Iterable[Right] = ()) -> Facts:
        formatting = Formatting(edits=self.edits, base_tree=f"tree of {self.pull.head}", tree=self._tree())
        return Facts(
            pull=self.pull,
            mode=self.mode,
            formatting=formatting if self.pull.open else None,
            branch=self.branches.get(branch_of(self.pull.number)),
            proposals=tuple(self.proposals[number] for number in sorted(self.proposals)),
            comments=tuple(self.comments[number] for number in sorted(self.comments)),
            reviews=tuple(self.reviews[number] for number in sorted(self.reviews)),
            denied=frozenset(denied),
        )

    def apply(self, action: Action) -> None:  # noqa: C901 - one branch for each kind of action
        if isinstance(action, PushBranch | DeleteBranch) and Right.CONTENTS not in self.allowed:
            raise Denied(Right.CONTENTS)
        match action:
            case PushBranch():
                self.branches[action.branch] = Branch(
                    commit=self._commit(action), parents=(action.parent,), tree=action.tree
                )
            case OpenProposal():
                self._open(action)
            case EditProposal():
                known = self.proposals[action.number]
                self.proposals[action.number] = replace(known, base=action.base, title=action.title, body=action.body)
            case CloseProposal():
                self.proposals[action.number] = replace(self.proposals[action.number], open=False, body=action.body)
            case DeleteBranch():
                self.branches.pop(action.branch, None)
                self.proposals = {number: replace(one, open=False) for number, one in self.proposals.items()}
            case WriteComment():
                number = self._next()
                self.comments[number] = Comment(number=number, body=action.body)
            case EditComment():
                if action.number in self.comments:
                    self.comments[action.number] = Comment(number=action.number, body=action.body)
            case DeleteComment():
                self.comments.pop(action.number, None)
            case WriteReview():
                number = self._next()
                comments = tuple(self._next() for _ in action.suggestions)
                self.reviews[number] = Review(number=number, body=action.body, comments=comments)
            case RetireReview():
                self.reviews[action.number] = Review(number=action.number, body=action.body, comments=())

    def leftovers(self) -> list[object]:
        """What still speaks for us."""
        opened: list[object] = [one for one in self.proposals.values() if one.open]
        return [*self.branches, *opened, *self.live()]

    def live(self) -> list[Comment | Review]:
        texts: list[Comment | Review] = [*self.comments.values(), *self.reviews.values()]
        return [one for one in texts if (found := mark(one.body)) and found.live]

    def _open(self, action: OpenProposal) -> None:
        if Right.PULL_REQUESTS not in self.allowed:
            raise Denied(Right.PULL_REQUESTS)
        if any(one.open and one.base == action.base for one in self.proposals.values()):
            return
        number = self._next()
        self.proposals[number] = Proposal(
            number=number, open=True, base=action.base, title=action.title, body=action.body
        )

    def _next(self) -> int:
        self._last += 1
        return self._last

    def _tree(self) -> str:
        return sha1(repr((self.pull.head, self.edits)).encode(), usedforsecurity=False).hexdigest()

    @staticmethod
    def _commit(action: PushBranch) -> str:
        return sha1(repr((action.parent, action.tree)).encode(), usedforsecurity=False).hexdigest()
