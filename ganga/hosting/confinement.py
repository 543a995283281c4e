"""The places that settings call an owner's are the owner's: links lead nowhere else.

The owner may put anything there, at any moment, and what is looked at here is so at the moment of the look. For a home
that does not matter: what is done there later is done in folders that are held (`ganga.hosting.held`).

It matters in one place. Back ends open the files with credentials themselves, by path, and write tokens of DiracX anew
in their place: an owner who exchanges such a file, or a folder above it, for a link between the look and that use is
not noticed. Against that stand the rights of the folders (owners cannot enter each other's) and what the unit of the
service lets it reach at all.
"""

import os
import pwd
import stat
from pathlib import Path
from typing import Final

from ganga.errors import BackendUnavailable
from ganga.hosting.templates import OWNER

ROOT: Final = 0


def check_place(template: str, owner: str) -> Path:
    """The place that the template means for the owner, with all links followed; it may not exist.

    What is there belongs to the Unix account with the owner's name, or was put there by the account of the service or
    by root, at that very place. Raises `BackendUnavailable` for anything else: so nobody has the service read for them
    what it may read for others.
    """
    place = Path(template.replace(OWNER, owner)).expanduser()
    real = Path(os.path.realpath(place))
    try:
        status = real.stat()
    except FileNotFoundError:
        return real
    except OSError as error:
        raise BackendUnavailable(f"{place} cannot be read: {error.strerror}") from error
    if status.st_uid == account(owner):
        return real
    if status.st_uid not in {os.getuid(), ROOT}:
        raise BackendUnavailable(f"{place} belongs to somebody else than {owner}; it has to be {owner}'s own")
    if not real.is_relative_to(_own_part(template, owner)):
        raise BackendUnavailable(f"{place} leads to {real}, which is not {owner}'s own; put the file itself there")
    if stat.S_ISREG(status.st_mode) and status.st_nlink > 1:
        raise BackendUnavailable(f"{place} is a file with a second name elsewhere; put a copy there")
    return real


def account(owner: str) -> int | None:
    """The number of the Unix account with this name; None if there is none."""
    try:
        return pwd.getpwnam(owner).pw_uid
    except KeyError:
        return None


def _own_part(template: str, owner: str) -> Path:
    """The first folder (or file) on the way that is another for each owner, where it really is. A link there leads on
    only if it is the administrator's.
    """
    parts = Path(template).expanduser().parts
    first = next((place for place, part in enumerate(parts) if OWNER in part), len(parts) - 1)
    own = Path(os.path.realpath(Path(*parts[:first])), parts[first].replace(OWNER, owner))
    return Path(os.path.realpath(own)) if own.lstat().st_uid in {os.getuid(), ROOT} else own
