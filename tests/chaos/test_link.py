"""Lines between a client and a server that echoes each line; all waits end with an event."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from tests.chaos.link import Condition, Link, open_link

LIMIT = 60.0


class Echo:
    def __init__(self) -> None:
        self.heard: asyncio.Queue[bytes] = asyncio.Queue()
        self.serving: set[asyncio.Task[None]] = set()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.serving.add(asyncio.create_task(self.serve(reader, writer)))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                self.heard.put_nowait(line)
                writer.write(line)
        except ConnectionError:
            # The line was cut: that is what these tests are about.
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


@asynccontextmanager
async def echo() -> AsyncIterator[tuple[Echo, Link]]:
    server = Echo()
    async with asyncio.timeout(LIMIT):
        listening = await asyncio.start_server(server.accept, "127.0.0.1", 0)
        try:
            async with open_link(listening.sockets[0].getsockname()[1], delay=0.01) as link:
                yield server, link
        finally:
            listening.close()
            await asyncio.gather(*server.serving)


@asynccontextmanager
async def connected(link: Link) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()


@pytest.mark.parametrize("condition", [Condition.WHOLE, Condition.SLOW])
async def test_both_directions_pass(condition: Condition) -> None:
    async with echo() as (_, link), connected(link) as (reader, writer):
        await link.become(condition)
        writer.write(b"hello\n")
        assert await reader.readline() == b"hello\n"
        writer.write_eof()
        assert await reader.readline() == b""


async def test_what_was_held_arrives_late() -> None:
    async with echo() as (server, link), connected(link) as (reader, writer):
        await link.become(Condition.SILENT)
        writer.write(b"hello\n")
        await writer.drain()
        assert server.heard.empty()
        await link.become(Condition.WHOLE)
        assert await reader.readline() == b"hello\n"


async def test_of_a_deaf_line_the_answers_are_held() -> None:
    async with echo() as (server, link), connected(link) as (reader, writer):
        await link.become(Condition.DEAF)
        writer.write(b"hello\n")
        assert await server.heard.get() == b"hello\n"
        answer = asyncio.create_task(reader.readline())
        await link.become(Condition.WHOLE)
        assert await answer == b"hello\n"


async def test_connections_are_reset_and_new_ones_refused() -> None:
    async with echo() as (_, link), connected(link) as (reader, writer):
        writer.write(b"hello\n")
        await reader.readline()
        await link.become(Condition.RESET)
        with pytest.raises(ConnectionError):
            await _answered(reader, writer)
        async with connected(link) as again:
            with pytest.raises(ConnectionError):
                await _answered(*again)


async def test_a_commit_arrives_and_its_answer_does_not() -> None:
    async with echo() as (server, link), connected(link) as (reader, writer):
        await link.become(Condition.SNIP)
        writer.write(b"SELECT 1\n")
        assert await reader.readline() == b"SELECT 1\n"
        with pytest.raises(ConnectionError):
            await _answered(reader, writer, b"COMMIT\n")
        assert [server.heard.get_nowait() for _ in range(2)] == [b"SELECT 1\n", b"COMMIT\n"]
        async with connected(link) as again:
            assert await _answered(*again) == b"hello\n"


async def _answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: bytes = b"hello\n") -> bytes:
    writer.write(line)
    await writer.drain()
    answer = await reader.readline()
    if not answer:
        raise ConnectionResetError
    return answer
