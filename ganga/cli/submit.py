"""``ganga submit``: submit a job and print its id at once."""

import asyncio

import ganga
from ganga.cli.following import coming_back
from ganga.cli.handover import settle
from ganga.cli.lines import job_object, print_object
from ganga.cli.parsing import Namespace, Parser
from ganga.cli.submission import JobOptions, configure_job, read_job, submit_job


def configure(parser: Parser) -> None:
    """Declare its options."""
    configure_job(parser)


def execute(namespace: Namespace) -> int:
    """Submit, and stay until the job is handed over if nobody else does that."""
    return asyncio.run(_submit(read_job(namespace)))


async def _submit(options: JobOptions) -> int:
    async with ganga.open() as client:
        record = await submit_job(client, options)
        if options.json:
            print_object(job_object(record, None))
        else:
            print(record.id, flush=True)
        with coming_back([record.id]):
            await settle(client, [record.id])
    return 0
