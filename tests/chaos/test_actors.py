"""Whoever ends by itself is started again, and whoever was ended is not."""

import asyncio
from pathlib import Path

from tests.chaos.actors import Actor, manage
from tests.faults.campaign import until


def actor(folder: Path, name: str, code: str) -> Actor:
    return Actor(name, lambda: ["-c", code], {}, folder)


async def test_only_those_that_end_by_themselves_are_started_again(tmp_path: Path) -> None:
    ending = actor(tmp_path, "ending", "pass")
    staying = actor(tmp_path, "staying", "import time; time.sleep(600)")
    killed = actor(tmp_path, "killed", "pass")
    for one in (ending, staying, killed):
        one.start()
    killed.kill()
    managing = asyncio.create_task(manage([ending, staying, killed]))
    await until(lambda: ending.incarnations >= 3, "it is started a second and a third time")
    managing.cancel()
    assert (staying.incarnations, killed.incarnations) == (1, 1)
    for one in (ending, staying):
        one.kill()
