"""``ganga list``: jobs, newest first, page by page."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence

import msgspec

import ganga
from ganga.cli.grid import Column, Grid, screen
from ganga.cli.lines import job_object, print_object
from ganga.cli.parsing import Namespace, Parser, add_json, job, number, read_options, status
from ganga.cli.words import doubt, duration, plural, safe
from ganga.client import Client
from ganga.errors import UnknownTarget
from ganga.model.clock import Utc
from ganga.model.ids import JobId, TargetName, shortened
from ganga.model.job import JobRecord, TargetState
from ganga.model.status import FINAL, JobStatus
from ganga.store.base import Query

#: Jobs on a page that a person has not asked for in another length.
SCREEN = 50
#: Jobs read from the store in one go.
PAGE = 1000
#: Longer names and reasons are cut before they are laid out.
LONGEST = 200

COLUMNS = (
    Column("ID"),
    Column("NAME", gives_way=True),
    Column("TARGET"),
    Column("STATUS"),
    Column("SUBJOBS"),
    Column("EXIT", right=True),
    Column("AGE", right=True),
    Column("DETAIL", gives_way=True),
)

#: The column of the status.
STATUS = 3

_COLOURS = {
    JobStatus.RUNNING: "36",
    JobStatus.COMPLETED: "32",
    JobStatus.FAILED: "31",
    JobStatus.LOST: "31",
    JobStatus.HELD: "33",
    JobStatus.SUSPENDED: "33",
    JobStatus.KILLED: "33",
}

States = Mapping[TargetName, TargetState]


class Options(msgspec.Struct, frozen=True):
    """Which jobs, and how many."""

    subjobs: bool
    status: tuple[JobStatus, ...]
    target: str | None
    name: str | None
    parent: JobId | None
    after: JobId | None
    limit: int | None
    json: bool


def configure(parser: Parser) -> None:
    """Declare its options."""
    parser.flag("--subjobs", help="with the subjobs behind their jobs")
    parser.option(
        "--status", metavar="S", type=status, action="append", default=[], help="with this status; repeatable"
    )
    parser.option("--target", metavar="T", help="of this target")
    parser.option("--name", metavar="PATTERN", help="with a name like this: 'fit-*'")
    parser.option("--parent", metavar="ID", type=job, help="the subjobs of this job")
    parser.option("--after", metavar="ID", type=job, help="those behind this one in the list")
    limit = number(0, 2**53, int)
    parser.option("--limit", metavar="N", type=limit, help=f"so many; 0 for all ({SCREEN} on a terminal, else all)")
    add_json(parser)


def execute(namespace: Namespace) -> int:
    """Print them."""
    return asyncio.run(_list(read_options(namespace, Options)))


async def _list(options: Options) -> int:
    async with ganga.open(monitor=False) as client:
        states = await client.store.target_states()
        query = _query(client, options, states)
        if options.json:
            async for page in _pages(client, query, options.after, options.limit or 0):
                for record in page:
                    print_object(job_object(record, states.get(record.target)))
        else:
            await _print_table(client, query, options, states)
    return 0


def _query(client: Client, options: Options, states: States) -> Query:
    """Raises `UnknownTarget`; one that is no longer configured may still have jobs."""
    if options.target is not None and options.target not in {*client.targets, *states}:
        known = ", ".join(sorted({*client.targets, *states}))
        raise UnknownTarget(f"there is no target {shortened(options.target)!r}; known targets: {known}")
    return Query(
        statuses=frozenset(options.status),
        targets=frozenset() if options.target is None else frozenset({TargetName(options.target)}),
        name=options.name,
        parent=options.parent,
        subjobs=options.subjobs or options.parent is not None,
    )


async def _pages(client: Client, query: Query, after: JobId | None, limit: int) -> AsyncIterator[list[JobRecord]]:
    """At most `limit` jobs; all if it is 0."""
    if query.parent is not None:
        await client.get(query.parent)
    left = limit or sys.maxsize
    while left > 0 and (page := await client.store.select(query, after=after, limit=min(left, PAGE))):
        yield page
        after, left = page[-1].id, left - len(page)


async def _print_table(client: Client, query: Query, options: Options, states: States) -> None:
    onto = screen()
    usual = SCREEN if onto.width is not None else 0
    limit = usual if options.limit is None else options.limit
    grid: Grid | None = None
    printed, last = 0, options.after
    async for page in _pages(client, query, options.after, limit):
        rows = await _rows(client, page, states)
        if grid is None:
            grid = Grid(COLUMNS, rows, onto.width)
            print(grid.title())
        for record, row in zip(page, rows, strict=True):
            colour = _COLOURS.get(record.status) if onto.colours else None
            print(grid.line(row, {STATUS: colour} if colour else {}))
        printed, last = printed + len(page), page[-1].id
    if grid is None:
        print("no jobs" if options.after is None else f"no jobs behind {options.after}", file=sys.stderr)
    elif printed == limit:
        await _tell_of_more(client, query, last)


async def _tell_of_more(client: Client, query: Query, last: JobId | None) -> None:
    if not await client.store.select(query, after=last, limit=1):
        return
    total = sum((await client.store.count(query)).values())
    print(f"{plural(total, 'job')} in all: --after {last} shows the next, --limit 0 all of them", file=sys.stderr)


async def _rows(client: Client, page: Sequence[JobRecord], states: States) -> list[list[str]]:
    counts = await _counts(client, page)
    now = Utc(time.time())
    return [_row(record, counts.get(record.id), states.get(record.target), now) for record in page]


async def _counts(client: Client, page: Sequence[JobRecord]) -> dict[JobId, dict[JobStatus, int]]:
    """How many subjobs of each job on the page have which status: one question for each target."""
    counts: dict[JobId, dict[JobStatus, int]] = {}
    for target in {record.target for record in page}:
        parents = [record.id for record in page if record.target == target and record.subjobs is not None]
        if parents:
            counts.update(await client.store.families(target, parents))
    return counts


def _row(record: JobRecord, counts: Mapping[JobStatus, int] | None, state: TargetState | None, now: Utc) -> list[str]:
    ended = "" if counts is None else f"{sum(counts.get(status, 0) for status in FINAL):,}/{record.subjobs:,}"
    code = f"sig {record.signal}" if record.signal is not None else record.exit_code
    return [
        f"  {record.id}" if "." in record.id else record.id,
        safe(record.name[:LONGEST]),
        safe(record.target),
        str(record.status),
        ended,
        "" if code is None else str(code),
        duration(now - (record.submitted_at or record.created_at)),
        safe((doubt(record, state, now) or record.reason or _native(record))[:LONGEST]),
    ]


def _native(record: JobRecord) -> str:
    """The back end's own word, while it says more than our status does."""
    return record.native_status or "" if not record.status.final else ""
