import asyncio
import os
import signal

import pytest

from ganga.cli import repeats
from ganga.cli.following import coming_back
from ganga.cli.interruption import Interrupted
from ganga.model.ids import JobId


async def wait_and_close(closed: list[bool]) -> None:
    """As a command that waits for a job, and takes a while to close."""
    try:
        with coming_back([JobId("7")]):
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.Event().wait()
    finally:
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(10):
            await asyncio.sleep(0)
        closed.append(True)


def test_a_second_ctrl_c_at_once_neither_disturbs_the_closing_nor_hides_how_to_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # At once, also on a machine that has no turn for us between the two.
    monkeypatch.setattr(repeats, "REPEAT", 100.0)
    closed: list[bool] = []
    with pytest.raises(Interrupted, match="job 7 goes on: 'ganga wait 7' comes back to it"):
        asyncio.run(wait_and_close(closed))
    assert closed == [True]


def test_a_later_ctrl_c_leaves_a_closing_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "REPEAT", -1.0)
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(wait_and_close([]))
