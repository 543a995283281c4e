"""A small disk of a test's own, which can be full."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Disk:
    """A file system of a few mebibytes, mounted at a folder."""

    folder: Path

    def fill(self) -> None:
        """Leave no room for anything."""
        with self._filler.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(4096))
        assert not os.statvfs(self.folder).f_bavail

    def free(self) -> None:
        """Make room again."""
        self._filler.unlink()

    @property
    def _filler(self) -> Path:
        return self.folder / "filler"


class NotMounted(Exception):
    """Nothing can be mounted here; the text says why."""


@contextmanager
def small_disk(folder: Path, mebibytes: int) -> Iterator[Disk]:
    """Mount a disk. Where that is not possible the test is skipped; as root of a CI server, who can, it fails."""
    with ExitStack() as stack:
        try:
            disk = stack.enter_context(mounted(folder, mebibytes))
        except NotMounted as error:
            (pytest.fail if os.environ.get("CI") and os.geteuid() == 0 else pytest.skip)(str(error))
        yield disk


@contextmanager
def mounted(folder: Path, mebibytes: int) -> Iterator[Disk]:
    """Mount a disk. Raises `NotMounted`."""
    folder.mkdir()
    options = f"size={mebibytes}m,mode=0700"
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=False, capture_output=True, text=True
    )
    if mount.returncode:
        raise NotMounted(f"no disk can be mounted here: {mount.stderr.strip()}")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
