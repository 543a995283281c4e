"""Which road was taken the last time, and by which jobs the same installation is known again.

Two roads may lead to two installations, by mistake or during a move, and there the same number is another job. So a
road is only changed for one whose servers know us by the same name, and know jobs that the road before has shown.
"""

import logging
import os
from collections.abc import Mapping
from hashlib import sha256
from heapq import nlargest
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from ganga.backends.dirac.road import Identity, JobState, Road
from ganga.backends.dirac.settings import RoadName, Settings
from ganga.errors import BackendUnavailable

_FILE: Final = "road.json"
_PRIVATE: Final = 0o600
#: Jobs by which an installation is known again: the newest, since old ones are removed some day.
_WITNESSES: Final = 8

#: The settings by which roads are found: what was remembered with others is worth nothing.
_ABOUT_ROADS: Final = (
    "road",
    "diracx_url",
    "services",
    "configuration_servers",
    "dirac_cfg",
    "client_environment",
    "organisation",
    "group",
)

_log = logging.getLogger(__name__)


class Memory(Struct, frozen=True, kw_only=True):
    """What is kept in the folder of the target; nothing of it is secret."""

    #: Stands for the settings that it belongs to.
    settings: str
    road: RoadName
    owner: str
    group: str
    #: Whether jobs were ever handed over: what became of them is to be found where that was.
    submitted: bool = False
    #: The names of jobs by their numbers.
    witnesses: dict[int, str] = {}

    def with_news(self, present: Mapping[int, str], absent: frozenset[int] = frozenset()) -> "Memory":
        """After these jobs were seen under these names, and those were denied."""
        known = {**self.witnesses, **present}
        newest = nlargest(_WITNESSES, known.keys() - absent)
        witnesses = {number: known[number] for number in newest}
        return self if witnesses == self.witnesses else replace(self, witnesses=witnesses)


def remembered(name: RoadName, identity: Identity, settings: Settings, before: Memory | None) -> Memory:
    """What is to be kept of a road that was taken."""
    taken = Memory(settings=stamp(settings), road=name, owner=identity.owner, group=identity.group)
    return taken if before is None else replace(taken, submitted=before.submitted, witnesses=before.witnesses)


def stamp(settings: Settings) -> str:
    """What stands for the settings about roads."""
    about = [getattr(settings, name) for name in _ABOUT_ROADS]
    return sha256(msgspec.json.encode(about, order="deterministic")).hexdigest()[:16]


def load(folder: Path, settings: Settings) -> Memory | None:
    """What was kept for these settings; None if that is nothing. Blocks."""
    place = folder / _FILE
    try:
        found = msgspec.json.decode(place.read_bytes(), type=Memory, strict=False)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        _log.warning("%s cannot be read (%s): the roads to DIRAC are tried in their usual order", place, error)
        return None
    return found if found.settings == stamp(settings) else None


def save(folder: Path, memory: Memory) -> None:
    """Keep it, whole or not at all. That it cannot be kept is no reason to stop. Blocks."""
    prepared = folder / f".{_FILE}.{os.getpid()}"
    try:
        with os.fdopen(os.open(prepared, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE), "wb") as file:
            file.write(msgspec.json.encode(memory))
        prepared.replace(folder / _FILE)
    except OSError as error:
        _log.warning("the road to DIRAC cannot be remembered: %s", error)


async def check(memory: Memory | None, name: RoadName, road: Road, identity: Identity) -> None:
    """Raises `BackendUnavailable` if the road does not lead to where the remembered one led."""
    if memory is None or name is memory.road:
        return
    advice = f'set `road = "{name}"` if it is to be taken all the same'
    if (identity.owner, identity.group) != (memory.owner, memory.group):
        before = f"{memory.owner} of {memory.group} over {memory.road}"
        raise BackendUnavailable(f"we are {identity.owner} of {identity.group} there, and {before}; {advice}")
    if not memory.submitted and not memory.witnesses:
        return
    states = await road.states(memory.witnesses)
    if not same(memory.witnesses, states):
        raise BackendUnavailable(f"its servers do not know the jobs that were seen over {memory.road}; {advice}")


def same(witnesses: Mapping[int, str], states: Mapping[int, JobState]) -> bool:
    """Whether an installation that has these jobs is that of the witnesses: it has at least one of them, for others
    may have been removed, and none of their numbers is another job. Pure.
    """
    return bool(states) and all(witnesses.get(number) == state.name for number, state in states.items())
