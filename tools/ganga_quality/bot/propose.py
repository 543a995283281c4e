"""``ganga-quality propose``: look at one pull request, plan, carry out, and look again until nothing is left to do.

Everything is read anew through GitHub's API; the event only says where to look. Of the pull request nothing is checked
out, installed or run. The settings, black's too, are those of the folder that this runs in: the trusted checkout of the
default branch. Drafts are looked at as all others are: who drafts wants to know, and closes an unwanted proposal by a
click.
"""

import asyncio
import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from ganga_quality.bot.actions import Action
from ganga_quality.bot.carrying import Carrier, Denied, Overtaken
from ganga_quality.bot.event import Headed, Irrelevant, Numbered, hint
from ganga_quality.bot.facts import Facts, Formatting, Mode, Pull, Right
from ganga_quality.bot.formatter import Formatter, Moved
from ganga_quality.bot.github import GitHub, Refused, Uncertain, connected, quoted
from ganga_quality.bot.plan import declined, plan
from ganga_quality.bot.sources import Limits
from ganga_quality.bot.standing import Standing
from ganga_quality.bot.told import Told, lines, plan_as_json, summary
from ganga_quality.bot.workshop import Workshop
from ganga_quality.errors import ToolError, UsageError

#: Looks at GitHub until all is as it should be: one, and one more for each thing that another run did in between.
_ROUNDS = 8
_OURS = re.compile(r"format/pr-[0-9]+")
_REPOSITORY = re.compile(r"[A-Za-z0-9-]+/[A-Za-z0-9._-]+")


class Options(Struct, frozen=True, kw_only=True):
    """What the command line asked for."""

    #: The pull request; None: the event tells.
    pull: int | None = None
    #: ``OWNER/NAME``; empty: GITHUB_REPOSITORY tells.
    repository: str = ""
    mode: Mode = Mode.AUTO
    dry_run: bool = False
    #: Who the token is: of a workflow's own token always this; of an app ``NAME[bot]``.
    login: str = "github-actions[bot]"
    #: The trusted checkout, whose settings count.
    root: Path = Path()
    limits: Limits = Limits()


def propose(environment: Mapping[str, str], options: Options) -> int:
    """Propose formatting to one pull request, and say what was done; 0 also if there was nothing to do.

    Reads ``GITHUB_TOKEN``, ``GITHUB_REPOSITORY``, ``GITHUB_API_URL``, ``GITHUB_EVENT_NAME``, ``GITHUB_EVENT_PATH`` and
    ``GITHUB_STEP_SUMMARY``. Raises `UsageError`, and `ToolError` where GitHub does not let us or cannot.
    """
    set_on_retry_hooks([_tell_retry])
    told = asyncio.run(proposed(environment, options))
    for line in [plan_as_json(told)] if options.dry_run else lines(told):
        print(line)
    if (page := environment.get("GITHUB_STEP_SUMMARY")) and not options.dry_run:
        with Path(page).open("a", encoding="utf-8") as file:
            file.write(summary(told))
    return 0


def _tell_retry(details: RetryDetails) -> None:
    print(f"{quoted(details.caused_by)}; trying again in {details.wait_for:.0f} s", file=sys.stderr)


async def proposed(environment: Mapping[str, str], options: Options) -> Told:
    """As `propose`, and tells instead of printing."""
    where = _hint(environment, options)
    if isinstance(where, Irrelevant):
        return Told(reason=where.reason)
    repository = _repository(environment, options)
    url = environment.get("GITHUB_API_URL") or "https://api.github.com"
    async with connected(url, _token(environment), repository) as github, _workshop(options) as workshop:
        standing = Standing(github, repository, options.login)
        formatter = Formatter(github, workshop, options.root, options.limits, time.monotonic)
        try:
            number = await _number(standing, where)
            if number is None:
                return Told(reason="no open pull request, or more than one, ends with the commit that was checked")
            return await _Run(github, standing, formatter, options).settled(number)
        except Refused as refused:
            raise ToolError(f"{refused}; look whether --pull and the token's permissions are right") from refused


