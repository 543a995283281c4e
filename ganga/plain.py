"""The verbs of `ganga.client` without ``await``, for scripts, IPython and notebooks, also where a loop runs already."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from ganga.backends.base import Discovery, Stream, Tail
from ganga.client import PAGE, PATIENCE, Client, JobLike
from ganga.health import Health
from ganga.model.event import Event
from ganga.model.ids import JobId, TargetName
from ganga.model.job import JobRecord, JobSpec, Plugin, Resubmission, Share, TargetState
from ganga.model.resources import Resources
from ganga.model.status import JobStatus
from ganga.model.step import Step
from ganga.portal import Portal


class Session:
    """A `Client` on an event loop of its own in a background thread. Made by `ganga.open`; any thread may use it.

    Every verb waits for its result, takes what the verb of `Client` takes, and raises what it raises. Ctrl-C ends the
    waiting and nothing else: the jobs go on.
    """

    def __init__(self, opening: Callable[[], AbstractAsyncContextManager[Client]]) -> None:
        self._portal = Portal(opening)
        self._client = self._portal.resource

    def close(self) -> None:
        """End the session; the jobs go on, followed by whatever monitor is or comes next."""
        self._portal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Submit

    def submit(
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
        """See `Client.submit`."""
        return self._portal.call(
            self._client.submit(
                command,
                name=name,
                target=target,
                subjobs=subjobs,
                environment=environment,
                folder=folder,
                inputs=inputs,
                outputs=outputs,
                checkers=checkers,
                mergers=mergers,
                notifiers=notifiers,
                resubmission=resubmission,
                resources=resources,
            )
        )

    def track(self, target: str, *references: str) -> list[JobRecord]:
        """See `Client.track`."""
        return self._portal.call(self._client.track(target, *references))

    def copy(self, job: JobLike, *, name: str | None = None, target: str | None = None) -> JobRecord:
        """See `Client.copy`."""
        return self._portal.call(self._client.copy(job, name=name, target=target))

    def resubmit(self, *jobs: JobLike) -> list[JobId]:
        """See `Client.resubmit`."""
        return self._portal.call(self._client.resubmit(*jobs))

    # Follow

    def get(self, job: JobLike) -> JobRecord:
        """See `Client.get`."""
        return self._portal.call(self._client.get(job))

    def select(
        self,
        *,
        status: JobStatus | str | Collection[JobStatus | str] = (),
        target: str | Collection[str] = (),
        name: str | None = None,
        parent: JobLike | None = None,
        subjobs: bool = False,
    ) -> Iterator[JobRecord]:
        """See `Client.select`."""
        jobs = self._client.select(status=status, target=target, name=name, parent=parent, subjobs=subjobs)
        return self._portal.iterate(jobs, at_once=PAGE)

    def wait(
        self,
        *jobs: JobLike,
        any: bool = False,  # noqa: A002 - the word for it
        timeout: float | None = None,
    ) -> list[JobRecord]:
        """See `Client.wait`."""
        return self._portal.call(self._client.wait(*jobs, any=any, timeout=timeout))

    def events(self, after: int | None = None, *, follow: bool = True, job: JobLike | None = None) -> Iterator[Event]:
        """See `Client.events`; "from now on" is from this call on, whenever the first event is asked for."""
        seq = self._portal.call(self._client.store.last_seq()) if after is None else after
        events = self._client.events(seq, follow=follow, job=job)
        return self._portal.iterate(events, at_once=1 if follow else PAGE)

    @contextmanager
    def calling(self, callback: Callable[[Event], None], *, after: int | None = None) -> Iterator[None]:
        """See `Client.calling`; the callback runs in a thread of its own and may use the session."""

        async def in_thread(event: Event) -> None:
            await asyncio.to_thread(callback, event)

        entered = self._client.calling(in_thread, after=after)
        self._portal.call(_enter(entered))
        try:
            yield
        finally:
            self._portal.call(_leave(entered))

    def history(self, job: JobLike) -> list[Step]:
        """See `Client.history`."""
        return self._portal.call(self._client.history(job))

    def histories(self, *jobs: JobLike) -> dict[JobId, list[Step]]:
        """See `Client.histories`."""
        return self._portal.call(self._client.histories(*jobs))

    # Act

    def kill(self, *jobs: JobLike) -> list[JobId]:
        """See `Client.kill`."""
        return self._portal.call(self._client.kill(*jobs))

    def reschedule(self, *jobs: JobLike) -> list[JobId]:
        """See `Client.reschedule`."""
        return self._portal.call(self._client.reschedule(*jobs))

    def delete(self, *jobs: JobLike) -> list[JobId]:
        """See `Client.delete`."""
        return self._portal.call(self._client.delete(*jobs))

    def refresh(self, *jobs: JobLike) -> None:
        """See `Client.refresh`."""
        self._portal.call(self._client.refresh(*jobs))

    def remove(self, *jobs: JobLike) -> None:
        """See `Client.remove`."""
        self._portal.call(self._client.remove(*jobs))

    def fetch(self, job: JobLike) -> Path:
        """See `Client.fetch`."""
        return self._portal.call(self._client.fetch(job))

    def read(self, job: JobLike, stream: Stream = Stream.STDOUT, offset: int = 0) -> bytes:
        """See `Client.read`."""
        return self._portal.call(self._client.read(job, stream, offset))

    def peeks(self, job: JobLike) -> bool:
        """See `Client.peeks`."""
        return self._portal.call(self._client.peeks(job))

    def peek(self, job: JobLike) -> Tail:
        """See `Client.peek`."""
        return self._portal.call(self._client.peek(job))

    # Targets

    @property
    def targets(self) -> tuple[TargetName, ...]:
        """See `Client.targets`."""
        return self._client.targets

    @property
    def default_target(self) -> TargetName:
        """See `Client.default_target`."""
        return self._client.default_target

    def target_states(self, *targets: str) -> dict[TargetName, TargetState]:
        """See `Client.target_states`."""
        return self._portal.call(self._client.target_states(*targets))

    def check(self, *targets: str, within: float = PATIENCE) -> dict[TargetName, Health]:
        """See `Client.check`."""
        return self._portal.call(self._client.check(*targets, within=within))

    def discover(self) -> dict[str, Discovery]:
        """See `Client.discover`."""
        return self._portal.call(self._client.discover())

    def pause(self, target: str) -> None:
        """See `Client.pause`."""
        self._portal.call(self._client.pause(target))

    def resume(self, target: str) -> None:
        """See `Client.resume`."""
        self._portal.call(self._client.resume(target))


async def _enter(context: AbstractAsyncContextManager[None]) -> None:
    await context.__aenter__()


async def _leave(context: AbstractAsyncContextManager[None]) -> None:
    await context.__aexit__(None, None, None)
