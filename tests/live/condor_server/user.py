"""As whom a pool runs: HTCondor takes no jobs of root.

Root is somebody else for it, in a name space of users in which it has another number: whatever belongs to root belongs
to that user there, so that the pool's jobs write into the folders of root's tests. Nothing outside changes.
"""

import os
import pwd
from collections.abc import Sequence
from pathlib import Path
from typing import Final

#: It is on every machine, with a name, and is nobody's.
_USER: Final = 1
#: Of all users of a pool.
DOMAIN: Final = "pool.test"


def as_user() -> Sequence[str]:
    """The words before a command that run it as a user that HTCondor takes."""
    if os.geteuid() != 0:
        return ()
    return ("unshare", "--user", f"--map-user={_USER}", f"--map-group={_USER}", "--")


def identity() -> str:
    """That user's name, as the pool has it."""
    return f"{pwd.getpwuid(os.geteuid() or _USER).pw_name}@{DOMAIN}"


def write_commands(release: Path, folder: Path) -> None:
    """Write into the folder what is to be in PATH: all commands of HTCondor, those of administrators too."""
    folder.mkdir()
    for program in release.glob("*bin/condor_*"):
        command = folder / program.name
        command.write_text(f'#!/bin/sh\nexec {" ".join((*as_user(), str(program)))} "$@"\n')
        command.chmod(0o755)
