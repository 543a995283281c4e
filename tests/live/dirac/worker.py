"""The rest of DIRAC for the tests: what matches waiting jobs, runs them as DIRAC's wrapper does, and tells of it."""

import asyncio
import io
import os
import signal
import sqlite3
import tarfile
import zlib
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

import aiohttp

from ganga.backends.dirac.diracx_records import Download
from ganga.backends.dirac.diracx_road import DiracX
from ganga.errors import BackendUnavailable
from tests.live.diracx_server.running import DiracXServer

T = TypeVar("T")

#: Seconds between two looks into the database.
LOOK = 0.05
#: Seconds between the tries of one step where the server fails for a moment.
_PAUSES = (0.5, 1, 2, 4, 8)


class Worker:
    """Runs what its server has received, in folders below this one."""

    #: Jobs that run at once.
    slots = 8

    def __init__(self, road: DiracX, server: DiracXServer, folder: Path, *, owner: str = "%") -> None:
        """`owner` is whose jobs it runs: those whose owners' names are like this, for SQL."""
        self._owner = owner
        self._road = road
        self._server = server
        self._folder = folder
        self._slots = asyncio.Semaphore(self.slots)
        self._running: dict[int, asyncio.subprocess.Process] = {}
        #: Each job with the number of its last run.
        self._taken: dict[int, int] = {}
        #: Those that were told to end: as of a pilot, nothing more is heard of them.
        self._told_to_end: set[int] = set()

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Run jobs as long as the block lasts; what still runs then is killed.

        It belongs into the test itself, not into a fixture: what goes wrong here for good ends the block at once.
        """
        async with asyncio.TaskGroup() as tasks:
            matching = tasks.create_task(self._match(tasks))
            try:
                yield
            finally:
                matching.cancel()
                self._kill(set(self._running))

    async def _match(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            jobs = await asyncio.to_thread(self._look)
            self._told_to_end = {job for job, status, _, _ in jobs if status == "Killed"}
            self._kill(self._told_to_end)
            for job, status, restart, jdl in jobs:
                if status == "Received" and self._taken.get(job, -1) < restart:
                    self._kill({job})
                    self._taken[job] = restart
                    attributes = _attributes(jdl)
                    # What other tests have left here has no output, and is not for us.
                    if "StdOutput" in attributes:
                        tasks.create_task(self._run(job, restart, attributes))
            await asyncio.sleep(LOOK)

    def _look(self) -> list[tuple[int, str, int, str]]:
        question = (
            "SELECT JobID, Status, RescheduleCounter, JDL FROM Jobs JOIN JobJDLs USING (JobID)"
            # A job cannot be reported on before its first record is there, which is written last.
            " WHERE Status IN ('Received', 'Killed') AND JobID IN (SELECT JobID FROM logging.LoggingInfo)"
            " AND Owner LIKE ?"
        )
        with closing(sqlite3.connect(self._server.data / "jobdb.db", timeout=30)) as database:
            database.execute("ATTACH DATABASE ? AS logging", (str(self._server.data / "jobloggingdb.db"),))
            return database.execute(question, (self._owner,)).fetchall()

    def _kill(self, jobs: set[int]) -> None:
        for job in jobs & self._running.keys():
            with suppress(ProcessLookupError):
                os.killpg(self._running[job].pid, signal.SIGKILL)

    async def _run(self, job: int, restart: int, jdl: dict[str, str]) -> None:
        async with self._slots:
            folder = self._folder / f"{job}-{restart}"
            folder.mkdir(exist_ok=True)
            await self.report(job, ("Waiting", ""), ("Matched", "Assigned"), ("Running", "Job Initialization"))
            await self._bring_inputs(jdl, folder)
            await self.report(job, ("Running", "Application"))
            code = await self._execute(job, jdl, folder)
            if self._taken[job] != restart or job in self._told_to_end:
                return
            bad = "Application Finished With Errors"
            await self.report(job, ("Completing", "Uploading Output Sandbox" if code == 0 else bad))
            await self._send_outputs(job, jdl, folder)
            if code == 0:
                await self.report(job, ("Done", "Execution Complete"))
            else:
                await self.report(job, ("Failed", bad), application=f"'sh' Exited With Status {code}")

    async def report(self, job: int, *words: tuple[str, str], application: str = "") -> None:
        """Tell of one status after another, milliseconds apart: DIRAC puts histories in order by no less."""
        now = datetime.now(UTC)
        said = {"Source": "JobWrapper"} | ({"ApplicationStatus": application} if application else {})
        news = {
            (now + timedelta(milliseconds=number)).isoformat(): {**said, "Status": status, "MinorStatus": minor}
            for number, (status, minor) in enumerate(words)
        }
        # It is written down as a whole or not at all.
        await patiently(lambda: self._road._session.write("PATCH", "/api/jobs/status", {job: news}))

    async def _execute(self, job: int, jdl: dict[str, str], folder: Path) -> int:
        with (folder / jdl["StdOutput"]).open("wb") as out, (folder / jdl["StdError"]).open("wb") as err:
            process = await asyncio.create_subprocess_shell(
                f"{jdl['Executable']} {jdl['Arguments']}", cwd=folder, stdout=out, stderr=err, start_new_session=True
            )
            self._running[job] = process
            code = await process.wait()
            if self._running.get(job) is process:
                del self._running[job]
        return code

    async def _bring_inputs(self, jdl: dict[str, str], folder: Path) -> None:
        for name in _list(jdl.get("InputSandbox", "")):
            content = await patiently(partial(self._input, name))
            await asyncio.to_thread(_unpack, content, folder)

    async def _input(self, name: str) -> bytes:
        reply = await self._road._session.read("GET", f"/api/jobs/sandbox?pfn={name}")
        async with aiohttp.ClientSession() as store, store.get(reply.read(Download, "DiracX").url) as archive:
            return await archive.read()

    async def _send_outputs(self, job: int, jdl: dict[str, str], folder: Path) -> None:
        archive = folder.with_suffix(".tar.bz2")
        await asyncio.to_thread(_pack, archive, folder, _list(jdl["OutputSandbox"]))
        name = await patiently(lambda: self._road.upload(archive))
        await patiently(lambda: self._road._session.write("PATCH", f"/api/jobs/{job}/sandbox/output", name))


async def patiently(step: Callable[[], Awaitable[T]], failure: type[BackendUnavailable] = BackendUnavailable) -> T:
    """What the step gives; it is tried again, as pilots do, while servers fail for a moment. It must do no harm twice
    when it has failed so.
    """
    for pause in _PAUSES:
        try:
            return await step()
        except failure:
            await asyncio.sleep(pause)
    return await step()


def _unpack(archive: bytes, folder: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(archive)) as reader:
        reader.extractall(folder, filter="data")


def _pack(archive: Path, folder: Path, patterns: list[str]) -> None:
    """By their names alone, as DIRAC does."""
    with tarfile.open(archive, "w:bz2") as writer:
        for path in sorted({path for pattern in patterns for path in folder.glob(pattern)}):
            writer.add(path, path.name)


def _attributes(text: str) -> dict[str, str]:
    """As DIRAC reads it: up to the next semicolon, without quotation marks."""
    jdl = text if text.lstrip().startswith("[") else zlib.decompress(b64decode(text)).decode()
    return dict(_pairs(jdl.strip().strip("[]")))


def _pairs(body: str) -> Iterator[tuple[str, str]]:
    for part in body.split(";"):
        name, equals, value = part.partition("=")
        if equals:
            yield name.strip(), value.strip().replace('"', "")


def _list(value: str) -> list[str]:
    return [word.strip() for word in value.strip("{} \n").split(",") if word.strip()]
