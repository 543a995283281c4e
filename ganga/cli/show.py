"""``ganga show``: all there is to know about a job."""

import asyncio
import shlex
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

import ganga
from ganga.cli.lines import event_object, job_object, print_object
from ganga.cli.parsing import Namespace, Parser, add_jobs, add_json, read_options
from ganga.cli.resources import as_typed
from ganga.cli.words import clock_time, day_time, duration, safe, size, standing
from ganga.client import Client
from ganga.model.clock import Utc
from ganga.model.event import Event
from ganga.model.ids import JobId, Seq
from ganga.model.job import JobRecord, JobSpec, Share, TargetState
from ganga.store.base import Query

#: Events and files shown to people; ``--json`` has all of them.
SHOWN = 30
#: More events of a job are not read.
MOST_EVENTS = 100_000


class Options(msgspec.Struct, frozen=True):
    """Which job."""

    job: JobId
    json: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is known of a job."""

    record: JobRecord
    state: TargetState | None
    spec: JobSpec
    share: Share
    attempts: list[JobRecord]
    counts: dict[str, int]
    folder: Path
    files: list[tuple[str, int]]
    events: list[Event]


def configure(parser: Parser) -> None:
    """Declare its options."""
    add_jobs(parser, many=False)
    add_json(parser)


def execute(namespace: Namespace) -> int:
    """Print it."""
    return asyncio.run(_show(read_options(namespace, Options)))


async def _show(options: Options) -> int:
    async with ganga.open(monitor=False) as client:
        sheet = await _gather(client, options.job)
    if options.json:
        print_object(_object(sheet))
    else:
        for title, text in _lines(sheet, Utc(time.time())):
            print(f"{title:>13}  {text}")
    return 0


async def _gather(client: Client, job: JobId) -> Sheet:
    record = await client.get(job)
    spec, share = (await client.store.specifications([job]))[job]
    folder = client.workspace.output(job, record.attempt)
    counts = {} if record.subjobs is None else await client.store.count(Query(parent=job, subjobs=True))
    return Sheet(
        record=record,
        state=(await client.store.target_states()).get(record.target),
        spec=spec,
        share=share,
        attempts=await client.store.attempts(job),
        counts={str(status): count for status, count in counts.items()},
        folder=folder,
        files=await asyncio.to_thread(_files, folder),
        events=await client.store.events(Seq(0), limit=MOST_EVENTS, job=job),
    )


def _files(folder: Path) -> list[tuple[str, int]]:
    """The files below a folder, with their sizes in bytes."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sorted((str(path.relative_to(folder)), path.stat().st_size) for path in files)


def _object(sheet: Sheet) -> dict[str, object]:
    return {
        **job_object(sheet.record, sheet.state),
        "specification": sheet.spec,
        "share": sheet.share,
        "attempts": [job_object(record, None) for record in sheet.attempts],
        "counts": sheet.counts,
        "output_folder": str(sheet.folder),
        "files": [{"path": path, "size": count} for path, count in sheet.files],
        "events": [event_object(event) for event in sheet.events],
    }


def _lines(sheet: Sheet, now: Utc) -> Iterator[tuple[str, str]]:
    record = sheet.record
    yield "job", record.id
    if record.name:
        yield "name", safe(record.name)
    yield "status", standing(record, sheet.state, now)
    if sheet.counts:
        yield "subjobs", ", ".join(f"{count:,} {status}" for status, count in sheet.counts.items())
    if record.reason:
        yield "reason", safe(record.reason)
    yield "target", f"{safe(record.target)}" + (f" as {safe(record.native_id)}" if record.native_id else "")
    if record.native_status:
        yield "said there", safe(record.native_status)
    if record.place:
        yield "place", safe(record.place)
    yield "command", safe(shlex.join((*sheet.spec.command, *sheet.share.arguments)))
    yield "runs in", safe(sheet.spec.folder) if sheet.spec.folder else "a folder of its own"
    if sheet.spec.resources.wished():
        yield "needs", safe(", ".join(as_typed(sheet.spec.resources)))
    yield from _end(record)
    yield from _times(record, now)
    yield from _history(sheet)


def _end(record: JobRecord) -> Iterator[tuple[str, str]]:
    if record.exit_code is not None:
        yield "exit code", str(record.exit_code)
    if record.signal is not None:
        yield "signal", str(record.signal)
    if record.peak_memory is not None:
        yield "peak memory", size(record.peak_memory)
    if record.cpu_time is not None:
        yield "CPU time", f"{record.cpu_time:.2f} s"
    if record.kill_requested_by:
        yield "to be killed", f"asked for by {safe(record.kill_requested_by)}"


def _times(record: JobRecord, now: Utc) -> Iterator[tuple[str, str]]:
    for title, at in (
        ("created", record.created_at),
        ("submitted", record.submitted_at),
        ("started", record.started_at),
        ("ended", record.ended_at),
    ):
        if at is not None:
            yield title, f"{clock_time(at, now)} ({duration(now - at)} ago)"


def _history(sheet: Sheet) -> Iterator[tuple[str, str]]:
    for attempt in sheet.attempts:
        why = f": {safe(attempt.reason)}" if attempt.reason else ""
        yield f"attempt {attempt.attempt}", f"{attempt.status}{why}"
    for number, (path, count) in enumerate(sheet.files[:SHOWN]):
        yield ("output" if number == 0 else ""), f"{safe(str(sheet.folder / path))} ({size(count)})"
    if len(sheet.files) > SHOWN:
        yield "", f"and {len(sheet.files) - SHOWN} more files"
    own = [event for event in sheet.events if event.job == sheet.record.id]
    for number, event in enumerate(own[-SHOWN:]):
        yield ("history" if number == 0 else ""), event_line(event)


def event_line(event: Event) -> str:
    """An event in a line for people."""
    change = f": {event.old} -> {event.new}" if event.new and event.old else ""
    about = f"job {event.job}" if event.job else f"target {safe(event.target)}"
    reason = f" ({safe(event.reason)})" if event.reason else ""
    return f"{day_time(event.at)} {about} {event.kind.replace('_', ' ')}{change}{reason}"
