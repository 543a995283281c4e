"""What stands on GitHub: the pull request, and everything that is ours around it."""

from ganga_quality.bot.facts import Branch, Comment, Proposal, Pull, Review, branch_of
from ganga_quality.bot.github import GitHub, Refused
from ganga_quality.bot.marks import mark
from ganga_quality.bot.replies import CommitReply, PullReply, ReferenceReply, TextReply


class Standing:
    """Reads one repository; ``login`` is who we are there: a mark on anybody else's text means nothing."""

    def __init__(self, github: GitHub, repository: str, login: str) -> None:
        self._github = github
        self._repository = repository
        self._login = login

    async def pull(self, number: int) -> Pull:
        """The pull request as it is now."""
        reply = await self._github.get(PullReply, "/pulls/{number}", number=number)
        return Pull(
            number=reply.number,
            open=reply.state == "open",
            head=reply.head.sha,
            branch=reply.head.ref,
            fork=not self._is_here(reply),
            base=reply.base.sha,
            base_url=reply.base.repo.clone_url if reply.base.repo is not None else "",
            author=reply.user.login if reply.user is not None else "",
        )

    async def numbers(self, owner: str, branch: str, commit: str) -> list[int]:
        """The open pull requests from a branch that end at a commit."""
        head = f"{owner}:{branch}"
        found = await self._github.all(PullReply, "/pulls{?state,head}", state="open", head=head)
        return [reply.number for reply in found if reply.head.sha == commit]

    async def branch(self, number: int) -> Branch | None:
        """Our branch for a pull request."""
        try:
            found = await self._github.get(ReferenceReply, "/git/ref/heads/{+branch}", branch=branch_of(number))
        except Refused as refused:
            if refused.missing:
                return None
            raise
        commit = await self._github.get(CommitReply, "/git/commits/{sha}", sha=found.object.sha)
        parents = tuple(parent.sha for parent in commit.parents)
        return Branch(commit=commit.sha, parents=parents, tree=commit.tree.sha)

    async def proposals(self, number: int) -> tuple[Proposal, ...]:
        """The pull requests from our branch, whoever opened them."""
        head = f"{self._repository.partition('/')[0]}:{branch_of(number)}"
        found = await self._github.all(PullReply, "/pulls{?state,head}", state="all", head=head)
        return tuple(
            Proposal(
                number=reply.number,
                open=reply.state == "open",
                ours=reply.user is not None and reply.user.login == self._login,
                base=reply.base.ref,
                title=reply.title,
                body=reply.body or "",
            )
            for reply in sorted(found, key=lambda reply: reply.number)
            if self._is_here(reply)
        )

    async def comments(self, number: int) -> tuple[Comment, ...]:
        """Our comments, withdrawn ones too."""
        found = await self._github.all(TextReply, "/issues/{number}/comments", number=number)
        return tuple(Comment(number=one.id, body=one.body or "") for one in self._ours(found))

    async def reviews(self, number: int) -> tuple[Review, ...]:
        """Our reviews, with the suggestions that stand; one that is withdrawn has none left."""
        found = await self._github.all(TextReply, "/pulls/{number}/reviews", number=number)
        return tuple([await self._review(number, one) for one in self._ours(found)])

    async def _review(self, number: int, reply: TextReply) -> Review:
        known = mark(reply.body or "")
        comments: tuple[TextReply, ...] = ()
        if known is not None and known.live:
            path = "/pulls/{number}/reviews/{review}/comments"
            comments = await self._github.all(TextReply, path, number=number, review=reply.id)
        return Review(number=reply.id, body=reply.body or "", comments=tuple(comment.id for comment in comments))

    def _ours(self, texts: tuple[TextReply, ...]) -> list[TextReply]:
        ours = [one for one in texts if one.user is not None and one.user.login == self._login and mark(one.body or "")]
        return sorted(ours, key=lambda one: one.id)

    def _is_here(self, reply: PullReply) -> bool:
        """Whether it comes from a branch of this very repository."""
        return reply.head.repo is not None and reply.head.repo.full_name.lower() == self._repository.lower()
