"""Whether a path lies on a network file system, where SQLite's write-ahead log cannot be used."""

import re
from pathlib import Path, PurePath

MOUNT_TABLE = Path("/proc/self/mountinfo")

# fmt: off
_NETWORK = frozenset((
    "9p", "acfs", "afs", "beegfs", "ceph", "cifs", "coda", "fuse.beegfs", "fuse.ceph", "fuse.glusterfs", "fuse.rclone",
    "fuse.s3fs", "fuse.sshfs", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "panfs",
    "smb2", "smb3", "smbfs",
))
# fmt: on
_ESCAPE = re.compile(r"\\([0-7]{3})")


def mount_table() -> str:
    """What is mounted here, as Linux tells it; empty where nothing does, and all is taken to be local."""
    return MOUNT_TABLE.read_text("utf-8", "surrogateescape") if MOUNT_TABLE.exists() else ""


def network_filesystem(path: PurePath, mounts: str) -> str | None:
    """The type of the network file system that the absolute path lies on, or None if it lies on a local disk.

    `mounts` is in the format of ``/proc/self/mountinfo`` (see ``man 5 proc``). What is mounted later, or deeper, covers
    what was there before.
    """
    kind = None
    deepest = 0
    for line in mounts.splitlines():
        place, _, source = line.partition(" - ")
        fields = place.split()
        if len(fields) < 5 or not source:  # noqa: PLR2004 - the mount point is the fifth field
            continue
        mount_point = PurePath(_ESCAPE.sub(lambda escape: chr(int(escape[1], 8)), fields[4]))
        if path.is_relative_to(mount_point) and len(mount_point.parts) >= deepest:
            deepest = len(mount_point.parts)
            kind = source.split()[0]
    return kind if kind in _NETWORK else None
