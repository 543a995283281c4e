"""``ganga refresh``: have jobs asked about now, and show what was answered."""

import asyncio
import time

import msgspec

import ganga
from ganga.cli.following import coming_back
from ganga.cli.lines import job_object, print_object
from ganga.cli.parsing import Namespace, Parser, add_jobs, add_json, number, read_options
from ganga.cli.words import standing, tell
from ganga.client import Client
from ganga.errors import BackendUnavailable
from ganga.model.clock import Utc
from ganga.model.ids import JobId
from ganga.model.job import JobRecord
from ganga.model.status import POLLED
from ganga.store.base import Query

#: Seconds between two looks at whether the answer is there.
LOOK = 0.5


class Options(msgspec.Struct, frozen=True):
    """Which jobs, and for how long to wait for the answer."""

    jobs: tuple[JobId, ...]
    timeout: float
    json: bool


def configure(parser: Parser) -> None:
    """Declare its options."""
    add_jobs(parser)
    parser.option(
        "--timeout", metavar="S", type=number(0, 86_400, float), default=10.0, help="seconds to wait for news (10)"
    )
    add_json(parser)


def execute(namespace: Namespace) -> int:
    """0 when the answer is in, or nothing is new; 3 if a target does not answer."""
    return asyncio.run(_refresh(read_options(namespace, Options)))


async def _refresh(options: Options) -> int:
    async with ganga.open() as client:
        asked = Utc(time.time())
        await client.refresh(*options.jobs)
        with coming_back(options.jobs):
            await _answered(client, options, asked)
        records = await client.store.get(options.jobs)
        states = await client.target_states()
    now = Utc(time.time())
    for record in records:
        if options.json:
            print_object(job_object(record, states.get(record.target)))
        else:
            print(f"{record.id}: {standing(record, states.get(record.target), now)}")
    down = [states[record.target] for record in records if record.target in states and states[record.target].down_since]
    if down:
        raise BackendUnavailable(f"target {down[0].name} does not answer: {down[0].error}; its jobs are as last known")
    return 0


async def _answered(client: Client, options: Options, asked: Utc) -> None:
    try:
        async with asyncio.timeout(options.timeout):
            while True:
                seq = await client.store.last_seq()
                if not await _open_questions(client, options.jobs, asked):
                    return
                await client.store.wait(seq, LOOK)
    except TimeoutError:
        tell(f"no news within {options.timeout:g} seconds")


async def _open_questions(client: Client, jobs: tuple[JobId, ...], asked: Utc) -> bool:
    """Whether something that was asked about has not been confirmed since."""
    states = await client.target_states()
    for record in await client.store.get(jobs):
        for asked_about in await _asked_about(client, record):
            state = states.get(asked_about.target)
            if state is not None and state.down_since is not None:
                continue
            if (asked_about.confirmed(state) or 0.0) < asked:
                return True
    return False


async def _asked_about(client: Client, record: JobRecord) -> list[JobRecord]:
    """The job if a back end is asked about it; of a job with subjobs a page of those."""
    if record.subjobs is None:
        return [record] if record.status.polled else []
    return await client.store.select(Query(statuses=POLLED, parent=record.id, subjobs=True))
