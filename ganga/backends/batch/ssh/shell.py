"""The shell of another machine."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path, PurePosixPath
from typing import TypeVar

import asyncssh

from ganga.backends.batch.here import LARGEST_REPLY
from ganga.backends.batch.shell import Command, Kind, Reply
from ganga.backends.batch.ssh.files import Files, open_files
from ganga.backends.batch.ssh.link import Link
from ganga.backends.batch.ssh.speech import Hearing, Speech
from ganga.backends.batch.ssh.talk import Talk, end_group, opening
from ganga.errors import BackendUnavailable

_T = TypeVar("_T")


class SshShell:
    """A `Shell` over a link that others may use too."""

    def __init__(
        self, link: Link, within: float, *, largest_output: int = 10 << 30, largest_reply: int = LARGEST_REPLY
    ) -> None:
        self._link = link
        #: Seconds that a command may take, or a file may stand still.
        self._within = within
        self._largest_output = largest_output
        self._largest_reply = largest_reply

    @property
    def shares_files(self) -> bool:
        """It is another machine, for all that anybody knows."""
        return False

    @property
    def by_tickets(self) -> bool:
        """Whether the host has let us in by Kerberos tickets, as far as there is a connection."""
        return self._link.by_tickets

    async def run(self, command: Command, /) -> Reply:
        """See `Shell.run`. A code of 128 and the number of a signal that ends commands is told as that signal."""
        try:
            speech = Speech(command)
            line, stdin = speech.line, speech.stdin
        except ValueError as error:
            raise BackendUnavailable(f"{command.name} cannot be run: {error}") from error
        hearing = Hearing(speech, self._largest_reply)
        async with self._talking(line, hearing) as talk:
            try:
                async with asyncio.timeout(self._within):
                    await talk.converse(stdin)
            except TimeoutError as error:
                raise BackendUnavailable(f"{command.name} has not answered within {self._within:g} seconds") from error
        if talk.trouble is not None:
            lost = f"the connection to {self._host} was lost while {command.name} ran: {talk.trouble}"
            raise BackendUnavailable(lost) from talk.trouble
        return hearing.reply(self._host)

    async def home(self) -> PurePosixPath:
        """See `Shell.home`."""
        reply = await self.run(Command(("/bin/sh", "-c", 'printf %s "$HOME"')))
        if reply.exit_code != 0 or not reply.text.startswith("/"):
            raise reply.unreadable("the path of the home folder")
        return PurePosixPath(reply.text)

    async def write(self, files: Mapping[PurePosixPath, bytes], /) -> None:
        """See `Shell.write`."""
        if files:
            await self._with_files(lambda there: there.write(files))

    async def send(self, files: Mapping[PurePosixPath, Path], /) -> None:
        """See `Shell.send`."""
        if files:
            await self._with_files(lambda there: there.send(files))

    async def read(self, path: PurePosixPath, offset: int, size: int, /) -> bytes | None:
        """See `Shell.read`."""
        return await self._with_files(lambda there: there.read(path, offset, size))

    async def size(self, path: PurePosixPath, /) -> int | None:
        """See `Shell.size`."""
        return await self._with_files(lambda there: there.size(path))

    async def scan(self, folder: PurePosixPath, /) -> Mapping[str, Kind] | None:
        """See `Shell.scan`."""
        return await self._with_files(lambda there: there.scan(folder))

    async def resolve(self, path: PurePosixPath, /) -> PurePosixPath:
        """See `Shell.resolve`. A link to nothing remains."""
        return await self._with_files(lambda there: there.resolve(path))

    async def bring(self, files: Mapping[Path, PurePosixPath], /) -> None:
        """See `Shell.bring`. Nothing is brought of more bytes than the settings want."""
        if files:
            await self._with_files(lambda there: there.bring(files, self._largest_output))

    @property
    def _host(self) -> str:
        return self._link.host.name

    @asynccontextmanager
    async def _talking(self, line: str, hearing: Hearing) -> AsyncIterator[Talk]:
        """Say the line, and leave nothing behind that has not ended by itself."""
        try:
            sessions, talk = await self._link.open(opening(line, hearing), Talk.hang_up, self._within)
        except asyncssh.Error as error:
            raise BackendUnavailable(f"{self._host} opens no session: {error}") from error
        try:
            yield talk
        finally:
            talk.hang_up()
            if hearing.group is not None and not hearing.whole:
                self._link.later(end_group(sessions, hearing.group, self._within))
            await sessions.close(talk.closed)

    async def _with_files(self, verb: Callable[[Files], Awaitable[_T]]) -> _T:
        loop = asyncio.get_running_loop()
        sessions, there = await open_files(self._link, self._within)
        try:
            async with asyncio.timeout(self._within) as limit:
                there.progress = lambda: limit.reschedule(loop.time() + self._within)
                return await verb(there)
        except TimeoutError as error:
            raise BackendUnavailable(
                f"the files on {self._host} stand still: nothing has moved for {self._within:g} seconds"
            ) from error
        finally:
            await sessions.close(there.close)
