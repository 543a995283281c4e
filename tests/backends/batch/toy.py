"""A batch system made of a dictionary, with real files and, where a test wants that, real jobs."""

import asyncio
import json
import os
import signal
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import TypedDict

import msgspec

from ganga.backends.base import Submission
from ganga.backends.batch.backend import BatchBackend
from ganga.backends.batch.dialect import Entry, Inquiry, Listing, Order, Place, Variables
from ganga.backends.batch.here import HereShell
from ganga.backends.batch.shell import Command, Kind, Reply
from ganga.backends.batch.workplace import Workplace
from ganga.errors import BackendUnavailable, SubmissionRejected, UsageError
from ganga.model.ids import NativeId, Tag, job_id
from ganga.model.job import JobSpec
from ganga.model.observation import Observation
from ganga.model.resources import Resources, beyond
from ganga.model.status import JobStatus


class Row(TypedDict):
    name: str
    #: Empty where it does not say how the job is.
    status: str
    code: int | None
    restart: int


class ToyDialect:
    """Its replies are JSON objects, a row for each id."""

    name = "Toy"
    variables = Variables(index="${TOY_TASK:-0}", restart="${TOY_RESTART:-}", job="$TOY_JOB", prefixes=("TOY_",))
    largest_array = 100
    counts_vain_starts = False

    def refusal(self, wish: Resources, /) -> str | None:
        return beyond(wish, "Toy", {"queue"})

    def submit(self, order: Order, /) -> Command:
        return Command(("toysub", order.name, str(order.tasks or "")), order.script)

    def submitted(self, reply: Reply, /) -> str:
        if reply.exit_code == 1:
            raise SubmissionRejected(reply.complaint)
        if reply.exit_code != 0:
            raise reply.unavailable()
        return reply.text.strip()

    def native_id(self, job: str, index: int | None, /) -> NativeId:
        return NativeId(job if index is None else f"{job}_{index}")

    def place(self, native_id: NativeId, /) -> Place | None:
        job, _, task = native_id.partition("_")
        return Place(job, int(task or 0)) if job.isdigit() else None

    def queue(self) -> Command:
        return Command(("toyq",))

    def queue_of(self, ids: Collection[NativeId], /) -> Sequence[Command]:
        return [Command(("toyq", *ids))] if ids else []

    def read_queue(self, reply: Reply, /) -> Listing:
        if reply.exit_code != 0:
            raise reply.unavailable()
        rows: dict[str, Row] = json.loads(reply.text)
        counts = self.counts_vain_starts
        return {
            NativeId(native_id): Entry(row["name"], _seen(row), counts_vain_starts=counts and row["restart"] > 0)
            for native_id, row in rows.items()
        }

    def history_of(self, ids: Collection[NativeId], /) -> Sequence[Command]:
        return [Command(("toyhist", *ids))]

    def read_history(self, reply: Reply, /) -> Listing | None:
        return None if reply.text == "none" else self.read_queue(reply)

    def kill(self, ids: Collection[NativeId], /) -> Sequence[Command]:
        return [Command(("toydel", *ids))] if ids else []

    def killed(self, reply: Reply, /) -> None:
        if reply.exit_code != 0:
            raise reply.unavailable()

    def inquiry(self, reference: str, /) -> Inquiry:
        if not reference.isdigit():
            raise UsageError(f"{reference} is no job")
        return Inquiry(Command(("toyq", reference)), Command(("toyhist", reference)))


def _seen(row: Row) -> Observation | None:
    if not row["status"]:
        return None
    return Observation(
        status=JobStatus(row["status"]), native_status=row["status"], exit_code=row["code"], restart=row["restart"]
    )


