"""Files of another machine, by SFTP."""

import asyncio
import os
import stat
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from pathlib import Path, PurePosixPath
from secrets import token_hex
from typing import IO, Final

import asyncssh

from ganga.backends.batch.shell import Kind
from ganga.backends.batch.ssh.link import Link
from ganga.backends.batch.ssh.sessions import Sessions
from ganga.errors import BackendUnavailable

_PRIVATE_FILE: Final = 0o600
_PRIVATE_FOLDER: Final = 0o700
#: Bytes that are moved in one go: many requests are under way for them at once.
_PIECE: Final = 1 << 20
#: Names in one folder.
_MOST: Final = 1_000_000


async def open_files(link: Link, within: float) -> tuple[Sessions, "Files"]:
    """A session for files. Raises `BackendUnavailable`."""
    host = link.host.name
    try:
        sessions, client = await link.open(
            lambda connection: connection.start_sftp_client(path_errors="surrogateescape"), _discard, within
        )
    except asyncssh.ChannelOpenError as error:
        raise BackendUnavailable(
            f"{host} moves no files: its sshd has no SFTP; ask for the line `Subsystem sftp internal-sftp` ({error})"
        ) from error
    except asyncssh.SFTPError as error:
        raise BackendUnavailable(
            f"{host} moves no files: what answers is not SFTP ({error}); see that start-up files such as ~/.bashrc"
            " print nothing where there is no terminal"
        ) from error
    return sessions, Files(host, client)


