"""Sandboxes: archives of files that go to a job and come from it; blocking, to be called in a thread.

What comes from a job is not trusted. Only files and folders are made, each of them new and below the folder: no link is
ever made, so none can lead out. The sizes that an archive claims are checked before anything is written, and what is
written is counted.
"""

import stat
import tarfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import IO, Final, Protocol, cast

from ganga.backends.base import Retrieved, Stream
from ganga.model.ids import shortened

#: Members of one archive; each costs a file.
MOST_MEMBERS: Final = 100_000

_ZSTANDARD: Final = b"\x28\xb5\x2f\xfd"
#: Python 3.14's own, or the same for older ones.
_ZSTANDARD_MODULES: Final = ("compression.zstd", "backports.zstd")
_PIECE: Final = 1 << 20

#: What DIRAC calls the streams of jobs that others submitted.
_FOREIGN_NAMES: Final = {Stream.STDOUT: "std.out", Stream.STDERR: "std.err"}


class Unsafe(Exception):
    """The archive cannot be unpacked, or must not be; the text says why."""


def pack(files: Iterable[Path], archive: Path) -> None:
    """Write these files and folders, under their own names, into a new private ``.tar.bz2``. Raises `OSError`."""
    archive.touch(mode=0o600, exist_ok=False)
    with tarfile.open(archive, "w:bz2", format=tarfile.PAX_FORMAT) as writer:
        for path in files:
            writer.add(path, path.name, filter=_nobody)


def unpack(archive: Path, into: Path, largest: int) -> int:
    """Unpack a tar of any usual compression; returns the bytes written. Raises `Unsafe` and `OSError`.

    A link becomes a copy of the file that the archive has under its target's name; other links are passed over.
    """
    written = 0
    try:
        with _opened(archive) as reader:
            for number, member in enumerate(reader):
                if number >= MOST_MEMBERS:
                    raise Unsafe(f"it has more than {MOST_MEMBERS:,} members")
                written += _make(reader, member, into, largest - written)
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise Unsafe(f"it is not a whole tar archive: {error}") from error
    return written


def gather(into: Path, outputs: tuple[str, ...], largest: int) -> Retrieved:
    """Give the unpacked files of a job the names that `Retrieved` promises, and say what is missing."""
    for stream in Stream:
        _name_stream(into, stream)
    missing = tuple(pattern for pattern in outputs if not _found(into, pattern) and not _unfold(into, pattern, largest))
    return Retrieved(missing=missing)


def _make(reader: tarfile.TarFile, member: tarfile.TarInfo, into: Path, room: int) -> int:
    target = _target(member.name, into)
    if target is None:
        return 0
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        return 0
    source = _source(reader, member)
    if source is None:
        return 0
    with source:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return _copy(source, target, room, executable=bool(member.mode & stat.S_IXUSR))


def _target(name: str, into: Path) -> Path | None:
    """Where a member goes; None for the folder itself."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\0" in name:
        raise Unsafe(f"its member {shortened(name)!r} would lie outside of the folder")
    return into / path if path.parts else None


def _source(reader: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes] | None:
    """The content of a file or of what a link stands for; None for what is neither: devices, pipes, broken links."""
    try:
        return reader.extractfile(member)
    except (KeyError, RecursionError):
        return None


def _copy(source: IO[bytes], target: Path, room: int, *, executable: bool) -> int:
    written = 0
    target.unlink(missing_ok=True)
    with target.open("xb") as file:
        target.chmod(0o700 if executable else 0o600)
        while piece := source.read(_PIECE):
            written += len(piece)
            if written > room:
                raise Unsafe("it is larger than the setting largest_output allows")
            file.write(piece)
    return written


@contextmanager
def _opened(archive: Path) -> Iterator[tarfile.TarFile]:
    with archive.open("rb") as file:
        compressed = file.read(len(_ZSTANDARD)) == _ZSTANDARD
    if not compressed:
        with tarfile.open(archive, "r:*") as reader:
            yield reader
        return
    zstandard = _zstandard()
    try:
        with zstandard.open(archive) as stream, tarfile.open(fileobj=stream, mode="r:") as reader:
            yield reader
    except zstandard.ZstdError as error:
        raise Unsafe(f"it is damaged: {error}") from error


class _Zstandard(Protocol):
    """What we need of the module."""

    ZstdError: type[Exception]

    @property
    def open(self) -> Callable[[Path], IO[bytes]]: ...


def _zstandard() -> _Zstandard:
    for name in _ZSTANDARD_MODULES:
        try:
            return cast("_Zstandard", import_module(name))
        except ModuleNotFoundError:
            continue
    raise Unsafe("it is compressed by Zstandard; install ganga with the extra dirac: pip install 'ganga[dirac]'")


def _nobody(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Whose files these are here is nobody's business there."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def _name_stream(into: Path, stream: Stream) -> None:
    """A job that never began has written nothing, and that is what is brought."""
    target = into / stream.value
    foreign = into / _FOREIGN_NAMES[stream]
    if not target.exists() and foreign.is_file():
        foreign.rename(target)
    elif not target.exists():
        target.touch(mode=0o600)


def _unfold(into: Path, pattern: str, largest: int) -> bool:
    """DIRAC brings a folder as an archive of its own; here it is a folder again. False if there is none."""
    packed = into / f"{PurePosixPath(pattern).name}.tar"
    if not packed.is_file():
        return False
    unpack(packed, into, largest)
    packed.unlink()
    return True


def _found(into: Path, pattern: str) -> bool:
    """DIRAC brings files without the folders that they were in."""
    try:
        return any(into.glob(pattern)) or any(into.glob(PurePosixPath(pattern).name))
    except (ValueError, NotImplementedError):
        return False  # No pattern at all, such as an empty one or an absolute path.
