"""``ganga targets``: how the targets fare, and what else could be one; pause and resume them."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

import ganga
from ganga.backends.base import Discovery
from ganga.cli.findings import discovery_object, print_found, print_hint
from ganga.cli.lines import print_object
from ganga.cli.parsing import Namespace, Parser, add_json, number, read_options
from ganga.cli.quota import budgets_of, quota_of
from ganga.cli.standing import Standing, print_standings, standing_object
from ganga.client import Client
from ganga.errors import UsageError
from ganga.health import Health
from ganga.model.budget import Budget
from ganga.model.ids import BudgetName, shortened
from ganga.model.job import TargetState
from ganga.model.status import FINAL, JobStatus
from ganga.settings import usual_file
from ganga.store.base import Query

ACTIONS = ("pause", "resume")

#: Seconds that a target has to let itself be connected to, and to answer.
PATIENCE = 10.0

#: The exit code where a target does not answer.
UNHEALTHY = 3


class Options(msgspec.Struct, frozen=True):
    """What to do with which target."""

    action: str | None
    target: str | None
    only: tuple[str, ...]
    check: bool
    timeout: float
    find: bool
    json: bool


def configure(parser: Parser) -> None:
    """Declare its options."""
    parser.option("action", metavar="pause|resume", nargs="?", help="leave a target alone; go on with it")
    parser.option("target", metavar="T", nargs="?", help="which")
    parser.option("--target", dest="only", metavar="T", action="append", default=[], help="only this one, and others")
    parser.flag("--check", help="ask each of them now; exits with 3 if one does not answer")
    parser.option(
        "--timeout",
        metavar="S",
        type=number(0.1, 3600, float),
        default=PATIENCE,
        help=f"seconds that each has for its answer ({PATIENCE:g})",
    )
    parser.flag("--find", help="what is on this machine that could be a target, and why the rest could not")
    add_json(parser)


def execute(namespace: Namespace) -> int:
    """With ``--check``, 3 if one of them does not answer."""
    options = read_options(namespace, Options)
    if options.action is not None and options.action not in ACTIONS:
        raise UsageError(f"{shortened(options.action)!r} cannot be done with a target; expected pause or resume")
    if options.action is not None and options.target is None:
        raise UsageError(f"no target to {options.action} is named; 'ganga targets' shows them")
    return asyncio.run(_targets(options))


async def _targets(options: Options) -> int:
    opening = ganga.open(monitor=False)
    async with opening as client:
        if options.target is not None:
            await (client.pause if options.action == "pause" else client.resume)(options.target)
            return 0
        if options.find:
            _print_found(client, await client.discover(), opening.settings.file, json=options.json)
            return 0
        # Looking around takes a moment, and so does asking: both at once.
        standings, others = await asyncio.gather(_standings(client, options), _others(client, options))
    if options.json:
        for standing in standings:
            print_object(standing_object(standing))
    else:
        print_standings(standings)
        print_hint(others)
    return UNHEALTHY if any(standing.problem for standing in standings) else 0


async def _standings(client: Client, options: Options) -> list[Standing]:
    states = await client.target_states(*options.only)
    budgets = await client.store.budgets(budgets_of(client.service.targets.values()))
    healths = await client.check(*options.only, within=options.timeout) if options.check else {}
    return [await _standing(client, state, healths.get(name), budgets) for name, state in states.items()]


async def _standing(
    client: Client, state: TargetState, health: Health | None, budgets: Mapping[BudgetName, Budget]
) -> Standing:
    name = state.name
    live = Query(statuses=frozenset(JobStatus) - FINAL, targets=frozenset({name}), subjobs=True)
    return Standing(
        state=state,
        backend=client.service.targets[name].backend,
        live=sum((await client.store.count(live)).values()),
        holder=await client.store.holder(name),
        where=client.service.targets[name].where,
        default=name == client.default_target,
        health=health,
        quota=quota_of(client.service.targets[name], budgets),
    )


async def _others(client: Client, options: Options) -> Mapping[str, Discovery]:
    """What is here and no target yet; programs, and those who ask for one target, ask for it by itself."""
    if options.json or options.only:
        return {}
    found = await client.discover()
    return {name: one for name, one in found.items() if one.found and not _targets_of(client, name)}


def _targets_of(client: Client, backend: str) -> list[str]:
    return [name for name, target in client.service.targets.items() if target.backend == backend]


def _print_found(client: Client, found: Mapping[str, Discovery], file: Path | None, *, json: bool) -> None:
    if json:
        for name, one in found.items():
            print_object(discovery_object(name, one, _targets_of(client, name)))
        return
    print_found(found, {name: _targets_of(client, name) for name in found}, file or usual_file(os.environ))
