"""Find out whether a batch system is here: by its commands, and by what one of them says of itself."""

import asyncio
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ganga.backends.base import Discovery
from ganga.backends.batch.here import HereShell
from ganga.backends.batch.shell import Command
from ganga.errors import BackendUnavailable
from ganga.model.ids import shortened

OPENPBS: Final = "OpenPBS"
TORQUE: Final = "Torque"
GRID_ENGINE: Final = "Grid Engine"
WRAPPERS: Final = "Slurm's wrappers for the words of Torque"

#: The command that systems of several kinds have; unlike their `qsub`, it submits nothing, whatever it is asked.
STATUS: Final = ("qstat", "--version")

#: Seconds for a command that says which version it is.
_WITHIN: Final = 3.0
#: Bytes of a program: where it is a script, its beginning says whose.
_BEGINNING: Final = 4096

#: What `qstat --version` says, well or in trouble, where it is that of this system.
_SAYS: Final = (
    (OPENPBS, re.compile(r"pbs_version\s*=")),
    (GRID_ENGINE, re.compile(r"\b(?:SGE|GE|UGE|AGE|OGS/GE) \d|SGE_ROOT|qmaster")),
    (WRAPPERS, re.compile(r"\bSlurm\b")),
    (TORQUE, re.compile(r"^version:", re.MULTILINE | re.IGNORECASE)),
)


@dataclass(frozen=True, slots=True)
class Signs:
    """By which a batch system is recognised."""

    #: As people call it.
    name: str
    #: The commands that a target needs.
    commands: tuple[str, ...]
    #: One that says which version it is, and never submits anything.
    question: tuple[str, ...]
    #: Where in its answer that is.
    version: re.Pattern[str]


async def look(signs: Signs, environment: Mapping[str, str]) -> Discovery:
    """See whether the system with these signs is here."""
    places = {name: shutil.which(name, path=environment.get("PATH")) for name in (*signs.commands, signs.question[0])}
    missing = [name for name, place in places.items() if place is None]
    program = places[signs.question[0]]
    if program is None or places[signs.commands[0]] is None:
        return Discovery(obstacle=f"there is no command {missing[0]} in PATH")
    try:
        reply = await HereShell(_WITHIN).run(Command((program, *signs.question[1:])))
    except BackendUnavailable as error:
        return Discovery(signs.name, str(error))
    said = f"{reply.text}\n{reply.stderr.decode('utf-8', 'replace')}".strip()
    if signs.question == STATUS:
        owner = whose(said, await asyncio.to_thread(_script, Path(program)))
        if owner != signs.name:
            return Discovery(obstacle=f"the command qstat is that of {owner or 'a system that is not known here'}")
    return judged(signs, said, missing)


def whose(said: str, script: str) -> str | None:
    """The system that `qstat --version` speaks for, by what it says, and by its text where it is a script."""
    if re.search(r"\bslurm\b", script, re.IGNORECASE):
        return WRAPPERS
    return next((name for name, pattern in _SAYS if pattern.search(said)), None)


def judged(signs: Signs, said: str, missing: list[str]) -> Discovery:
    """What follows from what the command of a system says about its version."""
    version = signs.version.search(said)
    if version is None:
        words = shortened(said.rpartition("\n")[2], 160)
        return Discovery(signs.name, f"{signs.question[0]} says {words!r} and not its version; is it set up here?")
    found = " ".join(version.group().split())
    return Discovery(found, f"there is no command {missing[0]} in PATH" if missing else None)


def _script(program: Path) -> str:
    try:
        with program.open("rb") as file:
            beginning = file.read(_BEGINNING)
    except OSError:
        # One may be allowed to run it and not to read it.
        return ""
    return beginning.decode("utf-8", "replace") if beginning.startswith(b"#!") else ""
