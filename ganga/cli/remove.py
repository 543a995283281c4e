"""``ganga remove``: forget jobs, with their files."""

import asyncio

import ganga
from ganga.cli.parsing import Namespace, Parser, read_options
from ganga.cli.requests import IDLE, Choice, chosen, configure_choice


def configure(parser: Parser) -> None:
    """Declare its options."""
    configure_choice(parser)


def execute(namespace: Namespace) -> int:
    """All of them, or none."""
    return asyncio.run(_remove(read_options(namespace, Choice)))


async def _remove(choice: Choice) -> int:
    async with ganga.open(monitor=False) as client:
        await client.remove(*await chosen(client, choice, among=IDLE, verb="remove"))
    return 0
