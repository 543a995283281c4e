"""``ganga history``: what happened to a job, as ganga saw it and as its back end recorded it."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

import ganga
from ganga.cli.grid import Column, Grid, screen
from ganga.cli.lines import event_object, print_object, step_object
from ganga.cli.parsing import Namespace, Parser, add_jobs, add_json, read_options
from ganga.cli.show import MOST_EVENTS
from ganga.cli.words import day_time, safe, tell
from ganga.errors import BackendError, UsageError
from ganga.model.clock import Utc
from ganga.model.event import Event, EventKind
from ganga.model.ids import JobId, Seq, TargetName
from ganga.model.step import Step

COLUMNS = (Column("TIME"), Column("TOLD BY"), Column("WHAT"), Column("DETAIL", gives_way=True))


class Options(msgspec.Struct, frozen=True):
    """Of which job."""

    job: JobId
    json: bool


class Line(NamedTuple):
    """One line of the table, and the same for machines."""

    at: Utc
    told_by: str
    what: str
    detail: str
    members: Mapping[str, object]


def configure(parser: Parser) -> None:
    """Declare its options."""
    add_jobs(parser, many=False)
    add_json(parser)


def execute(namespace: Namespace) -> int:
    """3 if the back end cannot be asked, after what ganga knows itself was printed."""
    return asyncio.run(_print(read_options(namespace, Options)))


async def _print(options: Options) -> int:
    failure: BackendError | None = None
    steps: list[Step] = []
    async with ganga.open(monitor=False) as client:
        record = await client.get(options.job)
        events = await client.store.events(Seq(0), limit=MOST_EVENTS, job=record.id)
        try:
            steps = await client.history(record)
        except UsageError as error:
            tell(str(error))
        except BackendError as error:
            failure = error
    lines = [_of_event(event) for event in events if event.job == record.id]
    _show(sorted([*lines, *(_of_step(step, record.target) for step in steps)], key=_time), json=options.json)
    if failure is not None:
        raise failure
    return 0


def _time(line: Line) -> Utc:
    return line.at


def _of_event(event: Event) -> Line:
    return Line(event.at, "ganga", _what(event), safe(event.reason or ""), {"told_by": "ganga", **event_object(event)})


def _what(event: Event) -> str:
    change = f"{event.old} -> {event.new}"
    if event.kind is EventKind.STATUS_CHANGED:
        return change
    if event.kind is EventKind.ATTEMPT_STARTED:
        return f"attempt {event.attempt}: {change}"
    return event.kind.replace("_", " ")


def _of_step(step: Step, target: TargetName) -> Line:
    """The back end's words side by side; those that say nothing are for machines only."""
    words = [word for word in (step.minor_status, step.application_status) if word not in {"", "Unknown"}]
    told_by = f"{safe(target)} {safe(step.source)}".rstrip()
    return Line(step.at, told_by, safe(step.status), safe("; ".join(words)), {"told_by": target, **step_object(step)})


def _show(lines: Sequence[Line], *, json: bool) -> None:
    if json:
        for line in lines:
            print_object(line.members)
        return
    rows = [[day_time(line.at), line.told_by, line.what, line.detail] for line in lines]
    grid = Grid(COLUMNS, rows, screen().width)
    print(grid.title())
    for row in rows:
        print(grid.line(row))
