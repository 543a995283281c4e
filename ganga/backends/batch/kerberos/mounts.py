"""Which folders cannot be reached without tickets. Pure."""

import re
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final

_AFS: Final = PurePosixPath("/afs")
_KERBEROS: Final = re.compile(r"(?:^|,)sec=krb5[ip]?(?:,|$)")
#: A blank and the like in a path.
_ESCAPE: Final = re.compile(r"\\([0-7]{3})")


class Storage(StrEnum):
    """What a folder is on."""

    OPEN = "open"
    #: It takes tickets, such as NFS with ``sec=krb5``.
    KERBEROS = "kerberos"
    #: It takes tokens, which are had by tickets.
    AFS = "afs"


def storage_of(folder: PurePosixPath, mounts: str) -> Storage:
    """What a folder is on whose path has no links in it, by the lines of ``/proc/self/mounts``."""
    if folder.is_relative_to(_AFS):
        return Storage.AFS
    depth, storage = 0, Storage.OPEN
    for line in mounts.splitlines():
        match line.split(" "):
            case [_, place, kind, options, *_]:
                path = PurePosixPath(_ESCAPE.sub(lambda found: chr(int(found[1], 8)), place))
                # Of two on the same place the later one is on top.
                if folder.is_relative_to(path) and len(path.parts) >= depth:
                    depth, storage = len(path.parts), _storage(kind, options)
    return storage


def cell_of(folder: PurePosixPath) -> str:
    """The cell of a folder on AFS: ``cern.ch`` of ``/afs/cern.ch/user``, and of ``/afs/.cern.ch/user``; empty if the
    path does not say it.
    """
    parts = folder.parts
    return parts[2].removeprefix(".") if folder.is_relative_to(_AFS) and len(parts) > len(_AFS.parts) else ""


def _storage(kind: str, options: str) -> Storage:
    if kind == "afs":
        return Storage.AFS
    return Storage.KERBEROS if _KERBEROS.search(options) else Storage.OPEN
