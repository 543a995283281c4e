"""Several processes on one store, for real."""

import json
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from ganga.model.ids import Seq
from ganga.store.base import Query
from ganga.store.sqlite import open_sqlite
from ganga.testing.store_checks.kit import HERE

PROLOGUE = """
import asyncio, json, sys
from pathlib import Path
from ganga.errors import LeaseLost
from ganga.store.sqlite import open_sqlite
from ganga.testing.store_checks.kit import AT, HERE, LATER, new_job, save
path = Path(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
"""

OPEN = """
async def main():
    async with open_sqlite(path) as store:
        job = await store.create(new_job(3), AT)
        return [store.id, job.id]
print(json.dumps(asyncio.run(main())))
"""

ACQUIRE = """
async def main():
    won = []
    async with open_sqlite(path) as store:
        while (last := await store.holder(HERE)) is None or last.epoch < 200:
            lease = await store.acquire(HERE, sys.argv[2], last)
            if lease is None:
                continue
            won.append(lease.epoch)
            try:
                await store.renew(lease)
                await save(store, lease)
            except LeaseLost:
                pass
    return won
print(json.dumps(asyncio.run(main())))
"""

SPEND = """
from ganga.core.budget import full, spent
from ganga.model.policy import Allowance
allowed = Allowance(ceiling=0.001, floor=0.001, burst=100.0)
def spend(budget, at):
    after, grant = spent(budget or full(allowed, at), allowed, at, 1, urgent=True)
    return after, grant.calls
async def main():
    async with open_sqlite(path) as store:
        return [await store.change_budget("lxplus", spend) for _ in range(60)]
print(json.dumps(asyncio.run(main())))
"""


def _race(script: str, path: Path, runners: int = 3) -> list[list[str | int]]:
    """What each of several processes prints, which begin together."""
    command = [sys.executable, "-c", PROLOGUE + script, str(path)]
    with ExitStack() as stack:
        running = [
            stack.enter_context(
                subprocess.Popen([*command, str(number)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            for number in range(runners)
        ]
        for process in running:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in running:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        return [json.loads(process.communicate(timeout=100)[0]) for process in running]


async def test_processes_that_open_a_new_store_at_once_share_it(path: Path) -> None:
    answers = _race(OPEN, path, runners=4)
    assert len({store_id for store_id, _ in answers}) == 1
    assert sorted(str(job) for _, job in answers) == ["1", "2", "3", "4"]
    async with open_sqlite(path) as store:
        assert len(await store.select(Query(subjobs=True))) == 16
        assert [event.seq for event in await store.events(Seq(0))] == [1, 2, 3, 4]


async def test_of_processes_that_race_for_a_lease_one_wins(path: Path) -> None:
    won = _race(ACQUIRE, path)
    epochs = sorted(int(epoch) for epochs in won for epoch in epochs)
    assert epochs == list(range(1, len(epochs) + 1))
    async with open_sqlite(path) as store:
        holder = await store.holder(HERE)
        assert holder is not None
        assert holder.epoch == epochs[-1]


def test_no_call_of_a_budget_is_given_to_two_processes(path: Path) -> None:
    """For a hundred seconds there is one token for each call of the burst, and no more."""
    granted = _race(SPEND, path)
    assert sum(int(calls) for process in granted for calls in process) == 100
