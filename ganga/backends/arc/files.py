"""What a job is sent: a launcher, and its input files in one archive, which keeps their modes, links and folders."""

import os
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from ganga.backends.arc.descriptions import ARCHIVE, LAUNCHER, STREAMS
from ganga.backends.base import Submission
from ganga.backends.batch import script
from ganga.model.ids import shortened
from ganga.model.job import unreachable

#: Names that an input file cannot have there.
_TAKEN: Final = frozenset({ARCHIVE, LAUNCHER, *STREAMS})

_UNPACK: Final = f"tar -xf {ARCHIVE} && rm -f {ARCHIVE} || exit 125\n"


class Parcel(NamedTuple):
    """What a job is sent, and how large that is."""

    job: Submission
    sent: Mapping[str, bytes | Path]
    sizes: Mapping[str, int]


def refusal(job: Submission) -> str | None:
    """Why a job cannot be sent like this; None if it can. Blocks."""
    taken = next((path.name for path in _inputs(job) if path.name in _TAKEN), None)
    if taken is not None:
        return f"an input file must not be called {shortened(taken)!r} on ARC, where that is a file of ganga"
    return script.refusal(job) or unreachable(job.spec, "a job on ARC")


def launcher(job: Submission, *, has_inputs: bool) -> bytes:
    """What the element runs; a shell that outlives the program tells by which signal that was ended."""
    unpack = _UNPACK if has_inputs else ""
    return os.fsencode(f"#!/bin/sh\n{unpack}{script.program(job)} </dev/null\nexit $?\n")


def packed(jobs: Sequence[Submission], folder: Path) -> list[Parcel]:
    """What each job is sent, the launcher last; jobs with the same input files share an archive. Blocks.

    Raises `OSError`.
    """
    folder.mkdir(mode=0o700, parents=True)
    archives: dict[tuple[Path | None, tuple[str, ...]], Path | None] = {}
    parcels = []
    for job in jobs:
        key = (job.inputs, job.share.inputs)
        if key not in archives:
            archives[key] = folder / f"{len(archives)}.tar" if _has_inputs(job) else None
            if (archive := archives[key]) is not None:
                _pack(job, archive)
        archive = archives[key]
        text = launcher(job, has_inputs=archive is not None)
        if archive is None:
            parcels.append(Parcel(job, {LAUNCHER: text}, {LAUNCHER: len(text)}))
        else:
            sizes = {ARCHIVE: archive.stat().st_size, LAUNCHER: len(text)}
            parcels.append(Parcel(job, {ARCHIVE: archive, LAUNCHER: text}, sizes))
    return parcels


def remove(folder: Path) -> None:
    """Remove a folder with what was packed. Blocks."""
    for archive in folder.glob("*.tar"):
        archive.unlink()
    if folder.is_dir():
        folder.rmdir()


def _has_inputs(job: Submission) -> bool:
    """Whether there is anything to be packed."""
    return any(True for _ in _inputs(job))


def _pack(job: Submission, archive: Path) -> None:
    """The input files in a new archive."""
    with tarfile.open(archive, "x:", format=tarfile.PAX_FORMAT) as packed:
        for path in _inputs(job):
            packed.add(path, path.name)


def _inputs(job: Submission) -> Iterator[Path]:
    if job.inputs is not None:
        yield from sorted(job.inputs.iterdir())
    yield from map(Path, job.share.inputs)
