"""The library's verbs, for programs that run an event loop; `ganga.plain` has the same without ``await``."""

import asyncio
import getpass
import logging
import os
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path
from time import time

from msgspec.structs import replace

from ganga.backends.base import Adopting, Discovery, Readable, Stream, Tail
from ganga.direct import Direct
from ganga.discovery import discover
from ganga.errors import UnknownTarget, UsageError
from ganga.health import Health
from ganga.health import check as check_health
from ganga.model.clock import Utc
from ganga.model.event import Event
from ganga.model.ids import JobId, NativeId, Seq, TargetName, job_id, parse_job_id, shortened
from ganga.model.job import JobRecord, JobSpec, Plugin, Resubmission, Share, TargetState
from ganga.model.resources import Resources
from ganga.model.status import JobStatus
from ganga.model.step import Step
from ganga.monitor.service import Service
from ganga.specification import absolute_inputs, check, plugins, specify, whole
from ganga.split import repeat
from ganga.store.base import Adopted, NewJob, Query, Store
from ganga.store.changes import Changes
from ganga.store.ends import is_over
from ganga.workspace import Workspace

#: A job as a person may name it: what a verb returned, ``"12.3"``, or ``12``.
JobLike = JobRecord | str | int

#: What is called with each event, in order; it may be an async function.
Callback = Callable[[Event], Awaitable[None] | None]

#: Jobs or events read from the store in one go.
PAGE = 1000

#: Seconds after which the store is read again even if nobody has said that there is news.
PATIENCE = 30.0

MEBIBYTE = 1 << 20

_log = logging.getLogger(__name__)