class ToySystem:
    """A `Shell` of which the words ``toy...`` are answered here. `calls` keeps them, `faults` what the next of each
    kind raise.
    """

    shares_files = True

    def __init__(self, *, runs: bool = False) -> None:
        self.here = HereShell(within=60.0)
        self.runs = runs
        self.queue: dict[str, Row] = {}
        self.past: dict[str, Row] = {}
        self.keeps_history = True
        self.refuses = ""
        self.calls: list[tuple[str, ...]] = []
        self.faults: dict[str, deque[Exception | None]] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._processes: dict[str, asyncio.subprocess.Process] = {}

    async def run(self, command: Command, /) -> Reply:
        word = command.argv[0]
        if not word.startswith("toy"):
            return await self.here.run(command)
        self.calls.append(command.argv)
        fault = self.faults[word].popleft() if self.faults.get(word) else None
        if fault is not None:
            raise fault
        return Reply(command, *self._answer(word, command.argv[1:], command.stdin))

    async def home(self) -> PurePosixPath:
        return await self.here.home()

    async def write(self, files: Mapping[PurePosixPath, bytes], /) -> None:
        await self.here.write(files)

    async def send(self, files: Mapping[PurePosixPath, Path], /) -> None:
        await self.here.send(files)

    async def read(self, path: PurePosixPath, offset: int, size: int, /) -> bytes | None:
        return await self.here.read(path, offset, size)

    async def size(self, path: PurePosixPath, /) -> int | None:
        return await self.here.size(path)

    async def scan(self, folder: PurePosixPath, /) -> Mapping[str, Kind] | None:
        return await self.here.scan(folder)

    async def resolve(self, path: PurePosixPath, /) -> PurePosixPath:
        return await self.here.resolve(path)

    async def bring(self, files: Mapping[Path, PurePosixPath], /) -> None:
        await self.here.bring(files)

    def fails(self, word: str, *faults: Exception | None) -> None:
        self.faults[word] = deque(faults)

    def becomes(self, native_id: str, status: JobStatus, *, code: int | None = None, restart: int = 0) -> None:
        self.queue[native_id] = Row(name=self.queue[native_id]["name"], status=status, code=code, restart=restart)

    def falls_silent(self, native_id: str) -> None:
        """It has the job, and does not say any more how it is."""
        self.queue[native_id]["status"] = ""

    def forget(self, native_id: str) -> None:
        """As a system does some time after the end."""
        self.past[native_id] = self.queue.pop(native_id)

    async def close(self) -> None:
        for native_id in list(self._processes):
            self._kill(native_id)
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    def _answer(self, word: str, arguments: tuple[str, ...], stdin: bytes) -> tuple[int, bytes, bytes]:
        if word == "toysub":
            return self._submit(arguments[0], arguments[1], stdin)
        if word == "toydel":
            for native_id in arguments:
                self._kill(native_id)
            return 0, b"", b""
        if word == "toyhist" and not self.keeps_history:
            return 0, b"none", b""
        table = self.past if word == "toyhist" else self.queue
        wanted = {key: row for key, row in table.items() if not arguments or key.partition("_")[0] in arguments}
        exact = {key: table[key] for key in arguments if key in table}
        return 0, json.dumps(wanted | exact).encode(), b""

    def _submit(self, name: str, tasks: str, script: bytes) -> tuple[int, bytes, bytes]:
        if self.refuses:
            return 1, b"", self.refuses.encode()
        job = str(100 + len({key.partition("_")[0] for key in (*self.queue, *self.past)}))
        for key in [f"{job}_{task}" for task in range(int(tasks))] if tasks else [job]:
            self.queue[key] = Row(name=name, status=JobStatus.SUBMITTED, code=None, restart=0)
            if self.runs:
                self._running[key] = asyncio.get_running_loop().create_task(self.start(key, script.decode()))
        return 0, f"{job}\n".encode(), b""

    async def start(self, native_id: str, script: str) -> None:
        """Run a job to its end."""
        job, _, task = native_id.partition("_")
        environment = {**os.environ, "TOY_JOB": job, "TOY_TASK": task or "0"}
        process = await asyncio.create_subprocess_exec(
            "/bin/sh", "-c", script, env=environment, start_new_session=True, stderr=asyncio.subprocess.DEVNULL
        )
        self._processes[native_id] = process
        self.becomes(native_id, JobStatus.RUNNING)
        code = await process.wait()
        del self._processes[native_id]
        if self.queue[native_id]["status"] != JobStatus.KILLED:
            self.becomes(native_id, JobStatus.FAILED if code else JobStatus.COMPLETED, code=code if code >= 0 else None)

    def _kill(self, native_id: str) -> None:
        row = self.queue.get(native_id)
        if row is None or JobStatus(row["status"]).final:
            return
        row["status"] = JobStatus.KILLED
        if native_id in self._processes:
            with suppress(ProcessLookupError):
                os.killpg(self._processes[native_id].pid, signal.SIGKILL)


@asynccontextmanager
async def toy_system(*, runs: bool = False) -> AsyncIterator[ToySystem]:
    system = ToySystem(runs=runs)
    try:
        yield system
    finally:
        await system.close()


class Clock:
    """Read by calling it."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def place_in(system: ToySystem, folder: Path) -> Workplace:
    return Workplace(system, PurePosixPath(folder), ToyDialect.variables)


def backend_on(
    system: ToySystem, folder: Path, now: Callable[[], float] = lambda: 0.0, *, delay: float = 60.0
) -> BatchBackend:
    place = place_in(system, folder)
    return BatchBackend(ToyDialect(), system, place, largest_array=50, commit_delay=delay, now=now)


def submission(number: int = 1, index: int | None = None, **wishes: object) -> Submission:
    """A job, or a subjob, with these fields of its specification."""
    tag = Tag(f"ganga-c0ffee00-{job_id(number, index)}-1")
    spec = msgspec.convert({"command": ["true"], **wishes}, JobSpec)
    return Submission(job_id(number, index), tag, spec)


def down() -> BackendUnavailable:
    return BackendUnavailable("the system does not answer")
