"""``ganga monitor``: look after all targets in the foreground, until stopped."""

import asyncio
import logging
import os
import signal
import time
from contextlib import suppress

import msgspec

import ganga
from ganga.cli.attendance import status
from ganga.cli.lines import print_object
from ganga.cli.parsing import Namespace, Parser, add_json, read_options
from ganga.cli.service_logging import FORMATS, logging_as
from ganga.cli.words import day_time, plural, safe
from ganga.client import Client
from ganga.errors import GangaError
from ganga.model.clock import Utc
from ganga.model.ids import TargetName
from ganga.monitor.process import parse, this_process
from ganga.settings import MonitorSettings, load
from ganga.telemetry.observing import observing
from ganga.telemetry.systemd import Notifier

#: Seconds between two looks at which targets are ours.
LOOK = 0.5

_log = logging.getLogger(__name__)


class Options(msgspec.Struct, frozen=True):
    """Look after the targets, or say who does."""

    status: bool
    metrics: str | None
    log_format: str | None
    json: bool


def configure(parser: Parser) -> None:
    """Declare its options."""
    parser.flag(
        "--status",
        help="print who looks after each target and how often it may ask; exits with 1 if nobody looks after some jobs",
    )
    parser.option(
        "--metrics", metavar="ADDRESS", help="serve metrics for Prometheus: PORT of this machine, or HOST:PORT"
    )
    parser.option("--log-format", choices=FORMATS, help="how to log on the standard error")
    add_json(parser)


def execute(namespace: Namespace) -> int:
    """Ends with 0 when it is told to stop. With ``--status``, 1 if there are jobs that nobody looks after."""
    options = read_options(namespace, Options)
    settings = load().monitor
    if options.status:
        return asyncio.run(status(lease=settings.lease, json=options.json))
    form = options.log_format or settings.log
    with logging_as(form, os.environ):
        try:
            return asyncio.run(_monitor(options, settings))
        except GangaError as error:
            if form == "plain":
                raise
            _log.critical("%s", error)
            return error.exit_code


async def _monitor(options: Options, settings: MonitorSettings) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    metrics = options.metrics or settings.metrics
    with observing(metrics=metrics, tracing=settings.tracing) as observer:
        async with ganga.open(observer=observer) as client:
            _say(options, "monitor started", store=client.store.location, targets=list(client.targets))
            await _tell_of_others(client, options)
            notifier = Notifier(os.environ)
            async with notifier.serving():
                leading = await _look_after(client, stop, notifier, options)
    _say(options, "monitor stopped", targets=sorted(leading))
    return 0


async def _look_after(client: Client, stop: asyncio.Event, notifier: Notifier, options: Options) -> set[TargetName]:
    """Say which targets are ours until told to stop; returns them."""
    leading: set[TargetName] = set()
    notifier.tell(STATUS=_sentence(client, leading))
    while not stop.is_set():
        before, leading = leading, await _tell_of_leases(client, leading, options)
        if leading != before:
            notifier.tell(STATUS=_sentence(client, leading))
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK):
                await stop.wait()
    return leading


def _sentence(client: Client, leading: set[TargetName]) -> str:
    ours = f": {', '.join(sorted(leading))}" if leading else ""
    return f"looks after {len(leading)} of {plural(len(client.targets), 'target')}{ours}"


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
