"""What a service keeps for an owner where the owner cannot enter, as long as back ends and plug-ins work by path."""

import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp
from time import time

from ganga.errors import StoreUnavailable
from ganga.workspace import DAY
from ganga.workspace.folders import PRIVATE, delete, make_private


class Aside:
    """Folders of a day's life, each for one purpose. All methods block and raise `OSError`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fresh(self, prefix: str) -> Path:
        """A new, empty folder. Raises `StoreUnavailable` if the folder that it is made in is not ours alone."""
        make_private(self.path)
        status = self.path.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
            raise StoreUnavailable(f"{self.path} is not this account's own folder; remove it")
        if stat.S_IMODE(status.st_mode) & 0o777 != PRIVATE:
            self.path.chmod(PRIVATE)
        return Path(mkdtemp(prefix=prefix, dir=self.path))

    def names(self) -> list[str]:
        """Of all folders."""
        return [path.name for path in self.path.iterdir()] if self.path.is_dir() else []

    def discard(self, folder: Path) -> None:
        """Remove one with all in it; not being there is fine."""
        try:
            delete(folder)
        except FileNotFoundError:
            shutil.rmtree(folder, ignore_errors=True)

    def tidy(self) -> None:
        """Remove what processes that died more than a day ago left."""
        for name in self.names():
            with suppress(FileNotFoundError):
                if (self.path / name).lstat().st_mtime < time() - DAY:
                    self.discard(self.path / name)


def make_readable(folder: Path) -> None:
    """Let ourselves read all that is in a folder of our own, whatever a job has forbidden."""
    folder.chmod(PRIVATE)
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(place, name)
            status = path.lstat()
            wanted = 0o700 if stat.S_ISDIR(status.st_mode) else 0o400
            if not stat.S_ISLNK(status.st_mode) and status.st_mode & wanted != wanted:
                path.chmod(stat.S_IMODE(status.st_mode) | wanted)
