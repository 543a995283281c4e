"""Which targets a service may look after in the name of others: those that act by what each owner has granted."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from msgspec import Struct
from msgspec.structs import fields

from ganga.backends.batch.reach import Reach
from ganga.hosting.confinement import check_place
from ganga.hosting.templates import OWNER, speaks_of_owner, texts
from ganga.reading import Table

#: Settings that name the files by which a back end is somebody, and that it looks for among our own if they are empty.
_CREDENTIALS: Final = ("proxy", "diracx_credentials", "token_file")

#: Settings that decide which programs are run here: an owner who wrote such a file would be the service.
_PROGRAMS: Final = ("ssh_config", "client_environment", "dirac_cfg")

#: Settings of targets on other hosts that are about files of this machine.
_HERE: Final = frozenset({*_CREDENTIALS, "authorities"})


def objection(kind: type[Struct], options: Table) -> str | None:
    """Why a target with these options would act as the service itself, for everybody; None if it would not."""
    if not speaks_of_owner(options):
        return f"its settings do not say {OWNER} anywhere"
    for name in _PROGRAMS:
        if speaks_of_owner(options.get(name)):
            return f"its {name} decides what the service runs, and must not be the owner's"
    for name in _CREDENTIALS:
        if options.get(name) and not speaks_of_owner(options[name]):
            return f"its {name} is the same for all owners"
    if issubclass(kind, Reach) and OWNER not in str(options.get("host", "")).rpartition("@")[0]:
        return f"its host does not begin with {OWNER}@"
    return None


def with_credentials(kind: type[Struct], options: Table, home: str) -> Table:
    """The options, with what they leave open about credentials being looked for in the owner's home, never among those
    of the service.
    """
    known = {field.name for field in fields(kind)}
    missing = [name for name in _CREDENTIALS if name in known and not options.get(name)]
    if issubclass(kind, Reach) and not options.get("rest_url"):
        missing = []
    return {**options, **{name: f"{home}/credentials/{name}" for name in missing}}


def permit(kind: type[Struct], options: Table, owner: str) -> Callable[[], Awaitable[None]]:
    """To be called before the target is asked: raises `BackendUnavailable` if one of the files that are the owner's by
    the settings is not.
    """
    mine = {name: value for name, value in options.items() if not issubclass(kind, Reach) or name in _HERE}
    places = [
        text for name, text in texts(mine) if OWNER in text and (text.startswith(("/", "~")) or name in _CREDENTIALS)
    ]

    def check() -> None:
        for place in places:
            check_place(place, owner)

    async def permitted() -> None:
        if places:
            await asyncio.to_thread(check)

    return permitted
