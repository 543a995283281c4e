"""``ganga reschedule``: have the back end run jobs again under their native ids."""

import asyncio
from collections.abc import Sequence

import ganga
from ganga.cli.following import coming_back
from ganga.cli.parsing import Namespace, Parser, number, read_options
from ganga.cli.requests import AGAIN, Choice, chosen, configure_choice
from ganga.cli.words import plural, tell
from ganga.client import Client
from ganga.model.event import EventKind
from ganga.model.ids import JobId, Seq

#: Seconds without news after which the monitor is asked to look once more.
LOOK = 1.0


class Options(Choice, frozen=True):
    """Which jobs, and for how long to wait for news of them."""

    timeout: float


def configure(parser: Parser) -> None:
    """Declare its options."""
    configure_choice(parser)
    parser.option(
        "--timeout", metavar="S", type=number(0, 86_400, float), default=10.0, help="seconds to wait for news (10)"
    )
    parser.epilog = (
        "Of a job with subjobs, those run again that have ended badly; name a subjob to have any other run again. "
        "The job keeps its id at the back end, and the run is its next attempt here. 'ganga resubmit' submits it anew "
        "instead: take that where the back end refuses this, or has forgotten the job."
    )


def execute(namespace: Namespace) -> int:
    """Returns when the back end has taken the request, and the new attempts are seen or the time is over."""
    return asyncio.run(_reschedule(read_options(namespace, Options)))


async def _reschedule(options: Options) -> int:
    async with ganga.open() as client:
        jobs = await chosen(client, options, among=AGAIN, verb="reschedule")
        seq = await client.store.last_seq()
        again = await client.reschedule(*jobs)
        with coming_back(again):
            await _seen(client, jobs, set(again), seq, options.timeout)
        for record in await client.store.get(again):
            print(f"{record.id}: {record.status}, attempt {record.attempt}")
    return 0


async def _seen(client: Client, named: Sequence[JobId], waiting: set[JobId], after: Seq, seconds: float) -> None:
    """Wait until the monitor has seen all of these run again: the jobs that were named, or subjobs of theirs."""
    try:
        async with asyncio.timeout(seconds):
            while waiting:
                async for event in client.events(after, follow=False):
                    after = event.seq
                    if event.kind is EventKind.ATTEMPT_STARTED and event.job is not None:
                        waiting.discard(event.job)
                # A monitor that has only just begun has not heard of a request from before.
                if waiting and not await client.store.wait(after, LOOK):
                    await client.refresh(*named)
    except TimeoutError:
        tell(f"{plural(len(waiting), 'job')} not seen to run again within {seconds:g} seconds; the request was taken")
