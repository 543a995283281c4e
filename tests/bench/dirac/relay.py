"""Counts what passes between a program and the servers: bytes, and calls."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Thread

#: The loopback interface, by the name that the servers' certificates have.
HOST = "localhost"
_PORTION = 1 << 16


@dataclass
class Passed:
    """What has passed so far."""

    connections: int = 0
    #: How often a client spoke first, or again after it was answered.
    turns: int = 0
    #: In both directions, with TLS.
    size: int = 0

    def since(self, before: "Passed") -> "Passed":
        """What has passed in between."""
        return Passed(self.connections - before.connections, self.turns - before.turns, self.size - before.size)


class Relay:
    """From a port of its own to each of the given ports of this machine, on a loop in a thread."""

    def __init__(self) -> None:
        self.passed = Passed()
        self._loop = asyncio.new_event_loop()

    def to(self, port: int) -> int:
        """A new port, which leads to this one."""
        return asyncio.run_coroutine_threadsafe(self._listen(port), self._loop).result(10)

    async def _listen(self, port: int) -> int:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._connect(port, reader, writer)

        server = await asyncio.start_server(handle, HOST, 0)
        return int(server.sockets[0].getsockname()[1])

    async def _connect(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.passed.connections += 1
        there, here = await asyncio.open_connection(HOST, port)
        speaking = _Speaking()
        forth = asyncio.create_task(self._pass(reader, here, lambda: self._spoke(speaking)))
        try:
            await self._pass(there, writer, speaking.answered)
        finally:
            forth.cancel()
            with suppress(asyncio.CancelledError):
                await forth

    def _spoke(self, speaking: "_Speaking") -> None:
        self.passed.turns += speaking.spoke()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, note: Callable[[], None]) -> None:
        try:
            with suppress(OSError):
                while data := await reader.read(_PORTION):
                    note()
                    self.passed.size += len(data)
                    writer.write(data)
                    await writer.drain()
        finally:
            writer.close()

    def run(self) -> None:
        """Relay until the loop is stopped."""
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        for task in (tasks := asyncio.all_tasks(self._loop)):
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    def stop(self) -> None:
        """Break all connections."""
        self._loop.call_soon_threadsafe(self._loop.stop)


class _Speaking:
    """Who of the two ends of a connection spoke last."""

    def __init__(self) -> None:
        self._client = False

    def spoke(self) -> bool:
        """The client speaks; whether it did not just before."""
        before, self._client = self._client, True
        return not before

    def answered(self) -> None:
        """The server speaks."""
        self._client = False


@contextmanager
def relaying() -> Iterator[Relay]:
    """A relay, while the block lasts."""
    relay = Relay()
    thread = Thread(target=relay.run, name="relay", daemon=True)
    thread.start()
    try:
        yield relay
    finally:
        relay.stop()
        thread.join()
