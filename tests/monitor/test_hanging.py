"""Calls that do not heed cancellation are counted, forgotten when they end, and left behind at last."""

import asyncio
import subprocess
import sys

import pytest

from ganga.monitor.hanging import Hanging, leave
from tests.monitor.doubles import deaf, virtual


@virtual
async def test_one_that_heeds_cancellation_is_soon_forgotten() -> None:
    hanging = Hanging()
    hanging.add(asyncio.create_task(asyncio.Event().wait()))
    assert len(hanging) == 1
    await asyncio.sleep(0.1)
    assert len(hanging) == 0


@virtual
async def test_what_one_raises_at_last_is_of_no_interest() -> None:
    """The loop would complain of an exception that nobody looks at."""

    async def sulk() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("no")

    hanging = Hanging()
    task = asyncio.create_task(sulk())
    await asyncio.sleep(0)
    hanging.add(task)
    await asyncio.sleep(0.1)
    del task
    assert len(hanging) == 0


@virtual
async def test_one_that_is_deaf_is_counted_and_left_behind(caplog: pytest.LogCaptureFixture) -> None:
    hanging = Hanging()
    task = asyncio.create_task(deaf(), name="the deaf one")
    await asyncio.sleep(0)
    hanging.add(task)
    await asyncio.sleep(10.0)
    assert len(hanging) == 1
    await hanging.leave(1.0)
    assert "the deaf one does not stop; it is left behind" in caplog.text
    assert task not in asyncio.all_tasks()


@virtual
async def test_there_may_be_nothing_to_leave() -> None:
    await leave((), 1.0)


def test_a_program_ends_although_a_task_does_not() -> None:
    """In a process of its own: what is at stake is the end of `asyncio.run`, and what it complains of."""
    program = """
import asyncio, contextlib
from ganga.monitor.hanging import leave
async def deaf():
    while True:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)
async def main():
    task = asyncio.create_task(deaf())
    await asyncio.sleep(0)
    await leave([task], 0.01)
asyncio.run(main())
print("ended")
"""
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", program], capture_output=True, text=True, timeout=100, check=True
    )
    assert done.stdout == "ended\n"
    assert "destroyed" not in done.stderr
