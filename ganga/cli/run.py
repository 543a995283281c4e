"""``ganga run``: submit a job, follow it, and exit as it does."""

import asyncio
import sys

import ganga
from ganga.backends.base import Stream
from ganga.cli.following import Echo, coming_back, ending, exit_code, follow_output, follow_progress
from ganga.cli.lines import job_object, print_object
from ganga.cli.parsing import Namespace, Parser
from ganga.cli.submission import JobOptions, configure_job, read_job, submit_job
from ganga.cli.words import tell
from ganga.client import Client
from ganga.model.job import JobRecord
from ganga.model.status import JobStatus


def configure(parser: Parser) -> None:
    """Declare its options."""
    configure_job(parser)


def execute(namespace: Namespace) -> int:
    """Run a job to its end; returns its exit code."""
    return asyncio.run(_run(read_job(namespace)))


async def _run(options: JobOptions) -> int:
    async with ganga.open() as client:
        record = await submit_job(client, options)
        if sys.stderr.isatty():
            print(f"job {record.id} on {record.target}", file=sys.stderr)
        with coming_back([record.id]):
            ended = await _follow(client, record, options)
        if options.json:
            states = await client.target_states()
            print_object(job_object(ended, states.get(ended.target)))
    if ended.subjobs is not None or ended.status is not JobStatus.COMPLETED or ended.reason:
        tell(f"{ending(ended)}")
    if ended.subjobs is not None:
        return 0 if ended.status is JobStatus.COMPLETED else 1
    return exit_code(ended)


async def _follow(client: Client, record: JobRecord, options: JobOptions) -> JobRecord:
    if record.subjobs is not None or options.json:
        return (await follow_progress(client, [record.id]))[0]
    echoes = [Echo(client, Stream.STDOUT, sys.stdout.buffer), Echo(client, Stream.STDERR, sys.stderr.buffer)]
    return await follow_output(client, record.id, echoes)
