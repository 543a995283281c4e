"""``ganga events``: what happened, and what happens, each with its number."""

import asyncio
from contextlib import aclosing

import msgspec

import ganga
from ganga.cli.interruption import Interrupted
from ganga.cli.lines import event_object, print_object
from ganga.cli.parsing import Namespace, Parser, add_json, job, number, read_options
from ganga.cli.show import event_line
from ganga.cli.words import tell
from ganga.model.ids import JobId


class Options(msgspec.Struct, frozen=True):
    """Which events."""

    after: int
    follow: bool
    job: JobId | None
    json: bool


def configure(parser: Parser) -> None:
    """Declare its options."""
    parser.option("--after", metavar="SEQ", type=number(0, 2**53, int), default=0, help="those behind this number")
    parser.flag("--follow", help="go on with those to come")
    parser.option("--job", metavar="ID", type=job, help="those of this job and its subjobs")
    add_json(parser)


def execute(namespace: Namespace) -> int:
    """Print them."""
    return asyncio.run(_print(read_options(namespace, Options)))


async def _print(options: Options) -> int:
    seq = options.after
    async with ganga.open(monitor=False) as client:
        if options.job is not None:
            await client.get(options.job)
        forgotten = (await client.store.head()).forgotten
        if forgotten and not options.after:
            tell(f"the events up to {forgotten} were archived")
        try:
            async with aclosing(client.events(options.after, follow=options.follow, job=options.job)) as events:
                async for event in events:
                    if options.json:
                        print_object(event_object(event))
                    else:
                        print(f"{event.seq:>8}  {event_line(event)}", flush=True)
                    seq = event.seq
        except asyncio.CancelledError:
            raise Interrupted(f"interrupted; 'ganga events --after {seq} --follow' goes on from here") from None
    return 0
