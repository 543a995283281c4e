"""``ganga wait``: wait for jobs to end."""

import asyncio

import msgspec

import ganga
from ganga.cli.following import coming_back, ending, follow_progress
from ganga.cli.lines import job_object, print_object
from ganga.cli.parsing import Namespace, Parser, add_jobs, add_json, number, read_options
from ganga.cli.words import tell
from ganga.model.ids import JobId
from ganga.model.status import JobStatus

#: A year: who wants to wait longer leaves the option out.
LONGEST = 366 * 86_400.0


class Options(msgspec.Struct, frozen=True):
    """What to wait for, and how long."""

    jobs: tuple[JobId, ...]
    any: bool
    timeout: float | None
    json: bool


def configure(parser: Parser) -> None:
    """Declare its options."""
    add_jobs(parser)
    parser.flag("--any", help="until one of them has ended")
    parser.option("--timeout", metavar="S", type=number(0, LONGEST, float), help="wait so many seconds at most")
    add_json(parser)


def execute(namespace: Namespace) -> int:
    """0 if all completed (with ``--any``: one of them), 1 if not."""
    return asyncio.run(_wait(read_options(namespace, Options)))


async def _wait(options: Options) -> int:
    async with ganga.open() as client:
        try:
            with coming_back(options.jobs):
                async with asyncio.timeout(options.timeout):
                    records = await follow_progress(client, options.jobs, any_one=options.any)
        except TimeoutError:
            tell(f"not all ended within {options.timeout:g} seconds; they go on")
            records = await client.store.get(options.jobs)
        states = await client.target_states()
    for record in records:
        if options.json:
            print_object(job_object(record, states.get(record.target)))
        elif record.status.final:
            print(ending(record))
    completed = [record.status is JobStatus.COMPLETED for record in records]
    return 0 if all(completed) or (options.any and True in completed) else 1
