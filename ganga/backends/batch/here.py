"""The shell of this machine."""

import asyncio
import os
import shutil
import signal
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Final, TypeVar

from ganga.backends.batch.shell import Command, Kind, Reply
from ganga.backends.pool import ThreadPool
from ganga.errors import BackendUnavailable

_T = TypeVar("_T")

#: Bytes of a reply: the queue of a million jobs fits in.
LARGEST_REPLY: Final = 1 << 28
#: Seconds that copies of files may take: those of large ones take long.
_COPIED_WITHIN: Final = 3600.0
#: Calls for files that may hang at once before others fail without being tried.
MOST_STUCK: Final = 16
_PRIVATE_FILE: Final = 0o600
_PRIVATE_FOLDER: Final = 0o700


class HereShell:
    """A `Shell` without a way to go."""

    def __init__(self, within: float, *, largest_reply: int = LARGEST_REPLY) -> None:
        #: Seconds that a command may take.
        self._within = within
        self._largest = largest_reply
        #: Each with a call that hangs.
        self._hanging: list[ThreadPool] = []

    @property
    def shares_files(self) -> bool:
        """It is this machine."""
        return True

    async def run(self, command: Command, /) -> Reply:
        """See `Shell.run`."""
        loop = asyncio.get_running_loop()
        try:
            transport, talk = await loop.subprocess_exec(
                lambda: _Talk(loop.create_future(), self._largest), *command.argv, start_new_session=True
            )
        except (OSError, ValueError) as error:
            raise BackendUnavailable(f"{command.name} cannot be run: {error}; is it installed, and in PATH?") from error
        try:
            async with asyncio.timeout(self._within):
                await talk.converse(transport, command.stdin)
        except TimeoutError as error:
            raise BackendUnavailable(f"{command.name} has not answered within {self._within:g} seconds") from error
        finally:
            await talk.end(transport)
        if talk.too_long:
            raise BackendUnavailable(f"{command.name} has said more than {self._largest:,} bytes")
        return Reply(command, transport.get_returncode() or 0, bytes(talk.said[1]), bytes(talk.said[2]))

    async def home(self) -> PurePosixPath:
        """See `Shell.home`."""
        return PurePosixPath(Path.home())

    async def write(self, files: Mapping[PurePosixPath, bytes], /) -> None:
        """See `Shell.write`."""
        await self._in_thread("write", self._within, _write, files)

    async def send(self, files: Mapping[PurePosixPath, Path], /) -> None:
        """See `Shell.send`."""
        await self._in_thread("send", _COPIED_WITHIN, _send, files)

    async def read(self, path: PurePosixPath, offset: int, size: int, /) -> bytes | None:
        """See `Shell.read`."""
        return await self._in_thread("read", self._within, _read, Path(path), offset, size)

    async def size(self, path: PurePosixPath, /) -> int | None:
        """See `Shell.size`."""
        return await self._in_thread("size", self._within, _size, Path(path))

    async def scan(self, folder: PurePosixPath, /) -> Mapping[str, Kind] | None:
        """See `Shell.scan`."""
        return await self._in_thread("scan", self._within, _scan, Path(folder))

    async def resolve(self, path: PurePosixPath, /) -> PurePosixPath:
        """See `Shell.resolve`."""
        return PurePosixPath(await self._in_thread("resolve", self._within, Path(path).resolve))

    async def bring(self, files: Mapping[Path, PurePosixPath], /) -> None:
        """See `Shell.bring`."""
        await self._in_thread("bring", _COPIED_WITHIN, _bring, files)

    async def _in_thread(self, verb: str, within: float, function: Callable[..., _T], /, *arguments: object) -> _T:
        """In one of its own: files whose server is away hang for ever, and are to hold up nobody else."""
        self._hanging = [pool for pool in self._hanging if pool.stuck_threads]
        if len(self._hanging) >= MOST_STUCK:
            raise BackendUnavailable(
                f"{len(self._hanging)} calls for the files of batch jobs hang; is their server away?"
            )
        pool = ThreadPool("the files of batch jobs", timeout=within)
        try:
            return await pool.call(verb, function, *arguments)
        except (OSError, shutil.Error) as error:
            raise BackendUnavailable(f"the files of batch jobs cannot be read or written: {error}") from error
        finally:
            pool.close()
            if pool.stuck_threads:
                self._hanging.append(pool)


class _Talk(asyncio.SubprocessProtocol):
    """All that a program says, up to a limit. It is over when the program has ended and nobody can say any more."""

    def __init__(self, over: asyncio.Future[None], largest: int) -> None:
        self._over = over
        self._largest = largest
        self._group = 0
        #: By the number of the stream.
        self.said = {1: bytearray(), 2: bytearray()}
        self.too_long = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It has begun."""
        if isinstance(transport, asyncio.SubprocessTransport):
            self._group = transport.get_pid()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """One who says too much is cut short."""
        if len(self.said[fd]) + len(data) <= self._largest:
            self.said[fd] += data
        elif not self.too_long:
            self.too_long = True
            self._kill()

    def connection_lost(self, _error: Exception | None) -> None:
        """It is over."""
        if not self._over.done():
            self._over.set_result(None)

    async def converse(self, transport: asyncio.SubprocessTransport, stdin: bytes) -> None:
        """Say it, and hear all."""
        pipe = transport.get_pipe_transport(0)
        if isinstance(pipe, asyncio.WriteTransport):
            pipe.write(stdin)
            pipe.close()
        await asyncio.shield(self._over)

    async def end(self, transport: asyncio.SubprocessTransport) -> None:
        """End what is left of the group, and wait for it."""
        self._kill()
        transport.close()
        await asyncio.shield(self._over)

    def _kill(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._group, signal.SIGKILL)


def _make(folder: Path) -> None:
    if not folder.is_dir():
        _make(folder.parent)
        folder.mkdir(_PRIVATE_FOLDER, exist_ok=True)


def _write(files: Mapping[PurePosixPath, bytes]) -> None:
    for name, content in files.items():
        path = Path(name)
        _make(path.parent)
        prepared = path.with_name(f".{path.name}.{os.getpid()}")
        with open(prepared, "wb", opener=lambda name, flags: os.open(name, flags, _PRIVATE_FILE)) as file:
            file.write(content)
        prepared.rename(path)


def _send(files: Mapping[PurePosixPath, Path]) -> None:
    for name, source in files.items():
        _make(Path(name).parent)
        if source.is_dir():
            shutil.copytree(source, name, symlinks=True, dirs_exist_ok=True)
        else:
            shutil.copy2(source, name)


def _read(path: Path, offset: int, size: int) -> bytes | None:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(size)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return None


def _scan(folder: Path) -> Mapping[str, Kind] | None:
    try:
        with os.scandir(folder) as entries:
            return {entry.name: _kind(entry) for entry in entries}
    except (FileNotFoundError, NotADirectoryError):
        return None


def _kind(entry: os.DirEntry[str]) -> Kind:
    mode = entry.stat(follow_symlinks=False).st_mode
    for test, kind in ((stat.S_ISREG, Kind.FILE), (stat.S_ISDIR, Kind.FOLDER), (stat.S_ISLNK, Kind.LINK)):
        if test(mode):
            return kind
    return Kind.OTHER


def _bring(files: Mapping[Path, PurePosixPath]) -> None:
    for target, source in files.items():
        shutil.copy2(source, target)
