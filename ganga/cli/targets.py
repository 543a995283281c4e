"""``ganga targets``: how the targets fare; pause and resume them."""

import asyncio
import time

import msgspec

import ganga
from ganga.cli.grid import Column, Grid, screen
from ganga.cli.lines import print_object
from ganga.cli.parsing import Namespace, Parser, add_json, read_options
from ganga.cli.words import clock_time, plural, safe, time_left
from ganga.client import Client
from ganga.errors import GangaError, UsageError
from ganga.model.clock import Utc, rfc3339
from ganga.model.identity import Identity
from ganga.model.ids import TargetName, shortened
from ganga.model.job import TargetState
from ganga.model.status import FINAL, JobStatus
from ganga.monitor.process import parse
from ganga.store.base import Holder, Query

ACTIONS = ("pause", "resume")

#: Seconds that a target has to let itself be connected to.
PATIENCE = 10.0

_COLUMNS = (
    Column("TARGET"),
    Column("BACK END"),
    Column("JOBS", right=True),
    Column("LOOKED AFTER BY"),
    Column("CONFIRMED", right=True),
    Column("CREDENTIALS"),
    Column("HEALTH"),
)
_CREDENTIALS = 5
_YELLOW, _RED = "33", "31"


class Options(msgspec.Struct, frozen=True):
    """What to do with which target."""

    action: str | None
    target: str | None
    check: bool
    json: bool


class Health(msgspec.Struct, frozen=True):
    """How one target fares."""

    state: TargetState
    backend: str
    live: int
    holder: Holder | None
    #: What came of trying to connect: None if that was not tried, empty if it worked.
    problem: str | None = None


def configure(parser: Parser) -> None:
    """Declare its options."""
    parser.option("action", metavar="pause|resume", nargs="?", help="leave a target alone; go on with it")
    parser.option("target", metavar="T", nargs="?", help="which")
    parser.flag("--check", help="connect to each of them now")
    add_json(parser)


def execute(namespace: Namespace) -> int:
    """With ``--check``, 3 if one of them cannot be reached."""
    options = read_options(namespace, Options)
    if options.action is not None and options.action not in ACTIONS:
        raise UsageError(f"{shortened(options.action)!r} cannot be done with a target; expected pause or resume")
    if options.action is not None and options.target is None:
        raise UsageError(f"no target to {options.action} is named; 'ganga targets' shows them")
    return asyncio.run(_targets(options))


async def _targets(options: Options) -> int:
    async with ganga.open(monitor=False) as client:
        if options.target is not None:
            await (client.pause if options.action == "pause" else client.resume)(options.target)
            return 0
        healths = [
            await _health(client, name, state, options) for name, state in (await client.target_states()).items()
        ]
    if options.json:
        for health in healths:
            print_object(_object(health))
    else:
        _print(healths)
    return 3 if any(health.problem for health in healths) else 0


async def _health(client: Client, name: TargetName, state: TargetState, options: Options) -> Health:
    live = Query(statuses=frozenset(JobStatus) - FINAL, targets=frozenset({name}), subjobs=True)
    return Health(
        state=state,
        backend=client.service.targets[name].backend,
        live=sum((await client.store.count(live)).values()),
        holder=await client.store.holder(name),
        problem=await _problem(client, name) if options.check else None,
    )


async def _problem(client: Client, name: TargetName) -> str:
    try:
        async with asyncio.timeout(PATIENCE):
            await client.service.backend(name)
    except TimeoutError:
        return f"cannot be connected to within {PATIENCE:g} seconds"
    except GangaError as error:
        return str(error)
    return ""


def _print(healths: list[Health]) -> None:
    now = Utc(time.time())
    rows = [_row(health, now) for health in healths]
    grid, colours = Grid(_COLUMNS, rows, None), screen().colours
    print(grid.title())
    for health, row in zip(healths, rows, strict=True):
        print(grid.line(row, _colours(health.state.identity, now) if colours else {}))


def _row(health: Health, now: Utc) -> list[str]:
    state = health.state
    return [
        safe(state.name),
        safe(health.backend),
        f"{health.live:,}",
        _keeper(health.holder),
        clock_time(state.confirmed_at, now) if state.confirmed_at is not None else "never",
        safe(_credentials(state.identity, now)),
        safe(_words(health, now)),
    ]


def _credentials(identity: Identity | None, now: Utc) -> str:
    """``ganga_user of lhcb_user, 3 h 12 min left``, and that they are to be renewed when it is time."""
    if identity is None or identity.expires_at is None:
        return "" if identity is None else identity.name
    left = identity.expires_at - now
    words = f"{time_left(left)} left" if left > 0 else f"ended {time_left(-left)} ago"
    return f"{identity.name}, {words}{': renew them' if identity.about_to_end(now) else ''}"


def _colours(identity: Identity | None, now: Utc) -> dict[int, str]:
    if identity is None or identity.expires_at is None or not identity.about_to_end(now):
        return {}
    return {_CREDENTIALS: _RED if identity.expires_at <= now else _YELLOW}


def _keeper(holder: Holder | None) -> str:
    process = parse(holder.owner) if holder is not None else None
    if process is None or process.surely_dead():
        return "nobody"
    return safe(f"process {process.pid} on {process.host}")


def _words(health: Health, now: Utc) -> str:
    state = health.state
    words = []
    if health.problem:
        words.append(health.problem)
    if state.paused:
        words.append("paused")
    if state.down_since is not None:
        words.append(f"has not answered since {clock_time(state.down_since, now)}: {state.error or 'no reason given'}")
    elif state.error:
        words.append(state.error)
    if state.stuck_threads:
        words.append(f"{plural(state.stuck_threads, 'stuck thread')}")
    return "; ".join(words) or "well"


def _identity(identity: Identity) -> dict[str, object]:
    ends_at, now = identity.expires_at, Utc(time.time())
    return {
        "name": identity.name,
        "expires_at": None if ends_at is None else rfc3339(ends_at),
        "seconds_left": None if ends_at is None else max(0, int(ends_at - now)),
        "about_to_end": identity.about_to_end(now),
    }


def _object(health: Health) -> dict[str, object]:
    state = health.state
    times = {name: getattr(state, name) for name in ("confirmed_at", "down_since")}
    process = parse(health.holder.owner) if health.holder is not None else None
    told = msgspec.structs.asdict(state)
    del told["expiry_told"]
    return {
        **told,
        "identity": None if state.identity is None else _identity(state.identity),
        **{name: None if at is None else rfc3339(at) for name, at in times.items()},
        "backend": health.backend,
        "live": health.live,
        "monitor": None if process is None else {"host": process.host, "pid": process.pid},
        "problem": health.problem,
    }
