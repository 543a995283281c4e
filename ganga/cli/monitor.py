"""``ganga monitor``: look after all targets in the foreground, until stopped."""

import asyncio
import signal
import time
from collections.abc import Mapping
from contextlib import suppress

import msgspec

import ganga
from ganga.cli.grid import Column, Grid
from ganga.cli.lines import print_object
from ganga.cli.parsing import Namespace, Parser, add_json, read_options
from ganga.cli.words import day_time, duration, safe
from ganga.client import Client
from ganga.model.clock import Utc
from ganga.model.ids import TargetName
from ganga.monitor.process import Process, parse, this_process
from ganga.store.base import Holder

#: Seconds between two looks at which targets are ours.
LOOK = 0.5


class Options(msgspec.Struct, frozen=True):
    """Look after the targets, or say who does."""

    status: bool
    json: bool


def configure(parser: Parser) -> None:
    """Declare its options."""
    parser.flag("--status", help="print who looks after each target, and for how long; look after none")
    add_json(parser)


def execute(namespace: Namespace) -> int:
    """Ends with 0 when it is told to stop."""
    options = read_options(namespace, Options)
    return asyncio.run(_status(options) if options.status else _monitor(options))


async def _monitor(options: Options) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with ganga.open() as client:
        _say(options, "monitor started", store=client.store.location, targets=list(client.targets))
        await _tell_of_others(client, options)
        leading: set[TargetName] = set()
        while not stop.is_set():
            leading = await _tell_of_leases(client, leading, options)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await stop.wait()
    _say(options, "monitor stopped", targets=sorted(leading))
    return 0


async def _tell_of_others(client: Client, options: Options) -> None:
    """Say which targets we are only in reserve for."""
    for target in client.targets:
        holder = await client.store.holder(target)
        process = parse(holder.owner) if holder is not None else None
        if process is not None and not process.surely_dead() and process != this_process():
            _say(options, "in reserve", target=target, behind=f"process {process.pid} on {process.host}")


async def _tell_of_leases(client: Client, before: set[TargetName], options: Options) -> set[TargetName]:
    now = set(client.service.leading)
    for target in sorted(now - before):
        _say(options, "took over", target=target)
    for target in sorted(before - now):
        _say(options, "lost", target=target)
    return now


def _say(options: Options, what: str, **details: object) -> None:
    if options.json:
        print_object({"what": what, **details})
    else:
        told = ", ".join(
            safe(", ".join(value) if isinstance(value, list) else str(value)) for value in details.values()
        )
        print(f"{day_time(Utc(time.time()))} {what}: {told}", flush=True)


async def _status(options: Options) -> int:
    async with ganga.open(monitor=False) as client:
        holders = {target: await client.store.holder(target) for target in client.targets}
    if options.json:
        for target, holder in holders.items():
            print_object(_object(target, holder))
    else:
        _print_holders(holders)
    return 0


def _print_holders(holders: Mapping[TargetName, Holder | None]) -> None:
    columns = [Column("TARGET"), Column("MONITOR"), Column("AGE", right=True), Column("TERM", right=True)]
    rows = [_row(target, holder) for target, holder in holders.items()]
    grid = Grid(columns, rows, None)
    for row in [[column.title for column in columns], *rows]:
        print(grid.line(row))


def _row(target: TargetName, holder: Holder | None) -> list[str]:
    if holder is None:
        return [safe(target), "nobody", "", ""]
    process = parse(holder.owner)
    if process is None:
        return [safe(target), safe(holder.owner), "", str(holder.epoch)]
    state = "process {} on {}" if not process.surely_dead() else "process {} on {}, which is gone"
    age = _age(process)
    return [
        safe(target),
        safe(state.format(process.pid, process.host)),
        "" if age is None else duration(age),
        str(holder.epoch),
    ]


def _object(target: TargetName, holder: Holder | None) -> dict[str, object]:
    process = parse(holder.owner) if holder else None
    return {
        "target": target,
        "host": process.host if process else None,
        "pid": process.pid if process else None,
        "alive": not process.surely_dead() if process else None,
        "age": _age(process) if process else None,
        "epoch": holder.epoch if holder else None,
        "beat": holder.beat if holder else None,
    }


def _age(process: Process) -> float | None:
    """For how many seconds the process has been running; None if it is not to be seen from here."""
    import psutil  # noqa: PLC0415 - loaded where it is needed, since it is slow to load

    if process.surely_dead() or process.host != this_process().host:
        return None
    try:
        return time.time() - psutil.Process(process.pid).create_time()
    except psutil.Error:
        return None
