"""A made-up batch system: what is true of its jobs at any time, from a script for each. No clock, no chance."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import inf

from ganga.model.clock import Utc
from ganga.model.ids import Cursor, NativeId, Tag
from ganga.model.observation import Answer, Observation
from ganga.model.status import JobStatus


@dataclass(frozen=True, slots=True)
class Script:
    """What becomes of a job. Times are seconds."""

    #: From its submission to its start.
    queued: float = 0.0
    #: From its start to its end; `inf` for a job that does not end by itself.
    running: float = 1.0
    exit_code: int = 0
    #: Why it is refused at submission; None if it is accepted.
    rejected: str | None = None
    #: What it leaves behind, by file name, besides its standard output and error.
    outputs: Mapping[str, bytes] = field(default_factory=dict)
    stdout: bytes = b""
    stderr: bytes = b""


@dataclass(frozen=True, slots=True)
class _Run:
    tag: Tag
    script: Script
    accepted_at: float
    queued_at: float
    killed_at: float = inf
    restart: int = 0

    @property
    def starts_at(self) -> float:
        return self.queued_at + self.script.queued

    @property
    def ends_at(self) -> float:
        return min(self.starts_at + self.script.running, self.killed_at)

    def changed_at(self, now: float) -> float:
        """When it last became what it is now."""
        return max(at for at in (self.queued_at, self.starts_at, self.ends_at) if at <= now)

    def observe(self, now: float) -> Observation:
        if now >= self.ends_at:
            return self._end()
        if now >= self.starts_at:
            return Observation(
                status=JobStatus.RUNNING, native_status="R", started_at=Utc(self.starts_at), restart=self.restart
            )
        return Observation(status=JobStatus.SUBMITTED, native_status="PD", restart=self.restart)

    def _end(self) -> Observation:
        started_at = Utc(self.starts_at) if self.starts_at <= self.ends_at else None
        if self.ends_at == self.killed_at:
            status, word, code = JobStatus.KILLED, "CA", None
        elif self.script.exit_code:
            status, word, code = JobStatus.FAILED, "F", self.script.exit_code
        else:
            status, word, code = JobStatus.COMPLETED, "CD", 0
        return Observation(
            status=status,
            native_status=word,
            exit_code=code,
            started_at=started_at,
            ended_at=Utc(self.ends_at),
            restart=self.restart,
        )


class World:
    """The truth. Time is an argument, in seconds of any clock that does not go backwards."""

    def __init__(self) -> None:
        self._runs: dict[NativeId, _Run] = {}
        self._by_tag: dict[Tag, NativeId] = {}
        #: How often jobs with each tag were accepted: more than once is a job that runs twice.
        self.accepted: dict[Tag, int] = {}

    def __len__(self) -> int:
        return len(self._runs)

    def __contains__(self, native_id: NativeId) -> bool:
        return native_id in self._runs

    def accept(self, tag: Tag, script: Script, now: float) -> NativeId:
        """A job is submitted; a script that rejects is the caller's to heed."""
        native_id = NativeId(str(1000 + len(self._runs)))
        self._runs[native_id] = _Run(tag, script, now, now)
        self._by_tag[tag] = native_id
        self.accepted[tag] = self.accepted.get(tag, 0) + 1
        return native_id

    def find(self, tag: Tag) -> NativeId | None:
        """The job with this tag."""
        return self._by_tag.get(tag)

    def script(self, native_id: NativeId) -> Script:
        """What becomes of the job."""
        return self._runs[native_id].script

    def kill(self, native_id: NativeId, now: float) -> None:
        """End the job; nothing happens if it has ended or was never there."""
        run = self._runs.get(native_id)
        if run is not None and now < run.ends_at:
            self._runs[native_id] = replace(run, killed_at=now)

    def requeue(self, native_id: NativeId, now: float) -> None:
        """The system runs the job again, whether it has ended or not, from the start of its script."""
        run = self._runs[native_id]
        self._runs[native_id] = replace(run, queued_at=now, killed_at=inf, restart=run.restart + 1)

    def observe(self, native_id: NativeId, now: float) -> Observation:
        """What is true of the job. Raises `KeyError` for one that was never there."""
        return self._runs[native_id].observe(now)

    def poll(self, native_ids: Iterable[NativeId], now: float) -> Answer:
        """A whole answer: what is there is seen, what is not is denied."""
        asked = list(native_ids)
        seen = {native_id: self._runs[native_id].observe(now) for native_id in asked if native_id in self._runs}
        return Answer(seen, absent=frozenset(asked) - seen.keys())

    def changes(self, since: Cursor | None, now: float) -> Answer:
        """What has changed since the cursor, with the cursor to go on from."""
        begin = now if since is None else float(since)
        seen = {native_id: run.observe(now) for native_id, run in self._runs.items() if run.changed_at(now) >= begin}
        return Answer(seen, cursor=Cursor(repr(now)))

    def all_ended(self, now: float) -> bool:
        """Whether no job is left that would still change."""
        return all(run.ends_at <= now for run in self._runs.values())
