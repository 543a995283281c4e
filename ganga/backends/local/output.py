"""Bring the output of a job home: links where that is possible, copies where not; blocking, to be called in a
thread.
"""

import json
import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from ganga.backends.base import Retrieval, Retrieved, Stream
from ganga.backends.local import spool

#: What the name of a record begins with while its job is being removed.
_GONE: Final = ".gone."


def retrieve(places: spool.Places, retrieval: Retrieval) -> Retrieved:
    """What came of it; may be repeated, each time into an empty folder."""
    tag = retrieval.native_id
    try:
        record = spool.read(places.record(tag))
        if record is None:
            return Retrieved(error=f"the files of {tag} are gone")
        for stream in Stream:
            _bring_stream(Path(places.output(tag, stream.value)), retrieval.into / stream.value)
        folder = json.loads(record.order)["folder"]
        source = _Source(Path(folder or places.work(tag)), retrieval.into, link=folder is None)
        return Retrieved(missing=tuple(source.bring(retrieval.outputs)))
    except (spool.Damaged, OSError, shutil.Error, ValueError, TypeError, KeyError) as error:
        return Retrieved(error=f"the output of {tag} cannot be brought home: {error}")


class _Source:
    """The folder that a job ran in. Nothing from outside of it is brought, whatever a pattern or a link says."""

    def __init__(self, folder: Path, into: Path, *, link: bool) -> None:
        self._folder = folder.resolve()
        self._into = into
        #: Files that the job's own folder gives up soon are linked, others might be written again.
        self._link = link
        self._missing: dict[str, None] = {}

    def bring(self, patterns: Iterable[str]) -> Iterable[str]:
        """Bring all that the patterns match; returns what could not be had: patterns without a match, and links to
        outside.
        """
        for pattern in patterns:
            matches = self._matches(pattern)
            if not matches:
                self._missing[pattern] = None
            for match in matches:
                self._bring_tree(match)
        return self._missing

    def _matches(self, pattern: str) -> list[str]:
        """Hidden files included; ``**`` goes through no links."""
        if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
            return []
        try:
            return sorted(str(path.relative_to(self._folder)) for path in self._folder.glob(pattern))
        except ValueError:
            return []  # No pattern at all, such as an empty one.

    def _bring_tree(self, name: str) -> None:
        path = self._folder / name
        if path.is_symlink() or not path.is_dir() or not self._inside(path):
            self._bring_file(name)
            return
        (self._into / name).mkdir(parents=True, exist_ok=True)
        for entry in sorted(os.listdir(path)):
            self._bring_tree(os.path.join(name, entry))

    def _bring_file(self, name: str) -> None:
        path = (self._folder / name).resolve()
        target = self._into / name
        if not self._inside(path) or not path.is_file() or name in {stream.value for stream in Stream}:
            self._missing[name] = None
        elif not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            _bring(path, target, link=self._link)

    def _inside(self, path: Path) -> bool:
        return path.resolve().is_relative_to(self._folder)


def _bring_stream(source: Path, target: Path) -> None:
    """A job that never began has written nothing, and that is what is brought."""
    if source.exists():
        _bring(source, target, link=True)
    else:
        spool.write_bytes(str(target), b"")


def _bring(source: Path, target: Path, *, link: bool) -> None:
    if link:
        try:
            os.link(source, target)
        except FileNotFoundError:
            raise
        except OSError:
            pass  # Another file system, or one without links.
        else:
            return
    shutil.copy2(source, target)


def remove(places: spool.Places, tag: str) -> None:
    """Remove all files of a job. Interrupted, it is not taken for a job that waits, since its claim goes last."""
    hidden = places.record(f"{_GONE}{tag}")
    with suppress(FileNotFoundError):
        os.rename(places.record(tag), hidden)
    with suppress(FileNotFoundError, NotADirectoryError):
        _remove_tree(places.work(tag))
    files = (*(places.output(tag, stream.value) for stream in Stream), places.wish(tag), places.claim(tag), hidden)
    for path in files:
        with suppress(FileNotFoundError):
            os.unlink(path)


def remove_leftovers(places: spool.Places) -> None:
    """Go on where a removal was interrupted."""
    for name in os.listdir(places.jobs):
        if name.startswith(_GONE):
            remove(places, name.removeprefix(_GONE))


def _remove_tree(folder: str) -> None:
    """Also where a job has forbidden that to its own user."""
    try:
        shutil.rmtree(folder)
    except PermissionError:
        for place, _, _ in os.walk(folder):
            os.chmod(place, spool.PRIVATE_FOLDER)
        shutil.rmtree(folder)
