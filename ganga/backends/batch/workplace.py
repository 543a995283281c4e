"""The folder on the system in which the batches of one target lie.

``batches/NAME`` is a batch: its scripts, the tags of its tasks in the file ``tags``, shared inputs, and for each task
that has begun a folder with its index as its name. ``ids/JOB`` leads to the batch that has become this job.
"""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Final

from ganga.backends.base import Submission
from ganga.backends.batch.dialect import Place, Variables
from ganga.backends.batch.evidence import Word, read_standing
from ganga.backends.batch.script import constant, task_script
from ganga.backends.batch.shell import Command, Reply, Shell
from ganga.errors import ConfigurationError
from ganga.model.ids import Tag

_HOME: Final = "~"

cached = cache(constant)


@dataclass(slots=True)
class Batch:
    """A batch that lies there."""

    #: The job that it has become; None if nobody knows of one.
    job: str | None = None
    tags: list[Tag] = field(default_factory=list)
    #: Whether only the job's launcher has noted that: the batch is not to be found by its job yet.
    loose: bool = False


class Workplace:
    """Every verb raises `BackendUnavailable` for what could not be done."""

    def __init__(self, shell: Shell, root: PurePosixPath, variables: Variables) -> None:
        self._shell = shell
        self._root = root
        self._variables = variables

    def folder(self, batch: str) -> PurePosixPath:
        """That of a batch."""
        return self._root / "batches" / batch

    def of_task(self, place: Place) -> PurePosixPath:
        """That of the newest run of a task."""
        return self._root / "ids" / place.job / str(place.task)

    def of_job(self, job: str) -> PurePosixPath:
        """That of the batch which has become this job."""
        return self._root / "ids" / job

    async def prepare(self, name: str, jobs: Sequence[Submission], inherited: Mapping[str, str]) -> None:
        """Lay a batch there; the tags come last, since a batch that has them is one that is looked for."""
        folder = self.folder(name)
        sent = {folder / "inputs": jobs[0].inputs} if jobs[0].inputs is not None else {}
        own = {
            folder / f"own.{index}" / Path(path).name: Path(path)
            for index, job in enumerate(jobs)
            for path in job.share.inputs
        }
        if sent or own:
            await self._shell.send({**sent, **own})
        files = {
            folder / "launch.sh": cached("launch").encode(),
            folder / "task.sh": task_script(jobs, inherited, self._variables),
        }
        if jobs[0].spec.folder is not None and self._shell.shares_files:
            files[folder / "folder"] = os.fsencode(jobs[0].spec.folder)
        await self._shell.write({**files, folder / "tags": "".join(f"{job.tag}\n" for job in jobs).encode()})

    async def accept(self, batch: str, job: str) -> None:
        """Note that a batch has become this job."""
        await self._run("accept", batch, job)

    async def adopt(self, jobs: Collection[str]) -> None:
        """Note that these are jobs of others."""
        if jobs:
            await self._run("adopt", *jobs)

    async def revoke(self, batch: str) -> bool:
        """Call a batch off; returns whether that came in time."""
        return (await self._shell.run(self._command("revoke", (batch,)))).exit_code == 0

    async def batches(self) -> dict[str, Batch]:
        """All that lie there, by their names."""
        reply = await self._run("batches")
        lines = reply.text.splitlines()
        if lines[-1:] != ["end"]:
            raise reply.unreadable("a list with an end")
        return dict(_batches(lines))

    async def standings(self, places: Collection[Place]) -> Mapping[Place, Word]:
        """What the launchers of these tasks have left word of."""
        if not places:
            return {}
        return read_standing(await self._run("standing", stdin=_lines(places)))

    async def discard(self, places: Collection[Place]) -> None:
        """Remove the files of these tasks."""
        if places:
            await self._run("discard", stdin=_lines(sorted(places)))

    async def _run(self, script: str, *arguments: str, stdin: bytes = b"") -> Reply:
        reply = await self._shell.run(self._command(script, arguments, stdin))
        if reply.exit_code != 0:
            raise reply.unavailable()
        return reply

    def _command(self, script: str, arguments: Sequence[str], stdin: bytes = b"") -> Command:
        return Command(("/bin/sh", "-c", cached(script), f"ganga-{script}", str(self._root), *arguments), stdin)


async def work_folder(shell: Shell, wanted: str, target: str) -> PurePosixPath:
    """The folder that the settings want, by default one below the user's home; made if it is not there.

    Raises `BackendUnavailable` and `ConfigurationError`.
    """
    path = PurePosixPath(wanted or f"{_HOME}/.ganga/batch/{target}")
    if path.parts[:1] == (_HOME,):
        path = (await shell.home()).joinpath(*path.parts[1:])
    if not path.is_absolute():
        raise ConfigurationError(f"work_folder is {str(path)!r}, and has to begin with / or with ~/")
    await shell.write({path / "README": b"Jobs of ganga: one folder for each batch, gone when its output is home.\n"})
    return path


def _batches(lines: Sequence[str]) -> Iterator[tuple[str, Batch]]:
    batch = Batch()
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "batch":
            name, _, job = rest.partition(" ")
            batch = Batch(None if job == "-" else job)
            yield name, batch
        elif word == "loose":
            batch.loose = True
        elif word == "tag":
            batch.tags.append(Tag(rest))


def _lines(places: Collection[Place]) -> bytes:
    return "".join(f"{place.job} {place.task}\n" for place in places).encode()
