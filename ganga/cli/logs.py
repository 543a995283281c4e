"""``ganga logs``: print the output of a job, byte by byte as it was written, or as far as its target shows it."""

import asyncio
import sys

import msgspec

import ganga
from ganga.backends.base import Stream
from ganga.cli.following import Echo, Following, coming_back, follow_output
from ganga.cli.glimpses import Glimpses
from ganga.cli.parsing import Namespace, Parser, add_jobs, read_options
from ganga.cli.words import tell
from ganga.client import Client
from ganga.errors import BackendError, UsageError
from ganga.model.ids import JobId
from ganga.model.job import JobRecord


class Options(msgspec.Struct, frozen=True):
    """Whose output, and which."""

    job: JobId
    stderr: bool
    follow: bool


def configure(parser: Parser) -> None:
    """Declare its options."""
    add_jobs(parser, many=False)
    parser.flag("--stderr", help="the standard error instead of the standard output")
    parser.flag("--follow", help="go on until the job has ended")


def execute(namespace: Namespace) -> int:
    """Print it."""
    return asyncio.run(_print(read_options(namespace, Options)))


async def _print(options: Options) -> int:
    async with ganga.open(monitor=options.follow) as client:
        record = await client.get(options.job)
        if not client.workspace.output(record.id, record.attempt).is_dir():
            _check_shown_elsewhere(record)
        echo = Echo(client, Stream.STDERR if options.stderr else Stream.STDOUT, sys.stdout.buffer)
        # Of the standard error no target shows the end only.
        shown = echo if options.stderr else Glimpses(client, echo)
        if options.follow:
            with coming_back([record.id], "logs --follow"):
                await _follow(client, record, shown)
        else:
            await shown.catch_up(record)
    return 0


async def _follow(client: Client, record: JobRecord, shown: Following) -> None:
    """Say why there is nothing to be seen yet, if that is so."""
    try:
        await shown.catch_up(record)
    except BackendError as error:
        if record.status.final:
            raise
        tell(f"{error}; waiting until it has ended")
    except UsageError:
        # Of a job that lives it is told below, by whoever follows it.
        if record.status.final:
            raise
    await follow_output(client, record.id, [shown])


def _check_shown_elsewhere(record: JobRecord) -> None:
    """Nothing of the job's output is here: say so, unless there is none yet, or its back end shows it."""
    if record.subjobs is not None:
        raise UsageError(f"job {record.id} has subjobs with an output each: 'ganga logs {record.id}.0' shows the first")
    if record.status.final and record.native_id is not None:
        raise UsageError(f"the output of job {record.id} is not here; 'ganga fetch {record.id}' tries to bring it home")
