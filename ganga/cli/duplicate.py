"""``ganga copy``: make a new job like another."""

import asyncio

import msgspec

import ganga
from ganga.cli.following import coming_back
from ganga.cli.handover import settle
from ganga.cli.lines import job_object, print_object
from ganga.cli.parsing import Namespace, Parser, add_jobs, add_json, read_options
from ganga.model.ids import JobId


class Options(msgspec.Struct, frozen=True):
    """What to copy, and what is different."""

    job: JobId
    name: str | None
    target: str | None
    submit: bool
    json: bool


def configure(parser: Parser) -> None:
    """Declare its options."""
    add_jobs(parser, many=False)
    parser.option("--name", metavar="X", help="another name")
    parser.option("--target", metavar="T", help="another target")
    parser.flag("--submit", help="submit it too; without, 'ganga resubmit' does")
    add_json(parser)


def execute(namespace: Namespace) -> int:
    """Print the id of the copy."""
    return asyncio.run(_copy(read_options(namespace, Options)))


async def _copy(options: Options) -> int:
    async with ganga.open(monitor=options.submit) as client:
        record = await client.copy(options.job, name=options.name, target=options.target)
        if options.submit:
            await client.resubmit(record)
        if options.json:
            print_object(job_object(await client.get(record), None))
        else:
            print(record.id, flush=True)
        if options.submit:
            with coming_back([record.id]):
                await settle(client, [record.id])
    return 0
