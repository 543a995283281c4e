"""``ganga resubmit``: submit jobs again that have ended, or for the first time those that are new."""

import asyncio

import ganga
from ganga.cli.following import coming_back
from ganga.cli.handover import settle
from ganga.cli.parsing import Namespace, Parser, read_options
from ganga.cli.requests import AGAIN, Choice, chosen, configure_choice
from ganga.cli.words import tell


def configure(parser: Parser) -> None:
    """Declare its options."""
    configure_choice(parser)


def execute(namespace: Namespace) -> int:
    """1 if there was nothing to submit of one of the jobs named."""
    return asyncio.run(_resubmit(read_options(namespace, Choice)))


async def _resubmit(choice: Choice) -> int:
    async with ganga.open() as client:
        jobs = await chosen(client, choice, among=AGAIN, verb="resubmit")
        asked = await client.resubmit(*jobs)
        idle = [job for job in jobs if job not in asked]
        for job in idle:
            tell(f"nothing of job {job} is to be submitted again: it goes on, or all completed")
        with coming_back(asked):
            await settle(client, asked)
    return 1 if idle else 0
