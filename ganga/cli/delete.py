"""``ganga delete``: have the back end forget jobs that have ended."""

import asyncio

import ganga
from ganga.cli.parsing import Namespace, Parser, read_options
from ganga.cli.requests import Choice, chosen, configure_choice
from ganga.model.status import FINAL


def configure(parser: Parser) -> None:
    """Declare its options."""
    configure_choice(parser)
    parser.epilog = (
        "The back end forgets the jobs, their subjobs and the output that it keeps; what is here stays as it is, until "
        "'ganga remove'. A job that lives is refused: 'ganga kill' ends it first."
    )


def execute(namespace: Namespace) -> int:
    """Returns when the back end has taken the request."""
    return asyncio.run(_delete(read_options(namespace, Choice)))


async def _delete(choice: Choice) -> int:
    async with ganga.open(monitor=False) as client:
        await client.delete(*await chosen(client, choice, among=FINAL, verb="delete"))
    return 0
