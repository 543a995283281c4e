"""A road over DIRAC's own services: the same methods, whichever protocol carries them."""

import asyncio
import hashlib
import logging
import time
from collections.abc import AsyncIterator, Collection, Coroutine, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from ganga.backends.dirac.envelopes import Envelope, as_text, utc
from ganga.backends.dirac.road import CredentialsExpired, Identity, JobState, Refused
from ganga.backends.dirac.service_records import Line, Ping, Row, Submitted, Whoami
from ganga.backends.dirac.states import status_of
from ganga.backends.web.proxy import Proxy
from ganga.errors import BackendError, BackendUnavailable
from ganga.model.clock import Utc
from ganga.model.step import Step

T = TypeVar("T")

MONITORING = "WorkloadManagement/JobMonitoring"
MANAGER = "WorkloadManagement/JobManager"
SANDBOXES = "WorkloadManagement/SandboxStore"

#: Jobs in one question; the services have no limit of their own, but their databases feel larger ones.
JOBS_PER_CALL = 1000
#: What is said of parametric jobs between the two calls of their submission.
_UNCONFIRMED = ("Submitting", "Bulk transaction confirmation")
#: The parameter of a job under which its watchdog reports the end of its output.
_PEEKED = "StandardOutput"
#: Names in one question for names.
NAMES_PER_CALL = 500
#: Histories asked for at once.
HISTORIES_AT_ONCE = 8
#: Seconds for which a reading of the server's clock is carried on with our own.
CLOCK_GOOD_FOR = 60.0

_log = logging.getLogger(__name__)


class Services(Protocol):
    """One protocol that carries calls to the services of an installation.

    Each verb raises `BackendUnavailable`, `CredentialsExpired` or `Refused`. A `safe` call changes nothing there and
    may be made twice.
    """

    async def envelope(
        self, service: str, kind: type[Envelope[T]], method: str, *arguments: object, safe: bool
    ) -> Envelope[T]:
        """Call a method of the service; an error of the service is not raised."""
        ...

    async def download(self, name: str, into: Path) -> None:
        """Bring a file of the sandbox store into a new one here."""
        ...

    async def upload(self, name: str, archive: bytes) -> str:
        """Store a file in the sandbox store; returns the store's name for it."""
        ...

    async def place(self, service: str) -> str:
        """Where the service is asked, for people."""
        ...

    async def close(self) -> None:
        """Close what is open."""
        ...


