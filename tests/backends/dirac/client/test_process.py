"""The helper process, with a program that does what the questions say in place of DIRAC's client."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from ganga.backends.dirac.client import process, running
from ganga.backends.dirac.client.environment import Environment
from ganga.backends.dirac.client.process import MOST_STUCK, Helper
from ganga.errors import BackendUnavailable

LIMIT = 60.0

_ORDERS = """
import json, os, signal, sys, threading
print("noise of the start", flush=True)
sys.path.insert(0, sys.argv[1])
import client.helper
del sys.path[0]
def answer(question):
    order = question["order"]
    if order == "hang":
        threading.Event().wait()
    if order == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if order == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    if order == "print":
        print("noise " * 10_000, flush=True)
        os.write(1, b"noise")
    return json.dumps([order, os.getpid()]).encode()
"""
PROGRAM = _ORDERS + "client.helper.main(int(sys.argv[2]), lambda: None, answer)"
FAILING = _ORDERS + "client.helper.main(1, lambda: 1 / 0, answer)"
ENVIRONMENT = Environment(python=Path(sys.executable), variables=dict(os.environ))


@asynccontextmanager
async def opened(program: str = PROGRAM) -> AsyncIterator[Helper]:
    helper = Helper(ENVIRONMENT, timeout=LIMIT, program=program)
    try:
        yield helper
    finally:
        await helper.close()


@contextmanager
def impatient(helper: Helper, seconds: float = 1.0) -> Iterator[None]:
    """It waits no longer for what hangs. All else may take its time, as it does on a busy machine."""
    helper._timeout = seconds
    yield
    helper._timeout = LIMIT


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "FIRST_PAUSE", 0.0)


async def told(helper: Helper, order: str, *, safe: bool = True) -> tuple[str, int]:
    order, pid = json.loads(await helper.call(order, {"order": order}, safe=safe))
    return order, pid


async def gone(pid: int) -> None:
    async with asyncio.timeout(LIMIT):
        await asyncio.to_thread(_await_end, pid)


def _await_end(pid: int) -> None:
    with suppress(psutil.NoSuchProcess):
        while psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)


async def test_calls_are_answered_by_one_process_whatever_it_prints() -> None:
    async with opened() as helper:
        said = await asyncio.gather(*(told(helper, order) for order in ["print", "one", "two"] * 14))
        assert {order for order, _ in said} == {"print", "one", "two"}
        assert {pid for _, pid in said} == {helper.pid}
        assert helper.pid != os.getpid()
        assert helper.stuck_threads == 0
        pid = helper.pid
    assert pid is not None
    await gone(pid)


async def test_a_call_that_was_out_when_it_died_is_not_known_and_the_next_starts_another() -> None:
    async with opened() as helper:
        _, first = await told(helper, "one")
        with pytest.raises(BackendUnavailable, match=r"die: .* ended \(it died, exit code -9\)"):
            await told(helper, "die", safe=False)
        assert (await told(helper, "two"))[1] != first


async def test_it_is_started_again_when_it_died_idle() -> None:
    async with opened() as helper:
        _, first = await told(helper, "one")
        os.kill(first, signal.SIGKILL)
        assert helper._running is not None
        await helper._running._reading
        assert helper.pid is None
        assert (await told(helper, "two"))[1] != first


async def test_one_that_dies_at_its_start_says_why_and_is_not_started_all_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(process, "FIRST_PAUSE", 1000.0)
    async with opened(FAILING) as helper:
        with pytest.raises(BackendUnavailable, match="ZeroDivisionError: division by zero"):
            await helper.start()
        with pytest.raises(BackendUnavailable, match="it is started again in"):
            await told(helper, "one")


async def test_a_python_that_is_not_there_is_told() -> None:
    helper = Helper(Environment(python=Path("/nowhere/python"), variables={}), timeout=LIMIT)
    with pytest.raises(BackendUnavailable, match="cannot be started with /nowhere/python: No such file"):
        await helper.start()
    await helper.close()


async def test_a_call_that_hangs_is_given_up_and_counted_while_others_go_on() -> None:
    async with opened() as helper:
        _, pid = await told(helper, "one")
        # Long enough for the helper to say that it has heard.
        too_late = "did not return within 4 s; asking again later: is there"
        with impatient(helper, 4.0), pytest.raises(BackendUnavailable, match=too_late):
            await told(helper, "hang")
        assert helper.stuck_threads == 1
        assert (await told(helper, "two"))[1] == pid


async def test_when_too_many_hang_the_process_is_replaced() -> None:
    async with opened() as helper:
        _, pid = await told(helper, "one")
        with impatient(helper, 4.0):
            hanging = await asyncio.gather(*(told(helper, "hang") for _ in range(MOST_STUCK)), return_exceptions=True)
        assert all(isinstance(error, BackendUnavailable) for error in hanging)
        assert helper.stuck_threads == 0
        await gone(pid)
        assert (await told(helper, "two"))[1] != pid


async def test_what_changes_something_cannot_happen_after_it_was_given_up() -> None:
    async with opened() as helper:
        _, pid = await told(helper, "one")
        with impatient(helper), pytest.raises(BackendUnavailable, match="did not return"):
            await told(helper, "hang", safe=False)
        await gone(pid)


async def test_what_changes_something_ends_when_nobody_waits_for_it() -> None:
    async with opened() as helper:
        _, pid = await told(helper, "one")
        submitting = asyncio.create_task(told(helper, "hang", safe=False))
        await told(helper, "two")
        submitting.cancel()
        await gone(pid)


async def test_a_question_that_nobody_waits_for_does_no_harm() -> None:
    async with opened() as helper:
        _, pid = await told(helper, "one")
        asking = asyncio.create_task(told(helper, "two"))
        await asyncio.sleep(0)
        asking.cancel()
        assert (await told(helper, "three"))[1] == pid


@pytest.mark.parametrize("order", ["one", "hang"])
async def test_one_that_is_stopped_is_replaced(order: str) -> None:
    async with opened() as helper:
        _, pid = await told(helper, "one")
        os.kill(pid, signal.SIGSTOP)
        with impatient(helper), pytest.raises(BackendUnavailable):
            await told(helper, order)
        await gone(pid)
        assert (await told(helper, "two"))[1] != pid


async def test_nothing_is_called_after_the_end() -> None:
    async with opened() as helper:
        hanging = asyncio.create_task(told(helper, "hang"))
        _, pid = await told(helper, "one")
    with pytest.raises((BackendUnavailable, asyncio.CancelledError)):
        await hanging
    await gone(pid)
    with pytest.raises(BackendUnavailable, match="closed"):
        await told(helper, "one")


async def test_it_dies_with_its_parent() -> None:
    program = (
        "import asyncio, tests.backends.dirac.client.test_process as test\n"
        "async def run():\n"
        "    async with test.opened() as helper:\n"
        "        print((await test.told(helper, 'one'))[1], helper._running._folder.name, flush=True)\n"
        "        await test.told(helper, 'hang')\n"
        "asyncio.run(run())"
    )
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    async with asyncio.timeout(LIMIT):
        pid, folder = (await parent.stdout.readline()).decode().split()
        assert _mode(folder) == 0o700
        parent.kill()
        await parent.wait()
    await gone(int(pid))
    assert _mode(folder) is None, "the parent could not tidy up"


def _mode(folder: str) -> int | None:
    place = Path(folder)
    return place.stat().st_mode & 0o777 if place.exists() else None


async def test_one_that_cannot_be_ended_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_ENDED_WITHIN", 0.2)
    async with opened() as helper:
        _, pid = await told(helper, "one")
        assert helper._running is not None
        stopped = helper._running.process
        os.kill(pid, signal.SIGSTOP)
        with monkeypatch.context() as out_of_reach:
            out_of_reach.setattr(stopped, "kill", lambda: None)
            await helper._running.end("it hangs in the system")
        assert "not to be ended" in helper._running.reason
        assert (await told(helper, "two"))[1] != pid
        stopped.kill()
        await stopped.wait()


async def test_a_log_that_somebody_removed_is_no_obstacle() -> None:
    async with opened() as helper:
        _, pid = await told(helper, "one")
        assert helper._running is not None
        await asyncio.to_thread(shutil.rmtree, helper._running._folder.name)
        with pytest.raises(BackendUnavailable, match="its log cannot be read"):
            await told(helper, "die")
        assert (await told(helper, "two"))[1] != pid


async def test_files_take_their_time_and_hold_no_question_up() -> None:
    async with opened() as helper:
        _, pid = await told(helper, "one")
        moving = asyncio.create_task(helper.call("file", {"order": "hang"}, safe=True, transfer=LIMIT))
        assert {await told(helper, "two") for _ in range(8)} == {("two", pid)}
        with pytest.raises(BackendUnavailable, match="did not return within 1 s"):
            await helper.call("file", {"order": "hang"}, safe=False, transfer=1.0)
        with pytest.raises(BackendUnavailable, match="ended"):
            await moving
