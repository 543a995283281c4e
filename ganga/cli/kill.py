"""``ganga kill``: request the end of jobs."""

import asyncio

import ganga
from ganga.cli.following import coming_back
from ganga.cli.handover import settle
from ganga.cli.parsing import Namespace, Parser, read_options
from ganga.cli.requests import LIVE, Choice, chosen, configure_choice
from ganga.cli.words import tell


def configure(parser: Parser) -> None:
    """Declare its options."""
    configure_choice(parser)


def execute(namespace: Namespace) -> int:
    """Returns when the request is on its way, or carried out where nobody else does that."""
    return asyncio.run(_kill(read_options(namespace, Choice)))


async def _kill(choice: Choice) -> int:
    async with ganga.open() as client:
        jobs = await chosen(client, choice, among=LIVE, verb="kill")
        asked = await client.kill(*jobs)
        for job in jobs:
            if job not in asked:
                tell(f"job {job} has ended already")
        with coming_back(asked):
            await settle(client, asked)
    return 0