class Files:
    """What can be done with files in one session. Whoever watches the time is told of each step by `progress`."""

    def __init__(self, host: str, client: asyncssh.SFTPClient) -> None:
        self._host = host
        self._client = client
        self.progress: Callable[[], None] = _nothing

    async def close(self) -> None:
        """End the session."""
        self._client.exit()
        await self._client.wait_closed()

    async def write(self, files: Mapping[PurePosixPath, bytes]) -> None:
        """See `Shell.write`."""
        for path, content in files.items():
            with self._trouble(path):
                await self._make(path.parent)
                prepared = str(path.with_name(f".{path.name}.{token_hex(4)}"))
                async with self._created(prepared, _PRIVATE_FILE) as file:
                    await file.write(content)
                await self._client.posix_rename(prepared, str(path))
            self.progress()

    async def send(self, files: Mapping[PurePosixPath, Path]) -> None:
        """See `Shell.send`."""
        for path, source in files.items():
            with self._trouble(path):
                await self._make(path.parent)
                if await asyncio.to_thread(source.is_dir):
                    await self._send_tree(source, path)
                else:
                    await self._send_file(source, path)

    async def read(self, path: PurePosixPath, offset: int, size: int) -> bytes | None:
        """See `Shell.read`."""
        with self._trouble(path):
            try:
                async with self._client.open(str(path), "rb", encoding=None) as file:
                    return _bytes(await file.read(size, offset))
            except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
                return None

    async def size(self, path: PurePosixPath) -> int | None:
        """See `Shell.size`."""
        with self._trouble(path):
            try:
                return (await self._client.stat(str(path))).size or 0
            except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
                return None

    async def scan(self, folder: PurePosixPath) -> Mapping[str, Kind] | None:
        """See `Shell.scan`."""
        with self._trouble(folder):
            try:
                return {str(name.filename): _kind(name.attrs) async for name in self._listed(folder)}
            except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath, asyncssh.SFTPNotADirectory):
                return None

    async def _listed(self, folder: PurePosixPath) -> AsyncGenerator["asyncssh.SFTPName", None]:
        """Who answers there may never end."""
        left = _MOST
        async for name in self._client.scandir(str(folder)):
            left -= 1
            if left < 0:
                raise BackendUnavailable(f"{folder} on {self._host} has more than {_MOST:,} files; pack or remove some")
            if name.filename not in {".", ".."}:
                yield name

    async def resolve(self, path: PurePosixPath) -> PurePosixPath:
        """See `Shell.resolve`. A link to nothing remains as it is."""
        with self._trouble(path):
            try:
                return PurePosixPath(str(await self._client.realpath(str(path))))
            except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
                return path

    async def bring(self, files: Mapping[Path, PurePosixPath], largest: int) -> None:
        """See `Shell.bring`. Nothing is brought of more bytes than this, and no more of what grows to be more."""
        sizes = 0
        for source in files.values():
            with self._trouble(source):
                sizes += (await self._client.stat(str(source))).size or 0
            self.progress()
        if sizes > largest:
            raise self._too_much(largest)
        moved = 0
        for target, source in files.items():
            with self._trouble(source):
                async with aclosing(self._bring_file(source, target)) as pieces:
                    async for size in pieces:
                        moved += size
                        if moved > largest:
                            raise self._too_much(largest)
                        self.progress()

    async def _bring_file(self, source: PurePosixPath, target: Path) -> AsyncGenerator[int, None]:
        """Tells of each piece how large it is."""
        async with self._client.open(str(source), "rb", encoding=None) as there:
            attributes = await there.stat()
            with await asyncio.to_thread(_open, target, "wb") as here:
                while piece := _bytes(await there.read(_PIECE)):
                    yield len(piece)
                    await asyncio.to_thread(here.write, piece)
        await asyncio.to_thread(_give, target, attributes)

    def _too_much(self, largest: int) -> BackendUnavailable:
        return BackendUnavailable(
            f"the output on {self._host} has more than {largest:,} bytes; it stays there, unless the setting"
            " largest_output allows for more"
        )

    async def _make(self, folder: PurePosixPath) -> None:
        if await self._client.isdir(str(folder)):
            return
        if folder.parent != folder:
            await self._make(folder.parent)
        try:
            await self._client.mkdir(str(folder), asyncssh.SFTPAttrs(permissions=_PRIVATE_FOLDER))
        except asyncssh.SFTPError:
            # Somebody else may have made it.
            if not await self._client.isdir(str(folder)):
                raise

    async def _send_tree(self, source: Path, there: PurePosixPath) -> None:
        """The permissions of a folder come last: they may forbid to write into it."""
        await self._make(there)
        for entry in await asyncio.to_thread(_entries, source):
            target = there / entry.name
            if entry.is_symlink():
                await self._send_link(Path(entry.path), str(target))
            elif entry.is_dir():
                await self._send_tree(Path(entry.path), target)
            else:
                await self._send_file(Path(entry.path), target)
        await self._keep(source, there)

    async def _send_link(self, source: Path, there: str) -> None:
        if await self._client.lexists(there):
            await self._client.remove(there)
        await self._client.symlink(str(await asyncio.to_thread(source.readlink)), there)
        self.progress()

    async def _send_file(self, source: Path, there: PurePosixPath) -> None:
        async with self._created(str(there), _PRIVATE_FILE) as file:
            with await asyncio.to_thread(_open, source, "rb") as here:
                while piece := await asyncio.to_thread(here.read, _PIECE):
                    await file.write(piece)
                    self.progress()
        await self._keep(source, there)

    async def _keep(self, source: Path, there: PurePosixPath) -> None:
        status = await asyncio.to_thread(source.stat)
        kept = asyncssh.SFTPAttrs(
            permissions=stat.S_IMODE(status.st_mode), atime=int(status.st_atime), mtime=int(status.st_mtime)
        )
        await self._client.setstat(str(there), kept)
        self.progress()

    @asynccontextmanager
    async def _created(self, path: str, permissions: int) -> AsyncIterator["asyncssh.SFTPClientFile"]:
        attributes = asyncssh.SFTPAttrs(permissions=permissions)
        async with self._client.open(path, "wb", attributes, encoding=None) as file:
            yield file

    @contextmanager
    def _trouble(self, path: PurePosixPath) -> Iterator[None]:
        try:
            yield
        except (asyncssh.Error, OSError) as error:
            raise BackendUnavailable(
                f"the files of batch jobs on {self._host} cannot be read or written: {path}: {error}"
            ) from error


def _discard(client: asyncssh.SFTPClient) -> None:
    client.exit()


def _nothing() -> None:
    """Nobody watches the time."""


def _bytes(content: bytes | str) -> bytes:
    """A file without an encoding has bytes in it."""
    return content if isinstance(content, bytes) else os.fsencode(content)


def _kind(attributes: asyncssh.SFTPAttrs) -> Kind:
    mode = attributes.permissions or 0
    for test, kind in ((stat.S_ISREG, Kind.FILE), (stat.S_ISDIR, Kind.FOLDER), (stat.S_ISLNK, Kind.LINK)):
        if test(mode):
            return kind
    return Kind.OTHER


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return list(entries)


def _open(path: Path, mode: str) -> IO[bytes]:
    file: IO[bytes] = path.open(mode)
    return file


def _give(path: Path, attributes: asyncssh.SFTPAttrs) -> None:
    """The permissions and the time that it has there."""
    if attributes.permissions is not None:
        path.chmod(stat.S_IMODE(attributes.permissions))
    if attributes.mtime is not None:
        os.utime(path, (attributes.atime or attributes.mtime, attributes.mtime))
