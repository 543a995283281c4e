"""``ganga monitor``: look after all targets in the foreground, until stopped."""

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress

import msgspec

import ganga
from ganga.app import check_hosting, host
from ganga.cli.attendance import status, status_for_all
from ganga.cli.lines import print_object
from ganga.cli.parsing import Namespace, Parser, add_json, read_options
from ganga.cli.service_logging import FORMATS, logging_as
from ganga.cli.words import day_time, plural, safe
from ganga.client import Client
from ganga.errors import GangaError
from ganga.model.clock import Utc
from ganga.model.ids import TargetName
from ganga.monitor.instruments import Observer
from ganga.monitor.process import parse, this_process
from ganga.settings import Settings, load
from ganga.telemetry.observing import observing
from ganga.telemetry.systemd import Notifier

#: Seconds between two looks at which targets are ours.
LOOK = 0.5

#: A target that this process looks after, and whose it is; the owner is empty for one's own.
Led = tuple[str, TargetName]

_log = logging.getLogger(__name__)


class Options(msgspec.Struct, frozen=True):
    """Look after the targets, or say who does."""

    status: bool
    for_all: bool
    metrics: str | None
    log_format: str | None
    json: bool


def configure(parser: Parser) -> None:
    """Declare its options."""
    parser.flag(
        "--status",
        help="print who looks after each target and how often it may ask; exits with 1 if nobody looks after some jobs",
    )
    parser.flag(
        "--for-all", help="look after the targets of all who trust this role of the store, as a service account"
    )
    parser.option(
        "--metrics", metavar="ADDRESS", help="serve metrics for Prometheus: PORT of this machine, or HOST:PORT"
    )
    parser.option("--log-format", choices=FORMATS, help="how to log on the standard error")
    add_json(parser)


def execute(namespace: Namespace) -> int:
    """Ends with 0 when it is told to stop. With ``--status``, 1 if there are jobs that nobody looks after."""
    options = read_options(namespace, Options)
    settings = load()
    if options.for_all:
        check_hosting(settings)
    if options.status:
        if options.for_all:
            return asyncio.run(status_for_all(settings, json=options.json))
        return asyncio.run(status(lease=settings.monitor.lease, json=options.json))
    form = options.log_format or settings.monitor.log
    with logging_as(form, os.environ):
        try:
            return asyncio.run(_monitor(options, settings))
        except GangaError as error:
            if form == "plain":
                raise
            _log.critical("%s", error)
            return error.exit_code


async def _monitor(options: Options, settings: Settings) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    metrics = options.metrics or settings.monitor.metrics
    with observing(metrics=metrics, tracing=settings.monitor.tracing) as observer:
        if options.for_all:
            leading = await _for_all(options, settings, observer, stop)
        else:
            leading = await _for_oneself(options, observer, stop)
    _say(options, "monitor stopped", targets=sorted(" ".join(_words(led)) for led in leading))
    return 0


async def _for_oneself(options: Options, observer: Observer, stop: asyncio.Event) -> set[Led]:
    async with ganga.open(observer=observer) as client:
        _say(options, "monitor started", store=client.store.location, targets=list(client.targets))
        await _tell_of_others(client, options)
        notifier = Notifier(os.environ)

        def leading() -> set[Led]:
            return {("", target) for target in client.service.leading}

        def sentence(led: set[Led]) -> str:
            ours = f": {', '.join(sorted(target for _, target in led))}" if led else ""
            return f"looks after {len(led)} of {plural(len(client.targets), 'target')}{ours}"

        async with notifier.serving():
            return await _look_after(leading, sentence, stop, notifier, options)


async def _for_all(options: Options, settings: Settings, observer: Observer, stop: asyncio.Event) -> set[Led]:
    async with host(settings, observer=observer) as hosting:
        _say(options, "monitor started", store=hosting.location, role=hosting.role)
        notifier = Notifier(os.environ)

        def sentence(led: set[Led]) -> str:
            return f"looks after {plural(len(led), 'target')} of {plural(len({owner for owner, _ in led}), 'owner')}"

        async with notifier.serving():
            return await _look_after(lambda: hosting.leading, sentence, stop, notifier, options)


async def _look_after(
    leading: Callable[[], set[Led]],
    sentence: Callable[[set[Led]], str],
    stop: asyncio.Event,
    notifier: Notifier,
    options: Options,
) -> set[Led]:
    """Say which targets are ours until told to stop; returns them."""
    led: set[Led] = set()
    notifier.tell(STATUS=sentence(led))
    while not stop.is_set():
        before, led = led, leading()
        _tell_of_leases(before, led, options)
        if led != before:
            notifier.tell(STATUS=sentence(led))
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK):
                await stop.wait()
    return led


async def _tell_of_others(client: Client, options: Options) -> None:
    """Say which targets we are only in reserve for."""
    for target in client.targets:
        holder = await client.store.holder(target)
        process = parse(holder.owner) if holder is not None else None
        if process is not None and not process.surely_dead() and process != this_process():
            _say(options, "in reserve", target=target, behind=f"process {process.pid} on {process.host}")


def _tell_of_leases(before: set[Led], now: set[Led], options: Options) -> None:
    for what, changed in (("took over", now - before), ("lost", before - now)):
        for owner, target in sorted(changed):
            _say(options, what, **({"owner": owner} if owner else {}), target=target)


def _words(led: Led) -> list[str]:
    """Whose target it is, if not ours, and which."""
    return [word for word in led if word]


def _say(options: Options, what: str, **details: object) -> None:
    if options.json:
        print_object({"what": what, **details})
    else:
        told = ", ".join(
            safe(", ".join(value) if isinstance(value, list) else str(value)) for value in details.values()
        )
        print(f"{day_time(Utc(time.time()))} {what}: {told}", flush=True)
