"""A road to a DIRAC that is a dictionary, for the logic of the back end; what servers say is for the live tests."""

import re
import tarfile
from collections import deque
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from ganga.backends.dirac.road import Identity, JobState, Refused
from ganga.errors import BackendUnavailable
from ganga.model.clock import Utc
from ganga.model.step import Step

OWNER = "alice"
START = 1_800_000_000.0
_NAME = re.compile(r'JobName = "([^"%]+)";')
_NAMES = re.compile(r"Parameters\.tag = \{([^}]+)\};")


class ScriptedRoad:
    """A `Road`. `calls` keeps what was asked, `faults` what the next calls of a verb raise."""

    name = "scripted"

    def __init__(self, *, takes_lists: bool = True) -> None:
        self.takes_lists = takes_lists
        self.table: dict[int, JobState] = {}
        self.owners: dict[int, str] = {}
        self.now = START
        self.page_size = 100
        self.expires_at: Utc | None = None
        self.calls: list[tuple[str, int]] = []
        self.faults: dict[str, deque[Exception | None]] = {}
        #: Names of jobs that the servers refuse.
        self.bad_names: set[str] = set()
        self.descriptions: list[str] = []
        self.uploads: list[list[str]] = []
        self.outputs: dict[int, Mapping[str, bytes]] = {}
        self.steps: dict[int, Sequence[Step]] = {}
        #: What running jobs have reported of their output.
        self.tails: dict[int, str] = {}

    def goes_wrong(self, verb: str, *errors: Exception | None) -> None:
        self.faults.setdefault(verb, deque()).extend(errors)

    def add(self, number: int, status: str = "Waiting", *, owner: str = OWNER, name: str = "", group: str = "") -> None:
        self.table[number] = JobState(
            id=number, status=status, name=name, group=group, owner=owner, updated_at=Utc(self.now)
        )
        self.owners[number] = owner

    def set(self, number: int, status: str, minor: str = "", application: str = "") -> None:
        self.table[number] = replace(
            self.table[number],
            status=status,
            minor_status=minor,
            application_status=application,
            updated_at=Utc(self.now),
        )

    async def clock(self) -> Utc:
        return Utc(self.now)

    async def states(self, ids: Collection[int], /) -> Mapping[int, JobState]:
        self._called("states", len(ids))
        assert len(ids) == len(set(ids)) <= 1000
        return {number: self.table[number] for number in ids if number in self.table}

    async def changed(
        self, since: Utc, /, *, owner: str | None = None, ids: Collection[int] | None = None
    ) -> AsyncIterator[Sequence[JobState]]:
        assert (owner is None) != (ids is None)
        chosen = [row for row in self.table.values() if (row.updated_at or 0.0) >= since]
        rows = [row for row in chosen if self.owners[row.id] == owner or row.id in (ids or ())]
        for at in range(0, len(rows), self.page_size):
            self._called("changed", len(rows[at : at + self.page_size]))
            yield rows[at : at + self.page_size]

    async def jobs(
        self, *, owner: str | None = None, group: str | None = None, names: Collection[str] | None = None
    ) -> Mapping[int, JobState]:
        self._called("jobs", len(names or ()))
        return {
            number: row
            for number, row in self.table.items()
            if owner in {None, self.owners[number]}
            and group in {None, row.group}
            and (names is None or row.name in names)
        }

    async def counts(self, *, owner: str) -> Mapping[str, int] | None:
        self._called("counts", len(owner))
        return None

    async def upload(self, archive: Path, /) -> str:
        self._called("upload", 1)
        with tarfile.open(archive) as reader:
            self.uploads.append(reader.getnames())
        return f"SB:SE|/S3/{len(self.uploads)}.tar.bz2"

    async def submit(self, descriptions: Sequence[str], /) -> Sequence[int]:
        names = [name for text in descriptions for name in _names(text)]
        self._called("submit", len(names))
        assert self.takes_lists or len(descriptions) == 1
        if self.bad_names.intersection(names):
            raise Refused("no such site")
        self.descriptions += descriptions
        first = max(self.table, default=0) + 1
        for number, name in enumerate(names, first):
            self.add(number, "Received", name=name)
        self._called("submitted", len(names))
        return range(first, first + len(names))

    async def kill(self, ids: Collection[int], /) -> None:
        self._called("kill", len(ids))
        for number in ids:
            self.set(number, "Killed", "Marked for termination")

    async def reschedule(self, ids: Collection[int], /) -> None:
        self._called("reschedule", len(ids))
        for number in ids:
            self.set(number, "Received", "Job Rescheduled")
            self.table[number] = replace(self.table[number], reschedules=self.table[number].reschedules + 1)

    async def delete(self, ids: Collection[int], /) -> None:
        self._called("delete", len(ids))
        for number in ids:
            self.set(number, "Deleted")

    async def history(self, ids: Collection[int], /) -> Mapping[int, Sequence[Step]]:
        self._called("history", len(ids))
        return {number: self.steps[number] for number in ids if number in self.steps}

    async def peek(self, job: int, /) -> str:
        self._called("peek", 1)
        return self.tails.get(job, "")

    async def output(self, job: int, into: Path, /) -> bool:
        self._called("output", 1)
        for name, content in self.outputs.get(job, {}).items():
            (into / name).write_bytes(content)
        return job in self.outputs

    async def whoami(self) -> Identity:
        self._called("whoami", 1)
        return Identity(owner=OWNER, group="users", organisation="vo", expires_at=self.expires_at)

    async def close(self) -> None:
        self._called("close", 1)

    def _called(self, verb: str, items: int) -> None:
        self.calls.append((verb, items))
        waiting = self.faults.get(verb)
        error = waiting.popleft() if waiting else None
        if error is not None:
            raise error


def _names(text: str) -> list[str]:
    return _NAME.findall(text) + [name.strip(' "') for names in _NAMES.findall(text) for name in names.split(",")]


def down() -> BackendUnavailable:
    return BackendUnavailable("the server does not answer; ask again later")
