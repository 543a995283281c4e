"""``ganga track``: adopt jobs that something else submitted."""

import asyncio

import msgspec

import ganga
from ganga.cli.lines import job_object, print_object
from ganga.cli.parsing import Namespace, Parser, add_json, read_options


class Options(msgspec.Struct, frozen=True):
    """Which jobs of which target."""

    target: str
    references: tuple[str, ...]
    json: bool


def configure(parser: Parser) -> None:
    """Declare its options."""
    parser.option("target", metavar="TARGET", help="where they are")
    parser.option("references", metavar="REFERENCE", nargs="+", help="what they are called there; a pid of local ones")
    add_json(parser)


def execute(namespace: Namespace) -> int:
    """Print the ids that they have here."""
    return asyncio.run(_track(read_options(namespace, Options)))


async def _track(options: Options) -> int:
    async with ganga.open(monitor=False) as client:
        for record in await client.track(options.target, *options.references):
            if options.json:
                print_object(job_object(record, None))
            else:
                print(record.id)
    return 0
