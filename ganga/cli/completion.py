"""``ganga completion``: completion for bash, zsh and fish, which asks this program for the words that fit."""

import argparse
import asyncio
from collections.abc import Callable, Iterable

import argcomplete
from argcomplete.shell_integration import shellcode

from ganga.cli.parsing import Namespace, Parser, job, status
from ganga.cli.table import COMMANDS
from ganga.errors import GangaError, UsageError
from ganga.model.ids import shortened
from ganga.model.status import JobStatus

SHELLS = ("bash", "zsh", "fish")

#: Jobs offered, the newest ones.
OFFERED = 50


def configure(parser: Parser) -> None:
    """Declare its options."""
    parser.option("shell", metavar="|".join(SHELLS), help="which shell")
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = (
        'bash: eval "$(ganga completion bash)"\n'
        'zsh:  eval "$(ganga completion zsh)"\n'
        "fish: ganga completion fish | source"
    )


def execute(namespace: Namespace) -> int:
    """Print the lines for a shell to read."""
    if namespace.shell not in SHELLS:
        raise UsageError(
            f"{shortened(namespace.shell)!r} is not a shell that can be taught; expected {', '.join(SHELLS)}"
        )
    print(shellcode(["ganga"], shell=namespace.shell))
    return 0


def complete() -> None:
    """Answer the shell that asks by its environment, and end the process."""
    argcomplete.autocomplete(full_parser(), always_complete_options="long")


def full_parser() -> argparse.ArgumentParser:
    """A parser of all commands, with what may stand for jobs, targets and statuses."""
    from ganga.cli.running import load  # noqa: PLC0415 - loaded where it is needed, since it is slow to load

    parser = argparse.ArgumentParser(prog="ganga", allow_abbrev=False)
    commands = parser.add_subparsers(parser_class=argparse.ArgumentParser)
    for name, (_, purpose) in COMMANDS.items():
        own = Parser(prog=f"ganga {name}", description=purpose)
        load(name).configure(own)
        for action in own.declared:
            completer = _completer(action)
            if completer is not None:
                action.completer = completer  # type: ignore[attr-defined] # - argcomplete's own way
        commands.add_parser(name, parents=[own], add_help=False, help=purpose)
    return parser


def _completer(action: argparse.Action) -> Callable[..., Iterable[str]] | None:
    if action.type is job:
        return _jobs
    if action.type is status:
        return lambda **_: list(JobStatus)
    if action.dest in {"target", "only"}:
        return _targets
    if action.dest == "shell":
        return lambda **_: SHELLS
    return None


def _jobs(**_: object) -> Iterable[str]:
    try:
        return asyncio.run(_newest())
    except GangaError:  # a shell that completes a word has no place for the sentence
        return []


async def _newest() -> list[str]:
    from ganga.settings import load  # noqa: PLC0415 - loaded where it is needed, since it is slow to load
    from ganga.store.base import Query  # noqa: PLC0415 - loaded where it is needed, since it is slow to load
    from ganga.store.configured import open_configured  # noqa: PLC0415 - loaded where it is needed: it is slow to load

    settings = load()
    async with open_configured(settings.database, settings.store.url, settings.store.owner, read_only=True) as store:
        return [record.id for record in await store.select(Query(), limit=OFFERED)]


def _targets(**_: object) -> Iterable[str]:
    from ganga.settings import load  # noqa: PLC0415 - loaded where it is needed, since it is slow to load

    try:
        return list(load().targets)
    except GangaError:  # as above
        return []