class ServiceRoad:
    """See `Road`."""

    takes_lists = False

    def __init__(self, name: str, services: Services, proxy: Proxy) -> None:
        self._name = name
        self._services = services
        self._proxy = proxy
        #: When a clock was read, and by how much it was ahead of our monotonic one.
        self._clock: tuple[float, float] | None = None
        self._upload_asked_for = False

    def __repr__(self) -> str:
        return f"<ServiceRoad {self._name}>"

    @property
    def name(self) -> str:
        """See `Road`."""
        return self._name

    @property
    def expires_at(self) -> Utc | None:
        """See `Road`."""
        return self._proxy.expires_at

    async def clock(self) -> Utc:
        """See `Road`."""
        now = time.monotonic()
        if self._clock is None or now - self._clock[0] > CLOCK_GOOD_FOR:
            said = utc((await self._read(MONITORING, Envelope[Ping], "ping")).time)
            if said is None:
                raise BackendUnavailable(f"{MONITORING} does not know the time")
            now = time.monotonic()
            self._clock = now, said - now
        return Utc(now + self._clock[1])

    async def states(self, ids: Collection[int], /) -> Mapping[int, JobState]:
        """See `Road`."""
        found: dict[int, JobState] = {}
        # The services fail as a whole if an id is there twice.
        for some in _chunks(sorted(set(ids)), JOBS_PER_CALL):
            rows = await self._read(MONITORING, Envelope[dict[int, Row]], "getJobsSummary", some)
            if foreign := rows.keys() - set(some):
                raise BackendUnavailable(f"{MONITORING} told of jobs that were not asked for: {min(foreign)}")
            found.update((job, row.state(job)) for job, row in rows.items())
        return found

    async def changed(
        self, since: Utc, /, *, owner: str | None = None, ids: Collection[int] | None = None
    ) -> AsyncIterator[Sequence[JobState]]:
        """See `Road`."""
        where: dict[str, object] = {} if owner is None else {"Owner": owner}
        if ids is not None:
            where["JobID"] = sorted(ids)
        for some in _chunks(await self._select(where, as_text(since)), JOBS_PER_CALL):
            yield list((await self.states(some)).values())

    async def jobs(
        self, *, owner: str | None = None, group: str | None = None, names: Collection[str] | None = None
    ) -> Mapping[int, JobState]:
        """See `Road`."""
        given = {"Owner": owner, "JobGroup": group}
        where: dict[str, object] = {column: value for column, value in given.items() if value is not None}
        if names is None:
            return await self.states(await self._select(where))
        ids: list[int] = []
        for some in _chunks(sorted(set(names)), NAMES_PER_CALL):
            ids += await self._select({**where, "JobName": some})
        return await self._confirmed(await self.states(ids))

    async def counts(self, *, owner: str) -> Mapping[str, int] | None:  # noqa: ARG002 - as `Road` has it
        """None: version 9 has no method for it."""
        return None

    async def upload(self, archive: Path, /) -> str:
        """See `Road`."""
        content = await asyncio.to_thread(archive.read_bytes)
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
        return await self._services.upload(f"{digest}.tar.bz2", content)

    async def submit(self, descriptions: Sequence[str], /) -> Sequence[int]:
        """See `Road`; one description, which may be parametric."""
        (description,) = descriptions
        answer = await self._services.envelope(MANAGER, Envelope[Submitted], "submitJob", description, safe=False)
        found = answer.opened(MANAGER)
        if answer.requireProxyUpload:
            self._ask_for_upload()
        if isinstance(found, int):
            return [found]
        await self._act("confirmBulkSubmission", found)
        return found

    async def kill(self, ids: Collection[int], /) -> None:
        """See `Road`; what ended in the meantime is no error."""
        await self._end("killJob", ids)

    async def reschedule(self, ids: Collection[int], /) -> None:
        """See `Road`."""
        await self._act("rescheduleJob", ids)

    async def delete(self, ids: Collection[int], /) -> None:
        """See `Road`; what was deleted already is no error."""
        await self._end("deleteJob", ids)

    async def history(self, ids: Collection[int], /) -> Mapping[int, Sequence[Step]]:
        """See `Road`; one call for each job, for the services have no other."""
        asked = sorted(set(ids))
        places = asyncio.Semaphore(HISTORIES_AT_ONCE)

        async def lines(job: int) -> Sequence[Step]:
            async with places:
                return await self._lines(job)

        told = await _together(map(lines, asked))
        return {job: steps for job, steps in zip(asked, told, strict=True) if steps}

    async def peek(self, job: int, /) -> str:
        """See `Road`."""
        parameters = await self._read(MONITORING, Envelope[dict[str, str]], "getJobParameter", job, _PEEKED)
        return parameters.get(_PEEKED, "")

    async def output(self, job: int, into: Path, /) -> bool:
        """See `Road`."""
        kind = Envelope[dict[str, list[str]]]
        assigned = await self._read(SANDBOXES, kind, "getSandboxesAssignedToEntity", f"Job:{job}")
        for number, address in enumerate(assigned.get("Output", [])):
            _store, _, path = address.partition("|")
            # The name is the server's word: of it, only the kind of archive is used.
            await self._services.download(f"/{SANDBOXES}{path}", into / f"output-{number}.{_suffix(path)}")
        return bool(assigned.get("Output"))

    async def whoami(self) -> Identity:
        """See `Road`."""
        credentials = await self._proxy.current()
        found = await self._read(MONITORING, Envelope[Whoami], "whoami")
        if found.username in {"", "anonymous"}:
            advice = "register it, or use the proxy of a certificate that is registered"
            place = await self._services.place(MONITORING)
            raise CredentialsExpired(f"{place} does not know {credentials.chain.identity}: {advice}")
        return Identity(
            owner=found.username,
            group=found.group,
            organisation=found.organisation or credentials.chain.organisation,
            expires_at=credentials.chain.valid_until,
        )

    async def close(self) -> None:
        """See `Road`."""
        await self._services.close()

    def _ask_for_upload(self) -> None:
        if not self._upload_asked_for:
            _log.warning("DIRAC has no proxy of yours to run your jobs with: upload one with `dirac-proxy-init -U`")
            self._upload_asked_for = True

    async def _read(self, service: str, kind: type[Envelope[T]], method: str, *arguments: object) -> T:
        """A question to which there is always an answer: what a service refuses to tell was not told."""
        try:
            answer = await self._services.envelope(service, kind, method, *arguments, safe=True)
            return answer.opened(service)
        except BackendUnavailable:
            # A server that comes back may have had its clock set.
            self._clock = None
            raise
        except Refused as error:
            raise BackendUnavailable(f"{error}; asking again later") from error

    async def _select(self, where: Mapping[str, object], since: str | None = None) -> list[int]:
        ids = await self._read(MONITORING, Envelope[list[int]], "getJobs", where, since)
        return sorted(set(ids))

    async def _act(self, method: str, ids: Collection[int]) -> None:
        for some in _chunks(sorted(set(ids)), JOBS_PER_CALL):
            answer = await self._services.envelope(MANAGER, Envelope[object], method, some, safe=False)
            answer.opened(f"{MANAGER} {method}")

    async def _end(self, method: str, ids: Collection[int]) -> None:
        """The services do what they can, and complain if one of the jobs has ended already."""
        try:
            await self._act(method, ids)
        except Refused:
            states = await self.states(ids)
            if not all(status_of(state).final for state in states.values()):
                raise

    async def _confirmed(self, states: Mapping[int, JobState]) -> Mapping[int, JobState]:
        """Jobs whose submission broke off before its last call would wait for that for ever: make it now."""
        waiting = [job for job, state in states.items() if (state.status, state.minor_status) == _UNCONFIRMED]
        if not waiting:
            return states
        await self._act("confirmBulkSubmission", waiting)
        return {**states, **await self.states(waiting)}

    async def _lines(self, job: int) -> Sequence[Step]:
        kind = Envelope[list[Line]]
        answer = await self._services.envelope(MONITORING, kind, "getJobLoggingInfo", job, safe=True)
        if not answer.OK and answer.Message.startswith("No Logging information"):
            return []
        return [line.step() for line in answer.opened(MONITORING)]


def _chunks(values: Sequence[T], size: int) -> Iterable[list[T]]:
    return (list(values[start : start + size]) for start in range(0, len(values), size))


async def _together(work: Iterable[Coroutine[None, None, T]]) -> list[T]:
    """All of it at once; the first failure ends the rest and is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one) for one in work]
    except* BackendError as failures:
        first = failures
    else:
        return [task.result() for task in tasks]
    raise first.exceptions[0]


def _suffix(path: str) -> str:
    return next((kind for kind in ("tar.bz2", "tar.zst", "tar.gz") if path.endswith(kind)), "tar")
