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
from ganga.errors import BackendUnavailable

_T = TypeVar("_T")

#: Bytes of a reply: the queue of a million jobs fits in.
LARGEST_REPLY: Final = 1 << 28
_PIECE: Final = 1 << 16
_PRIVATE_FILE: Final = 0o600
_PRIVATE_FOLDER: Final = 0o700


class HereShell:
    """A `Shell` without a way to go."""

    def __init__(self, within: float, *, largest_reply: int = LARGEST_REPLY) -> None:
        #: Seconds that a command may take.
        self._within = within
        self._largest = largest_reply

    @property
    def shares_files(self) -> bool:
        """It is this machine."""
        return True

    async def run(self, command: Command, /) -> Reply:
        """See `Shell.run`."""
        try:
            process = await asyncio.create_subprocess_exec(
                *command.argv,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise BackendUnavailable(f"{command.name} cannot be run: {error}; is it installed, and in PATH?") from error
        try:
            async with asyncio.timeout(self._within):
                stdout, stderr = await self._talk(process, command)
                return Reply(command, await process.wait(), stdout, stderr)
        except TimeoutError as error:
            raise BackendUnavailable(f"{command.name} has not answered within {self._within:g} seconds") from error
        finally:
            await _end(process)

    async def home(self) -> PurePosixPath:
        """See `Shell.home`."""
        return PurePosixPath(Path.home())

    async def write(self, files: Mapping[PurePosixPath, bytes], /) -> None:
        """See `Shell.write`."""
        await _in_thread(_write, files)

    async def send(self, files: Mapping[PurePosixPath, Path], /) -> None:
        """See `Shell.send`."""
        await _in_thread(_send, files)

    async def read(self, path: PurePosixPath, offset: int, size: int, /) -> bytes | None:
        """See `Shell.read`."""
        return await _in_thread(_read, Path(path), offset, size)

    async def scan(self, folder: PurePosixPath, /) -> Mapping[str, Kind] | None:
        """See `Shell.scan`."""
        return await _in_thread(_scan, Path(folder))

    async def resolve(self, path: PurePosixPath, /) -> PurePosixPath:
        """See `Shell.resolve`."""
        return PurePosixPath(await _in_thread(Path(path).resolve))

    async def bring(self, files: Mapping[Path, PurePosixPath], /) -> None:
        """See `Shell.bring`."""
        await _in_thread(_bring, files)

    async def _talk(self, process: asyncio.subprocess.Process, command: Command) -> tuple[bytes, bytes]:
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise AssertionError("the process was started with pipes")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_feed(process.stdin, command.stdin))
            stdout = tasks.create_task(self._drain(process.stdout))
            stderr = tasks.create_task(self._drain(process.stderr))
        for written in (stdout.result(), stderr.result()):
            if len(written) > self._largest:
                raise BackendUnavailable(f"{command.name} has said more than {self._largest:,} bytes")
        return stdout.result(), stderr.result()

    async def _drain(self, stream: asyncio.StreamReader) -> bytes:
        """All that comes, or a little more than the largest reply."""
        parts = bytearray()
        while len(parts) <= self._largest and (part := await stream.read(_PIECE)):
            parts += part
        return bytes(parts)


async def _feed(stream: asyncio.StreamWriter, content: bytes) -> None:
    """A program need not read what it is given."""
    with suppress(BrokenPipeError, ConnectionResetError):
        stream.write(content)
        await stream.drain()
    stream.close()
    with suppress(BrokenPipeError, ConnectionResetError):
        await stream.wait_closed()


async def _end(process: asyncio.subprocess.Process) -> None:
    """End what is left of its group, and wait for it, also while being cancelled."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    await asyncio.shield(asyncio.ensure_future(process.wait()))


async def _in_thread(function: Callable[..., _T], /, *arguments: object) -> _T:
    try:
        return await asyncio.to_thread(function, *arguments)
    except (OSError, shutil.Error) as error:
        raise BackendUnavailable(f"the files of batch jobs cannot be read or written: {error}") from error


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
