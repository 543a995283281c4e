"""``ganga store``: what the store holds; move it, archive what is old, and bring that back."""

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

import ganga
from ganga.cli.archived import print_archived
from ganga.cli.lines import print_object
from ganga.cli.parsing import Namespace, Parser, add_json, job, number, read_options
from ganga.cli.words import plural, safe
from ganga.errors import UsageError
from ganga.model.clock import Utc
from ganga.model.ids import JobId, shortened
from ganga.store.archiving import Outcome, bring_back, put_away
from ganga.store.contents import Contents, Progress, contents
from ganga.store.moving import compare, move, reopen
from ganga.store.opening import open_store

#: What can be done, with how many places or files at least and at most.
ACTIONS = {
    "check": (0, 2),
    "move": (2, 2),
    "reopen": (1, 1),
    "archive": (1, 1),
    "archived": (1, 1),
    "restore": (1, 1),
}

DAY = 86_400


class Options(msgspec.Struct, frozen=True):
    """What to do, with which stores or files."""

    action: str
    places: tuple[str, ...]
    older_than: float | None
    job: JobId | None
    json: bool


def configure(parser: Parser) -> None:
    """Declare its options."""
    parser.intermixed = True
    parser.option("action", metavar="|".join(ACTIONS), help="what to do")
    parser.option(
        "places",
        metavar="PLACE",
        nargs="*",
        help="check: one store, two to be compared, or none for your own; move: from where, to where; "
        "reopen: the store to be used again; archive, archived, restore: the file",
    )
    days = number(0, 100_000, float)
    parser.option("--older-than", metavar="DAYS", type=days, help="archive what ended, or happened, before that")
    parser.option("--job", metavar="ID", type=job, help="archived: this job with its subjobs and events")
    add_json(parser)


def execute(namespace: Namespace) -> int:
    """Do it."""
    options = read_options(namespace, Options)
    _check(options)
    match options.action, options.places:
        case "check", places:
            asyncio.run(_check_stores(places, json=options.json))
        case "move", (source, destination):
            asyncio.run(_move(source, destination, json=options.json))
        case "reopen", (place,):
            asyncio.run(_reopen(place))
        case "archived", (file,):
            print_archived(Path(file).absolute(), options.job, json=options.json)
        case "restore", (file,):
            asyncio.run(_restore(Path(file).absolute(), json=options.json))
        case _, (file,):
            asyncio.run(_archive(Path(file).absolute(), options.older_than or 0.0, json=options.json))
    return 0


def _check(options: Options) -> None:
    """Raise `UsageError` for words that make no sense together."""
    if options.action not in ACTIONS:
        known = ", ".join(ACTIONS)
        raise UsageError(f"{shortened(options.action)!r} cannot be done with a store; expected one of {known}")
    least, most = ACTIONS[options.action]
    if not least <= len(options.places) <= most:
        expected = f"{least} to {most}" if least < most else str(least)
        raise UsageError(f"'ganga store {options.action}' takes {expected} places, not {len(options.places)}")
    if (options.older_than is not None) != (options.action == "archive"):
        raise UsageError("--older-than DAYS belongs to 'ganga store archive', which needs it")
    if options.job is not None and options.action != "archived":
        raise UsageError("--job ID belongs to 'ganga store archived'")


async def _check_stores(places: tuple[str, ...], *, json: bool) -> None:
    with _progress() as tell:
        if not places:
            async with ganga.open(monitor=False) as client:
                found = await contents(client.store, tell)
        elif len(places) == 1:
            async with open_store(places[0], passing=True) as store:
                found = await contents(store, tell)
        else:
            async with open_store(places[0], passing=True) as one, open_store(places[1], passing=True) as other:
                found = await compare(one, other, tell)
    _print_contents(found, json=json)


async def _move(source: str, destination: str, *, json: bool) -> None:
    async with open_store(source, passing=True) as old, open_store(destination, new=True, passing=True) as new:
        if old.location == new.location:
            raise UsageError(f"a store cannot be moved to where it is: {old.location}")
        with _progress() as tell:
            found = await move(old, new, tell)
        location = new.location
    _print_contents(found, json=json)
    setting = "url" if "://" in location else "file"
    print(f"moved; name {safe(location)} in the settings, [store] {setting}", file=sys.stderr)


async def _reopen(place: str) -> None:
    async with open_store(place, passing=True) as store:
        await reopen(store)


async def _archive(file: Path, days: float, *, json: bool) -> None:
    before = Utc(time.time() - days * DAY)
    async with ganga.open(monitor=False) as client:
        with _progress() as tell:
            outcome = await put_away(client.store, file, before, tell)
    _print_outcome("archived", outcome, json=json)


async def _restore(file: Path, *, json: bool) -> None:
    async with ganga.open(monitor=False) as client:
        with _progress() as tell:
            outcome = await bring_back(client.store, file, tell)
    _print_outcome("restored", outcome, json=json)


@contextmanager
def _progress() -> Iterator[Progress]:
    """A bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield _silent
        return
    from ganga.cli.bar import progress_bar  # noqa: PLC0415 - slow to load, and for people only

    with progress_bar() as update:
        yield update


def _silent(done: int, total: int, what: str) -> None:
    """Nobody looks."""


def _print_contents(found: Contents, *, json: bool) -> None:
    if json:
        print_object(found)
        return
    for kind in ("jobs", "events", "targets", "store"):
        figures = getattr(found, kind)
        print(f"{kind:8} {figures.count:>10,}  sha256:{figures.digest}")


def _print_outcome(what: str, outcome: Outcome, *, json: bool) -> None:
    if json:
        print_object(outcome)
        return
    jobs = f"{plural(outcome.jobs, 'job')} with {plural(outcome.subjobs, 'subjob')}"
    print(f"{what} {jobs}, {plural(outcome.events, 'event')}")
    if outcome.stayed:
        print(f"{plural(outcome.stayed, 'job')} of these stayed here too: something was said of them meanwhile")