class _Run:
    """One run for one pull request."""

    def __init__(self, github: GitHub, standing: Standing, formatter: Formatter, options: Options) -> None:
        self._github = github
        self._standing = standing
        self._formatter = formatter
        self._options = options
        self._denied: set[Right] = set()
        self._done: list[Action] = []
        #: Of the head that this run began with; it is for no other.
        self._formatting: Formatting | None = None

    async def settled(self, number: int) -> Told:
        """Look, plan and carry out until there is nothing left to do."""
        first = await self._standing.pull(number)
        if _OURS.fullmatch(first.branch) and not first.fork:
            return Told(number=number, reason="this pull request is from a branch of ours")
        if first.author == self._options.login:
            return Told(number=number, reason="this pull request is our own")
        trouble = ""
        for _ in range(_ROUNDS):
            try:
                facts = await self._facts(number, first)
                actions = plan(facts)
                if self._options.dry_run or not actions:
                    return self._told(facts, actions)
                await self._carry_out(facts.pull, actions)
            except Moved as moved:
                if (await self._standing.pull(number)).open:
                    return Told(number=number, reason=f"{moved}; its next run takes over", actions=tuple(self._done))
            except Denied as denied:
                self._denied.add(denied.right)
            except (Overtaken, Uncertain) as error:
                trouble = str(error)
        raise ToolError(
            f"#{number} does not come to rest, {trouble or 'others change it all the time'}; run this again"
        )

    async def _facts(self, number: int, first: Pull) -> Facts:
        pull = await self._standing.pull(number)
        if pull.open and (pull.head, pull.branch) != (first.head, first.branch):
            raise Moved("the pull request has moved on")
        if pull.open and self._formatting is None:
            self._formatting = await self._formatter.formatting(pull)
        return Facts(
            pull=pull,
            mode=self._options.mode,
            formatting=self._formatting if pull.open else None,
            branch=await self._standing.branch(number),
            proposals=await self._standing.proposals(number),
            comments=await self._standing.comments(number),
            reviews=await self._standing.reviews(number),
            denied=frozenset(self._denied),
        )

    async def _carry_out(self, pull: Pull, actions: tuple[Action, ...]) -> None:
        async def look() -> Pull:
            return await self._standing.pull(pull.number)

        carrier = Carrier(self._github, pull, look, self._options.login)
        for action in actions:
            await carrier.carry_out(action)
            self._done.append(action)

    def _told(self, facts: Facts, actions: tuple[Action, ...]) -> Told:
        skipped = facts.formatting.skipped if facts.formatting is not None else ()
        done = actions if self._options.dry_run else tuple(self._done)
        return Told(number=facts.pull.number, reason=_reason(facts), actions=done, skipped=skipped)


def _reason(facts: Facts) -> str:
    if not facts.pull.open:
        return "the pull request is closed"
    if declined(facts):
        return "our pull request for this head was closed or merged by somebody"
    if facts.formatting is not None and not facts.formatting.edits:
        return "everything that was looked at is formatted"
    return "the formatting is proposed"


def _workshop(options: Options) -> Workshop:
    return Workshop(options.root, patience=options.limits.patience)


async def _number(standing: Standing, where: Numbered | Headed) -> int | None:
    if isinstance(where, Numbered):
        return where.number
    numbers = await standing.numbers(where.owner, where.branch, where.commit)
    return numbers[0] if len(numbers) == 1 else None


def _hint(environment: Mapping[str, str], options: Options) -> Numbered | Headed | Irrelevant:
    if options.pull is not None:
        return Numbered(options.pull)
    name, file = environment.get("GITHUB_EVENT_NAME", ""), environment.get("GITHUB_EVENT_PATH", "")
    if not file:
        raise UsageError("no pull request is named; expected --pull NUMBER, or a workflow's GITHUB_EVENT_PATH")
    try:
        return hint(name, Path(file).read_bytes())
    except OSError as error:
        raise UsageError(
            f"GITHUB_EVENT_PATH {file} cannot be read: {error.strerror}; or name one with --pull"
        ) from error


def _repository(environment: Mapping[str, str], options: Options) -> str:
    repository = options.repository or environment.get("GITHUB_REPOSITORY", "")
    if not _REPOSITORY.fullmatch(repository):
        raise UsageError(f"the repository is {repository!r}; expected OWNER/NAME by --repository or GITHUB_REPOSITORY")
    return repository


def _token(environment: Mapping[str, str]) -> str:
    token = environment.get("GITHUB_TOKEN", "")
    if not token.isascii() or not token.isprintable() or not token.strip():
        raise UsageError("GITHUB_TOKEN holds no token; give this step `env: GITHUB_TOKEN: ${{ github.token }}`")
    return token
