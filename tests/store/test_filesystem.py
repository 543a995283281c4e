from pathlib import Path, PurePosixPath

import pytest

from ganga.store import filesystem
from ganga.store.filesystem import mount_table, network_filesystem

MOUNTS = r"""
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:26 / /home rw shared:2 - nfs4 server:/home rw,vers=4.2
31 30 0:27 / /home/ann/scratch rw - xfs /dev/sdb rw
32 22 0:28 / /my\040disk rw - cifs //server/share rw
33 22 0:29 / /eos rw master:3 - fuse.sshfs me@there: rw
34 22 0:30 / /twice rw - nfs server:/a rw
35 22 0:31 / /twice rw - tmpfs tmpfs rw
what is this
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/store", None),
        ("/home/ann/store", "nfs4"),
        ("/homes/ann/store", None),
        ("/home/ann/scratch/store", None),
        ("/my disk/store", "cifs"),
        ("/eos/a/b/c", "fuse.sshfs"),
        ("/twice/store", None),
    ],
)
def test_the_deepest_and_latest_mount_decides(path: str, kind: str | None) -> None:
    assert network_filesystem(PurePosixPath(path), MOUNTS) == kind


def test_without_a_mount_table_all_is_local(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(filesystem, "MOUNT_TABLE", tmp_path / "none")
    assert mount_table() == ""
    assert network_filesystem(PurePosixPath("/home"), "") is None


def test_the_mount_table_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    table = tmp_path / "mountinfo"
    table.write_bytes(b"1 2 0:1 / /\xff rw - nfs x rw\n")
    monkeypatch.setattr(filesystem, "MOUNT_TABLE", table)
    assert network_filesystem(PurePosixPath("/\udcff/store"), mount_table()) == "nfs"
