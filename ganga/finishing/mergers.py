"""The mergers that come with ganga."""

import gzip
import logging
import os
import shutil
import stat
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, ClassVar

from msgspec import Struct

from ganga.finishing.base import Ended, check_relative, is_inside

_log = logging.getLogger(__name__)


class Text(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Joins a text file of all subjobs into one, in order of index."""

    hostable: ClassVar[bool] = True

    #: The file in each subjob's output folder.
    file: str = "stdout"
    #: The name of the joined file; the same as `file` if empty.
    into: str = ""
    #: A line written before the text of each subjob, in which ``{job}`` stands for its id; none if empty.
    header: str = ""
    #: See `Merger.partial`.
    partial: bool = False

    def __post_init__(self) -> None:
        check_relative(self.file)
        check_relative(self.into or self.file)

    def merge(self, parts: Sequence[Ended], into: Path, /) -> str | None:
        """See `Merger.merge`."""
        for part in parts:
            source = part.output / self.file
            if not source.is_file() or not is_inside(source, part.output):
                return f"subjob {part.record.id} has no {self.file}"
        target = into / (self.into or self.file)
        if target.exists():
            return _twice(target.relative_to(into))
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as joined:
            for part in parts:
                self._append(part, joined)
        return None

    def _append(self, part: Ended, joined: BinaryIO) -> None:
        if self.header:
            joined.write(self.header.replace("{job}", part.record.id).encode() + b"\n")
        with (part.output / self.file).open("rb") as source:
            shutil.copyfileobj(source, joined)
            if source.tell() and not _ends_a_line(source):
                joined.write(b"\n")


class Tar(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Packs the output of all subjobs into one ``tar.gz``, each in a folder named by its id.

    The same outputs give the same archive: members are sorted, belong to nobody, and bear the time at which their
    subjob ended. Links that lead out of a subjob's output, and what is neither file, folder nor link, are left out,
    with a warning in the log.
    """

    hostable: ClassVar[bool] = True

    #: The name of the archive.
    archive: str = "outputs.tar.gz"
    #: See `Merger.partial`.
    partial: bool = False

    def __post_init__(self) -> None:
        check_relative(self.archive)

    def merge(self, parts: Sequence[Ended], into: Path, /) -> str | None:
        """See `Merger.merge`."""
        target = into / self.archive
        if target.exists():
            return _twice(Path(self.archive))
        for part in parts:
            if not part.output.is_dir():
                return f"the output of subjob {part.record.id} is missing"
        target.parent.mkdir(parents=True, exist_ok=True)
        with (
            target.open("wb") as file,
            gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
        ):
            for part in parts:
                _add_all(archive, part)
        return None


def _twice(path: Path) -> str:
    return f"two mergers make {path}; give one of them another name"


def _ends_a_line(source: BinaryIO) -> bool:
    source.seek(-1, os.SEEK_END)
    return source.read() == b"\n"


def _add_all(archive: tarfile.TarFile, part: Ended) -> None:
    for path in (part.output, *sorted(part.output.rglob("*"))):
        member = _member(path, part)
        if member is None:
            _log.warning("%s is left out of %s: it leads out of the output, or is no file", path, archive.name)
        elif member.isreg():
            with path.open("rb") as file:
                archive.addfile(member, file)
        else:
            archive.addfile(member)


def _member(path: Path, part: Ended) -> tarfile.TarInfo | None:
    """The head of one member; None if it is not to be packed."""
    status, name = path.lstat(), path.relative_to(part.output)
    member = tarfile.TarInfo((Path(part.record.id) / name).as_posix())
    member.mode = status.st_mode & 0o777
    member.mtime = int(part.record.ended_at or 0)
    if stat.S_ISLNK(status.st_mode):
        target = path.readlink()
        member.type, member.linkname = tarfile.SYMTYPE, str(target)
        return member if _stays_inside(name.parent / target) and is_inside(path, part.output) else None
    if stat.S_ISDIR(status.st_mode):
        member.type = tarfile.DIRTYPE
        return member
    member.size = status.st_size
    return member if stat.S_ISREG(status.st_mode) else None


def _stays_inside(target: Path) -> bool:
    """Whether the words of a link stay inside wherever the archive is unpacked, whatever they mean here."""
    return not target.is_absolute() and Path(os.path.normpath(target)).parts[:1] != ("..",)
