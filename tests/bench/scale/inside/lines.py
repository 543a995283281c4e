"""How programs speak with whoever has started them: a line of JSON each way."""

import asyncio
import sys

import msgspec


def say(what: object) -> None:
    """Tell it at once."""
    sys.stdout.buffer.write(msgspec.json.encode(what) + b"\n")
    sys.stdout.buffer.flush()


async def next_line() -> bytes:
    """The next that we are told; empty at the end."""
    return await asyncio.to_thread(sys.stdin.buffer.readline)
