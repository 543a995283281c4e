"""The conversation with the spooler: it is started when it is needed, and again when it has gone."""

import asyncio
import logging
import os
import subprocess
import sys
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from msgspec.json import Decoder

import ganga
from ganga.backends.local import address, processes
from ganga.backends.local.limits import Limits
from ganga.backends.local.news import News
from ganga.backends.local.spool import Places
from ganga.errors import BackendUnavailable
from ganga.model.ids import NativeId
from ganga.model.observation import Observation

_log = logging.getLogger(__name__)

#: What the spooler runs; isolated and without site packages it starts in a moment.
_PROGRAM: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from ganga.backends.local import spooling; spooling.main(sys.argv[2:])"
)

#: Seconds for a spooler to start and to read what is there.
_PATIENCE: Final = 30.0
_LONGEST_PAUSE: Final = 5.0
_LONGEST_LINE: Final = 1 << 20
_said: Final = Decoder(Observation)

#: Tags in one line.
_TAGS: Final = 200


class _Streams(NamedTuple):
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class Connection:
    """Open as an async context manager. News go to `news`; after a gap, all jobs that are there are news."""

    def __init__(self, places: Places, limits: Limits, news: News) -> None:
        self._places = places
        self._limits = limits
        self._news = news
        self._writer: asyncio.StreamWriter | None = None
        #: What is to be said as soon as there is somebody to say it to.
        self._untold: list[bytes] = []
        self._trouble: BackendUnavailable | None = None
        self._settled = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        reader = self._met(await self._reach())
        self._task = asyncio.create_task(self._run(reader), name=f"spooler of {self._places.folder}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self._hang_up()

    async def ready(self) -> None:
        """Wait while the spooler is being started again. Raises `BackendUnavailable` if that does not work."""
        await self._settled.wait()
        if self._trouble is not None:
            raise self._trouble

    def tell(self, verb: str, tags: Collection[str]) -> None:
        """Tell the spooler about these jobs, or the next one, which may have read the files just before they
        changed.
        """
        for part in _parts(list(tags), _TAGS):
            self._untold.append(f"{verb} {' '.join(part)}\n".encode())
        self._tell_all()

    def _tell_all(self) -> None:
        if self._writer is not None:
            self._writer.writelines(self._untold)
            self._untold.clear()

    async def _run(self, reader: asyncio.StreamReader) -> None:
        while True:
            await self._listen(reader)
            self._hang_up()
            _log.warning("the spooler of %s has gone; it is started again", self._places.folder)
            reader = self._met(await self._reach_again())
            everything = await asyncio.to_thread(os.listdir, self._places.jobs)
            self._news.add({NativeId(tag): None for tag in everything if not tag.startswith(".")})

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                self._news.add(dict([_news(line)]))
        except OSError as error:
            _log.info("the spooler of %s does not answer: %s", self._places.folder, error)

    def _met(self, streams: _Streams) -> asyncio.StreamReader:
        self._writer, self._trouble = streams.writer, None
        self._settled.set()
        self._tell_all()
        return streams.reader

    def _hang_up(self) -> None:
        self._settled.clear()
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    async def _reach_again(self) -> _Streams:
        pause = 0.1
        while True:
            try:
                return await self._reach()
            except BackendUnavailable as error:
                self._trouble = error
                self._settled.set()
                self._news.wake()
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _reach(self) -> _Streams:
        """Meet the spooler, and start it if there is none. Raises `BackendUnavailable`."""
        pause = 0.01
        try:
            async with asyncio.timeout(_PATIENCE):
                while (streams := await self._meet()) is None:
                    await asyncio.to_thread(_start, self._places.folder, self._limits)
                    if (streams := await self._meet()) is not None:
                        break
                    await asyncio.sleep(pause)
                    pause *= 2
        except TimeoutError as error:
            raise BackendUnavailable(self._unreachable()) from error
        return streams

    async def _meet(self) -> _Streams | None:
        """Connect with the spooler that is there; one of another version is asked to make room."""
        there = address.look_up(self._places.folder)
        if there is None:
            return None
        try:
            streams = _Streams(*await asyncio.open_unix_connection(there.socket, limit=_LONGEST_LINE))
        except OSError:
            return None
        welcome = False
        try:
            streams.writer.write(f"hello {' '.join(self._limits.words())}\n".encode())
            answer = (await streams.reader.readline()).split()
            welcome = answer == [b"welcome", address.VERSION.encode()]
            if not welcome:
                streams.writer.write(b"retire\n")
        except OSError as error:
            _log.info("the spooler of %s hung up: %s", self._places.folder, error)
        finally:
            if not welcome:
                streams.writer.close()
        return streams if welcome else None

    def _unreachable(self) -> str:
        there = address.look_up(self._places.folder)
        if there is not None and there.host != processes.machine()[0]:
            return (
                f"the jobs in {self._places.folder} are run by process {there.pid} on {there.host}; "
                "ask there, or end it"
            )
        return f"the spooler of {self._places.folder} does not answer; its log is {self._places.folder}/{address.LOG}"


def _start(folder: str, limits: Limits) -> None:
    """Start the spooler, unless there is one; returns when it is there. Raises `BackendUnavailable`."""
    root = Path(ganga.__file__).parent.parent
    command = [sys.executable, "-I", "-S", "-c", _PROGRAM, str(root), folder, *limits.words()]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
            timeout=_PATIENCE,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BackendUnavailable(f"the spooler of local jobs cannot be started: {error}") from error
    if done.stderr:
        raise BackendUnavailable(f"the spooler of local jobs cannot be started: {done.stderr.decode(errors='replace')}")


def _news(line: bytes) -> tuple[NativeId, Observation | None]:
    """``news TAG OBSERVATION``, or without the last word if the record says it."""
    _, tag, said = line.rstrip(b"\n").split(b" ", 2)
    return NativeId(tag.decode()), _said.decode(said) if said else None


def _parts(items: list[str], size: int) -> Iterable[list[str]]:
    return (items[start : start + size] for start in range(0, len(items), size))