class Client:
    """One open store with its targets. Made by `ganga.open`; to be used on the loop that opened it.

    Every verb may raise `StoreUnavailable`, and `UnknownJob` or `UsageError` for a job that does not exist.
    """

    def __init__(self, store: Store, workspace: Workspace, service: Service, *, default_target: TargetName) -> None:
        self.store = store
        self.workspace = workspace
        self.service = service
        self._default_target = default_target
        self._direct = Direct(store, service)

    # Submit

    async def submit(
        self,
        command: str | Sequence[str] | JobSpec,
        *,
        name: str = "",
        target: str | None = None,
        subjobs: int | Sequence[Share] | None = None,
        environment: Mapping[str, str] | None = None,
        folder: str | Path | None = None,
        inputs: Iterable[str | Path] = (),
        outputs: Iterable[str] = (),
        checkers: Iterable[str | Plugin] = (),
        mergers: Iterable[str | Plugin] = (),
        notifiers: Iterable[str | Plugin] = (),
        resubmission: Resubmission | None = None,
        resources: Resources | None = None,
    ) -> JobRecord:
        """Store a job, and its subjobs, to be submitted by the monitor of its target; returns at once.

        A command that is a string is divided into words as a shell would (and no shell runs); a `JobSpec` is taken as
        it stands. `subjobs` is how many, or one `Share` each as `ganga.split` makes them. A job that declares inputs or
        outputs runs in a fresh folder of its own, any other in `folder` or else in the present folder.

        Raises `UnknownTarget`, and `UsageError` for what no job can be made of.
        """
        shares = repeat(subjobs) if isinstance(subjobs, int) else absolute_inputs(subjobs)
        if isinstance(command, JobSpec):
            spec = command
        else:
            wish = JobSpec(
                command=(),
                name=name,
                environment=environment or {},
                outputs=tuple(outputs),
                checkers=plugins(checkers),
                mergers=plugins(mergers),
                notifiers=plugins(notifiers),
                resubmission=resubmission or Resubmission(),
                resources=resources or Resources(),
            )
            spec = specify(command, wish, folder=folder, inputs=inputs, shares=shares)
        check(spec, shares)
        return await self._create(spec, self._target(target), JobStatus.SUBMITTING, shares, dict(os.environ))

    async def track(self, target: str, *references: str) -> list[JobRecord]:
        """Adopt jobs that something else submitted, by words that the target's back end understands.

        Raises `UsageError` if it cannot adopt, for words that mean no job, and for a job that is followed already, and
        `BackendUnavailable`.
        """
        name = self._target(target)
        backend = await self.service.backend(name)
        if not isinstance(backend, Adopting):
            raise UsageError(f"target {target} cannot follow jobs that something else submitted")
        async with self.service.purses[name].call(self.service.targets[name].policy.answer_within, urgent=True):
            adopted = await backend.adopt(references)
        await self._check_not_followed(name, adopted)
        records = []
        for native_id, seen in adopted.items():
            now = _now()
            record = JobRecord(
                id=JobId("1"),
                name=native_id,
                target=name,
                status=seen.status if seen.status.polled else JobStatus.SUBMITTED,
                created_at=now,
                attempt=1,
                wanted_attempt=1,
                native_id=native_id,
                native_status=seen.native_status,
                submitted_at=seen.started_at or now,
                started_at=seen.started_at,
                confirmed_at=now,
                place=seen.place,
            )
            records.append(await self._adopt(Adopted(JobSpec(command=(native_id,), name=native_id), record)))
        return records

    async def copy(self, job: JobLike, *, name: str | None = None, target: str | None = None) -> JobRecord:
        """A new job like this one, with as many subjobs, not submitted yet: `resubmit` submits it."""
        record = await self.get(job)
        chosen = record.target if target is None else self._target(target)
        spec, shares = await self._contents(record)
        return await self._create(
            spec if name is None else replace(spec, name=name), chosen, JobStatus.NEW, shares, dict(os.environ)
        )

    async def resubmit(self, *jobs: JobLike) -> list[JobId]:
        """Ask for the next attempt of jobs that are new or have ended, and of the failed, killed or lost subjobs of a
        job.

        Returns the jobs of which anything is to be submitted.
        """
        return await self.store.request_submit(_ids(jobs), _now())

    # Follow

    async def get(self, job: JobLike) -> JobRecord:
        """The job as it stands in the store. Raises `UnknownJob`."""
        return (await self.store.get(_ids((job,))))[0]

    async def select(
        self,
        *,
        status: JobStatus | str | Collection[JobStatus | str] = (),
        target: str | Collection[str] = (),
        name: str | None = None,
        parent: JobLike | None = None,
        subjobs: bool = False,
    ) -> AsyncIterator[JobRecord]:
        """The jobs that meet all conditions, newest first, each with its subjobs behind it if `subjobs` says so.

        `name` is a shell pattern; with `parent` only the subjobs of that job are chosen.
        """
        query = Query(
            statuses=_statuses(status),
            targets=frozenset(TargetName(name) for name in ((target,) if isinstance(target, str) else target)),
            name=name,
            parent=None if parent is None else _ids((parent,))[0],
            subjobs=subjobs,
        )
        page = await self.store.select(query, limit=PAGE)
        while page:
            for record in page:
                yield record
            page = await self.store.select(query, after=page[-1].id, limit=PAGE) if len(page) == PAGE else []

    async def wait(
        self,
        *jobs: JobLike,
        any: bool = False,  # noqa: A002 - the word for it
        timeout: float | None = None,  # noqa: ASYNC109 - the word for it
    ) -> list[JobRecord]:
        """Wait until all jobs are final, or one of them with `any`; return all of them as they then stand.

        Raises `TimeoutError` after `timeout` seconds; the jobs go on. Without a monitor elsewhere this process does the
        monitoring, if it was opened to do so.
        """
        ids = _ids(jobs)
        limit = asyncio.timeout(timeout)
        try:
            async with limit:
                await self._ended(set(ids), any=any)
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise TimeoutError(f"not all that was waited for has ended within {timeout:g} seconds") from error
        return await self.store.get(ids)

    async def events(
        self, after: int | None = None, *, follow: bool = True, job: JobLike | None = None
    ) -> AsyncGenerator[Event, None]:
        """The events behind number `after` (0: from the first; None: from the first step of the iteration on), in
        order, then those to come.

        Each is told when it is stored, and none is missed, whoever crashed in between. Without `follow` it ends with
        the newest. With `job` only the events of that job and its subjobs are told. Raises `EventsForgotten` where
        events behind `after` were archived; behind 0, those are told that were not.
        """
        only = None if job is None else _ids((job,))[0]
        seq = await self.store.last_seq() if after is None else Seq(after)
        while True:
            newest = await self.store.last_seq()
            page = await self.store.events(seq, limit=PAGE, job=only)
            for event in page:
                yield event
            if len(page) == PAGE:
                seq = page[-1].seq
                continue
            seq = max(newest, page[-1].seq if page else seq)
            if not follow:
                return
            await self.store.wait(seq, PATIENCE)

    @asynccontextmanager
    async def calling(self, callback: Callback, *, after: int | None = None) -> AsyncIterator[None]:
        """While the block lasts, call `callback` with each event, in order, beginning as `events` does.

        One that raises is called again with the next event, and its failures are logged, ever more rarely; an async one
        that is slow delays only itself.
        """
        seq = await self.store.last_seq() if after is None else Seq(after)
        task = asyncio.create_task(self._call(callback, seq), name=f"callback {callback!r}")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def history(self, job: JobLike) -> list[Step]:
        """What the job's back end has recorded of its present attempt, oldest first.

        Raises `UsageError` for a job with subjobs, which have a history each, and for a target that records none, and
        `BackendUnavailable`.
        """
        record = await self.get(job)
        if record.subjobs is not None:
            raise UsageError(f"job {record.id} has subjobs with a history each, such as {record.id}.0")
        return (await self._direct.histories([record.id])).get(record.id, [])

    async def histories(self, *jobs: JobLike) -> dict[JobId, list[Step]]:
        """The same of many jobs, with as few calls as possible; of a job with subjobs, of each of these. Jobs that were
        never submitted are left out.
        """
        return await self._direct.histories(_ids(jobs))

    # Act

    async def kill(self, *jobs: JobLike) -> list[JobId]:
        """Request the end of jobs; they are killed when their back ends say so. Returns those that had not ended."""
        return await self.store.request_kill(_ids(jobs), _who(), _now())

    async def reschedule(self, *jobs: JobLike) -> list[JobId]:
        """Have the back ends run these jobs again under their native ids, and of a job with subjobs those of them that
        have ended badly; their monitors look at once. Returns the jobs and subjobs that run again.

        That is their next attempt. `resubmit` submits a job anew instead, under another native id. Raises `UsageError`
        with the back end's words if it refuses any, after the others were accepted, and for targets that cannot do it;
        and `BackendUnavailable`, whose text says if nobody knows what came of it.
        """
        return await self._direct.reschedule(_ids(jobs))

    async def delete(self, *jobs: JobLike) -> list[JobId]:
        """Have the back ends forget jobs that have ended, with their subjobs and the output that they keep. Returns
        those that were there to be forgotten.

        The records and the output here stay, until `remove`. Raises `UsageError` for a job that lives, before anything
        is deleted, and otherwise as `reschedule`.
        """
        return await self._direct.delete(_ids(jobs))

    async def refresh(self, *jobs: JobLike) -> None:
        """Have the back ends asked about these jobs now, whatever the pace."""
        await self.store.request_refresh(_ids(jobs), _now())

    async def remove(self, *jobs: JobLike) -> None:
        """Forget whole jobs that are new or final, with their subjobs and files; their events stay.

        Raises `UsageError` for any other, and then nothing is removed.
        """
        ids = _ids(jobs)
        await self.store.remove(ids, _now())
        for job in ids:
            await asyncio.to_thread(self.workspace.remove, job)

    async def fetch(self, job: JobLike) -> Path:
        """The folder with the output of a job that has ended, after another try to fetch it if it is not there.

        Raises `UsageError` if the job has not ended or has none, and `BackendUnavailable` if the output cannot be had
        now.
        """
        record = await self.get(job)
        if not record.status.final:
            raise UsageError(f"job {record.id} is {record.status}: there is output to fetch when it has ended")
        folder = self.workspace.output(record.id, record.attempt)
        if await asyncio.to_thread(folder.is_dir):
            return folder
        if record.subjobs is not None:
            raise UsageError(f"job {record.id} has merged no output; fetch that of a subjob, such as {record.id}.0")
        if record.native_id is None:
            raise UsageError(f"job {record.id} has no output: it was never submitted")
        await self.service.fetch(record)
        return folder

    async def read(self, job: JobLike, stream: Stream = Stream.STDOUT, offset: int = 0) -> bytes:
        """What the job has written from byte `offset` on, at most a mebibyte; empty if there is nothing (yet).

        Read from its output folder if that is here, else from the back end while the job runs.
        """
        record = await self.get(job)
        path = self.workspace.output(record.id, record.attempt) / stream
        with suppress(FileNotFoundError):
            return await asyncio.to_thread(_read, path, offset)
        if record.native_id is None or record.status.final:
            return b""
        backend = await self.service.backend(record.target)
        if not isinstance(backend, Readable):
            raise UsageError(f"target {record.target} shows no output before the job has ended")
        within = self.service.targets[record.target].policy.answer_within
        async with self.service.purses[record.target].call(within, urgent=False):
            return await backend.read(record.native_id, stream, offset)

    async def peeks(self, job: JobLike) -> bool:
        """Whether the target of the job shows the end of its output while it runs, and `read` nothing of it."""
        return await self._direct.peeks(await self.get(job))

    async def peek(self, job: JobLike) -> Tail:
        """The last lines that a running job has written to its standard output, as it reported them last.

        Raises `UsageError` if the job does not run or its target shows no such thing, and `BackendUnavailable`.
        """
        return await self._direct.peek(await self.get(job))

    # Targets

    @property
    def targets(self) -> tuple[TargetName, ...]:
        """The names of the configured targets."""
        return tuple(self.service.targets)

    @property
    def default_target(self) -> TargetName:
        """Where jobs go that name no target."""
        return self._default_target

    async def target_states(self, *targets: str) -> dict[TargetName, TargetState]:
        """How each of these targets (by default all) fares, as last stored by whoever looks after it."""
        names = [self._target(target) for target in targets] or self.targets
        states = await self.store.target_states()
        return {name: states.get(name) or TargetState(name=name) for name in names}

    async def check(self, *targets: str, within: float = PATIENCE) -> dict[TargetName, Health]:
        """Whether these targets (by default all) answer: each is opened as its monitor would, and asked one question,
        all at once and within so many seconds.
        """
        names = [self._target(target) for target in targets] or list(self.targets)
        healths = await asyncio.gather(*(check_health(self.service, name, within) for name in names))
        return dict(zip(names, healths, strict=True))

    async def discover(self) -> dict[str, Discovery]:
        """What each installed back end finds of its system on this machine, configured or not, by its name."""
        return await discover()

    async def pause(self, target: str) -> None:
        """Have the target left alone until `resume`: nothing is asked of it, and its jobs stay as they are."""
        await self.store.pause(self._target(target), paused=True, by=_who(), at=_now())

    async def resume(self, target: str) -> None:
        """End a pause."""
        await self.store.pause(self._target(target), paused=False, by=_who(), at=_now())

    # Inside

    async def _ended(self, jobs: set[JobId], *, any: bool) -> None:  # noqa: A002 - the word for it
        """Return when all jobs, or one of them, are over; looks only at those of which there is news."""
        changes = Changes(self.store, await self.store.last_seq())
        waiting = changed = jobs
        while True:
            records = await self.store.get(list(changed))
            waiting = waiting - {record.id for record in records if await is_over(self.store, record)}
            if not waiting or (any and len(waiting) < len(jobs)):
                return
            news = await changes.wait(PATIENCE)
            changed = waiting if news is None else waiting & news

    async def _check_not_followed(self, target: TargetName, adopted: Collection[NativeId]) -> None:
        """A back end's job has one record at a time: news of it would reach only one."""
        last: JobId | None = None
        while page := await self.store.live(target, after=last, limit=PAGE):
            for record in page:
                if record.native_id in adopted:
                    raise UsageError(f"{record.native_id} is followed already, as job {record.id}")
            last = page[-1].id

    async def _create(
        self,
        spec: JobSpec,
        target: TargetName,
        status: JobStatus,
        shares: Sequence[Share] | None,
        environment: Mapping[str, str],
    ) -> JobRecord:
        new = NewJob(spec, target, status, shares)
        own = [share.inputs for share in shares or () if share.inputs]
        staged = await asyncio.to_thread(self.workspace.stage, spec.inputs, environment, own)
        try:
            return await self.store.create(new, _now(), place=staged.place)
        finally:
            await asyncio.to_thread(staged.discard)

    async def _adopt(self, job: Adopted) -> JobRecord:
        staged = await asyncio.to_thread(self.workspace.stage, (), None)
        try:
            return await self.store.adopt(job, job.record.created_at, place=staged.place)
        finally:
            await asyncio.to_thread(staged.discard)

    async def _contents(self, record: JobRecord) -> tuple[JobSpec, list[Share] | None]:
        ids = [record.id]
        if record.subjobs is not None:
            ids += [job_id(int(record.id), index) for index in range(record.subjobs)]
        found = await self.store.specifications(ids)
        spec, share = found[record.id]
        if record.subjobs is None:
            return whole(spec, share), None
        return spec, [found[job][1] for job in ids[1:] if job in found]

    def _target(self, name: str | None) -> TargetName:
        chosen = TargetName(name) if name is not None else self._default_target
        if chosen not in self.service.targets:
            known = ", ".join(sorted(self.service.targets))
            raise UnknownTarget(f"there is no target {shortened(chosen)!r} in the settings; known targets: {known}")
        return chosen

    async def _call(self, callback: Callback, seq: Seq) -> None:
        failures = 0
        async with aclosing(self.events(seq)) as events:
            async for event in events:
                try:
                    outcome = callback(event)
                    if outcome is not None:
                        await outcome
                except Exception:  # noqa: BLE001 - the next event is the next chance of a callback
                    failures += 1
                    # Of thousands of failures a dozen are told: the first, the second, the fourth, the eighth, ...
                    if failures.bit_count() == 1:
                        _log.exception("a callback failed at event %d, for the %d. time", event.seq, failures)


def _ids(jobs: Iterable[JobLike]) -> list[JobId]:
    return [job.id if isinstance(job, JobRecord) else parse_job_id(str(job)) for job in jobs]


def _statuses(status: JobStatus | str | Collection[JobStatus | str]) -> frozenset[JobStatus]:
    words = (status,) if isinstance(status, str) else status
    try:
        return frozenset(JobStatus(word) for word in words)
    except ValueError as error:
        raise UsageError(f"{error}; expected one of {', '.join(JobStatus)}") from error


def _read(path: Path, offset: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(MEBIBYTE)


def _who() -> str:
    return f"{getpass.getuser()}@{socket.gethostname()}"


def _now() -> Utc:
    return Utc(time())
