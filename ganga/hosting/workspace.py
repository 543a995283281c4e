"""The folders of an owner, for a service that serves others too: nothing is read or written anywhere else for her.

The owner may exchange what is in the home at any moment. So all that is done there is done in folders that are held by
their descriptors (`ganga.hosting.held`); and what back ends and plug-ins read and write by path is put aside, where
only the service can enter: output is fetched there and then copied into the home, input files and outputs that are to
be judged are copied there before. An owner who exchanges folders meanwhile spoils no more than her own.
"""

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from secrets import token_hex
from time import time
from typing import ClassVar, Final

import msgspec

from ganga.errors import StoreUnavailable
from ganga.hosting.aside import Aside, make_readable
from ganga.hosting.confinement import ROOT, account
from ganga.hosting.copying import Copying
from ganga.hosting.held import Held, held
from ganga.hosting.outgoing import HostedOutgoing
from ganga.model.ids import JobId
from ganga.workspace import DAY, Workspace, is_superseded
from ganga.workspace.folders import TAKEN, explained
from ganga.workspace.home import group_of

#: Bytes of a note that are read.
_LONGEST_NOTE: Final = 2**20

_log = logging.getLogger(__name__)


class HostedWorkspace(Workspace):
    """That of an owner. Raises `StoreUnavailable` where a link is instead of a folder."""

    hosted: ClassVar[bool] = True

    def __init__(self, home: Path, aside: Path, owner: str) -> None:
        """`home` is without links in it; only the service can enter what is above `aside`."""
        super().__init__(home)
        self.owner = owner
        self._aside = Aside(aside)

    @cached_property
    def _account(self) -> int | None:
        return account(self.owner)

    def check_writable(self) -> None:
        """See `Workspace.check_writable`."""
        with explained(self._aside.path):
            probe = self._aside.fresh("probe-")
            (probe / "probe").write_bytes(bytes(4096))
            self._aside.discard(probe)
        with explained(self.home), self._held() as home, home.have("jobs"), home.have("staging") as staging:
            with staging.make(probe.name) as folder:
                folder.write("probe", bytes(4096))
            staging.delete(probe.name)

    def has_output(self, job: JobId, attempt: int) -> bool:
        """See `Workspace.has_output`."""
        with explained(self.output(job, attempt)):
            try:
                with self._held_folder(job) as folder:
                    folder.enter(f"output-{attempt}").close()
            except FileNotFoundError:
                return False
            return True

    @contextmanager
    def readable(self, job: JobId, attempt: int) -> Iterator[Path]:
        """See `Workspace.readable`. What in it is not the owner's is left out."""
        with explained(self._aside.path):
            into = self._aside.fresh(f"{job}.judged-")
        try:
            with explained(self.output(job, attempt)), suppress(FileNotFoundError):
                self._copy_output(job, attempt, into)
            yield into / "output"
        finally:
            with explained(into):
                self._aside.discard(into)

    def _copy_output(self, job: JobId, attempt: int, into: Path) -> None:
        copying = Copying(self.is_own, _left_out)
        with (
            self._held_folder(job) as folder,
            folder.enter(f"output-{attempt}") as output,
            held(into.resolve()) as aside,
            aside.make("output") as copy,
        ):
            copying.tree(output, copy)

    def outgoing(self) -> HostedOutgoing:
        """See `Workspace.outgoing`. Copies, which only the service can reach."""
        return HostedOutgoing(self.home, self._held, self._aside, self.is_own)

    def is_own(self, status: os.stat_result) -> bool:
        """Whether a file with this status, found in the home, is no other's: a second name may have been given to the
        file of somebody else.
        """
        return status.st_nlink == 1 or status.st_uid == self._account

    def incoming(self, job: JobId, attempt: int, epoch: int) -> Path:
        """See `Workspace.incoming`."""
        with explained(self.folder(job)):
            self._wipe_superseded(job, attempt, epoch)
        with explained(self._aside.path):
            for name in self._aside.names():
                if name.startswith(f"{job}.incoming-") and is_superseded(name.removeprefix(job), attempt, epoch):
                    self._aside.discard(self._aside.path / name)
            return self._aside.fresh(f"{job}.incoming-{attempt}-{epoch}-")

    def _wipe_superseded(self, job: JobId, attempt: int, epoch: int) -> None:
        with (
            self._held() as home,
            home.have("staging") as staging,
            suppress(FileNotFoundError),
            self._held_folder(job) as folder,
        ):
            for name in folder.names():
                if is_superseded(name, attempt, epoch):
                    _wipe_into(staging, folder, name)

    def publish(self, incoming: Path, job: JobId, attempt: int, *, replace: bool = False) -> None:
        """See `Workspace.publish`."""
        place = self.output(job, attempt)
        with explained(place), self._held() as home, self._held_folder(job, made=True) as folder:
            if not incoming.is_dir():
                if folder.look(place.name) is None:
                    raise _wiped(incoming)
                return
            shown = folder.look(place.name) is not None
            if shown:
                folder.enter(place.name).close()
            if replace or not shown:
                self._bring_in(incoming, home, folder, place, replace=replace)
            self._aside.discard(incoming)

    def _bring_in(self, incoming: Path, home: Held, folder: Held, place: Path, *, replace: bool) -> None:
        prepared = incoming.name[incoming.name.index(".incoming-") :]
        try:
            self._prepare(incoming, folder, prepared)
            self._show(home, folder, prepared, place.name, replace=replace)
        except FileNotFoundError as error:
            raise _wiped(incoming) from error
        finally:
            folder.delete(prepared)

    def _prepare(self, incoming: Path, folder: Held, name: str) -> None:
        """Copy what was fetched to where nobody looks, and nobody but us can enter before all of it is there."""
        make_readable(incoming)
        copying = Copying(_is_ours, _left_out)
        with held(incoming.resolve()) as source, folder.make(name) as copy:
            copying.tree(source, copy)
            copy.let_in()

    def _show(self, home: Held, folder: Held, prepared: str, name: str, *, replace: bool) -> None:
        try:
            folder.move(prepared, folder, name)
        except OSError as error:
            if error.errno not in TAKEN:
                raise
            if replace:
                with home.have("staging") as staging:
                    former = f"removed-{token_hex(8)}"
                    folder.move(name, staging, former)
                    folder.move(prepared, folder, name)
                    staging.delete(former)

    def note_missing(self, job: JobId, attempt: int, patterns: Sequence[str]) -> None:
        """See `Workspace.note_missing`."""
        note = self._missing_note(job, attempt)
        with explained(note), self._held_folder(job, made=True) as folder:
            folder.write(note.name, msgspec.json.encode(list(patterns)))

    def missing(self, job: JobId, attempt: int) -> tuple[str, ...]:
        """See `Workspace.missing`."""
        note = self._missing_note(job, attempt)
        with explained(note):
            try:
                with self._held_folder(job) as folder, folder.file(note.name) as file:
                    said = file.read(_LONGEST_NOTE)
            except FileNotFoundError:
                return ()
        try:
            return msgspec.json.decode(said, type=tuple[str, ...])
        except msgspec.DecodeError as error:
            raise StoreUnavailable(f"{note} cannot be read: {error}; remove it") from error

    def mark(self, job: JobId, name: str) -> None:
        """See `Workspace.mark`."""
        with explained(self.folder(job) / name), self._held_folder(job, made=True) as folder:
            folder.write(name, b"")

    def marked(self, job: JobId, name: str) -> bool:
        """See `Workspace.marked`."""
        with explained(self.folder(job) / name):
            try:
                with self._held_folder(job) as folder:
                    return folder.look(name) is not None
            except FileNotFoundError:
                return False

    def discard(self, incoming: Path) -> None:
        """See `Workspace.discard`."""
        with explained(incoming):
            self._aside.discard(incoming)

    def remove(self, job: JobId) -> None:
        """See `Workspace.remove`."""
        path = self.folder(job)
        parent, _, _ = job.rpartition(".")
        with (
            explained(path),
            suppress(FileNotFoundError),
            self._held() as home,
            home.have("staging") as staging,
            self._held_folder(JobId(parent)) if parent else home.enter("jobs") as folder,
        ):
            _wipe_into(staging, folder, path.name)

    def tidy(self) -> None:
        """See `Workspace.tidy`."""
        with explained(self._aside.path):
            self._aside.tidy()
        with (
            explained(self._staging),
            suppress(FileNotFoundError),
            self._held() as home,
            home.enter("staging") as staging,
        ):
            for name in staging.names():
                status = staging.look(name)
                if status is not None and status.st_mtime < time() - DAY:
                    staging.delete(name)

    def _held(self) -> Held:
        home = held(self.home)
        status = home.status()
        if status.st_uid not in {self._account, os.geteuid(), ROOT}:
            with home:
                raise StoreUnavailable(f"{self.home} belongs to somebody else than {self.owner}")
        home.group = group_of(status)
        return home

    def _held_folder(self, job: JobId, *, made: bool = False) -> Held:
        """The folder of a job or subjob. Raises `FileNotFoundError` unless it is there or to be made."""
        folder = self._held()
        for name in ("jobs", *job.split(".")):
            with folder:
                folder = folder.have(name) if made else folder.enter(name)
        return folder


def _wipe_into(staging: Held, folder: Held, name: str) -> None:
    moved = f"removed-{token_hex(8)}"
    folder.move(name, staging, moved)
    staging.delete(moved)


def _wiped(incoming: Path) -> StoreUnavailable:
    return StoreUnavailable(f"{incoming} was wiped by another monitor, which brings it home")


def _is_ours(status: os.stat_result) -> bool:
    return status.st_uid == os.geteuid()


def _left_out(path: Path, reason: str) -> None:
    _log.warning("%s is left out: it %s", path, reason)
