"""``ganga rights``: who may use a store on a server, and who may act for whom there."""

import asyncio

import msgspec

from ganga.cli.lines import print_object
from ganga.cli.parsing import Namespace, Parser, add_json, read_options
from ganga.cli.words import safe
from ganga.errors import ConfigurationError, UsageError
from ganga.model.ids import shortened
from ganga.settings import load
from ganga.store.configured import explained

ACTIONS = ("admit", "trust", "distrust")


class Options(msgspec.Struct, frozen=True):
    """What to do with which role."""

    action: str | None
    role: str | None
    json: bool


def configure(parser: Parser) -> None:
    """Declare its options."""
    parser.option(
        "action",
        metavar="|".join(ACTIONS),
        nargs="?",
        help="let a role use the store, which is for whoever made it; let one act for you; no longer let it",
    )
    parser.option("role", metavar="ROLE", nargs="?", help="which; without, the roles that act for you are printed")
    add_json(parser)


def execute(namespace: Namespace) -> int:
    """Do it, or print whom you trust."""
    options = read_options(namespace, Options)
    if options.action is not None and options.action not in ACTIONS:
        raise UsageError(f"{shortened(options.action)!r} is no right; expected {', '.join(ACTIONS)}")
    if options.action is not None and options.role is None:
        raise UsageError(f"no role to {options.action} is named; expected the name of a role of the server")
    url = load().store.url
    if url is None:
        raise ConfigurationError(
            "the store is a file, for whoever may read it; rights need [store] url in the settings"
        )
    asyncio.run(_do(url, options))
    return 0


async def _do(url: str, options: Options) -> None:
    with explained():
        from ganga.store.postgres import rights  # noqa: PLC0415 - it comes with an extra

    match options.action, options.role:
        case "admit", str(role):
            await rights.admit(url, role)
        case "trust", str(role):
            await rights.trust(url, role)
        case "distrust", str(role):
            await rights.distrust(url, role)
        case _:
            for role in await rights.trusted(url):
                if options.json:
                    print_object({"role": role})
                else:
                    print(safe(role))
