"""What systemd hears, on a real socket; and what a loop that hangs does not say."""

import asyncio
import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from ganga.telemetry.systemd import Notifier


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """The socket at which systemd listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(60.0)
        yield listener


def environment(manager: socket.socket, **more: str) -> dict[str, str]:
    return {"NOTIFY_SOCKET": str(manager.getsockname()), **more}


def heard(manager: socket.socket, count: int) -> list[str]:
    return [manager.recv(4096).decode() for _ in range(count)]


async def test_a_service_says_when_it_is_ready_and_when_it_stops(manager: socket.socket) -> None:
    notifier = Notifier(environment(manager))
    async with notifier.serving():
        notifier.tell(STATUS="looks after 1 of 2 targets: local", MAINPID=7)
    said = ["READY=1", "STATUS=looks after 1 of 2 targets: local\nMAINPID=7", "STOPPING=1"]
    assert heard(manager, 3) == said


async def test_signs_of_life_come_from_the_loop(manager: socket.socket) -> None:
    alive = environment(manager, WATCHDOG_USEC="30000", WATCHDOG_PID=str(os.getpid()))
    manager.setblocking(False)
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(60.0), Notifier(alive).serving():
        said = [await loop.sock_recv(manager, 100) for _ in range(4)]
        assert sorted(said) == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1", b"WATCHDOG=1"]
        # Whoever reads without giving the loop a turn hears what was said before, and then nothing.
        while True:
            try:
                manager.recv(100)
            except BlockingIOError:
                break
        manager.settimeout(0.2)
        with pytest.raises(TimeoutError):
            manager.recv(100)


@pytest.mark.parametrize(
    "watchdog", [{}, {"WATCHDOG_USEC": "1", "WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "soon"}]
)
async def test_nobody_waits_for_signs_of_life(watchdog: dict[str, str], manager: socket.socket) -> None:
    async with Notifier(environment(manager, **watchdog)).serving():
        for _ in range(5):
            await asyncio.sleep(0)
    assert heard(manager, 2) == ["READY=1", "STOPPING=1"]


async def test_a_socket_without_a_file(tmp_path: Path) -> None:
    name = f"ganga-test-{os.getpid()}-{tmp_path.name}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0{name}")
        listener.settimeout(60.0)
        Notifier({"NOTIFY_SOCKET": f"@{name}"}).tell(READY=1)
        assert listener.recv(100) == b"READY=1"


async def test_without_systemd_nothing_happens() -> None:
    async with Notifier({}).serving():
        pass


def test_a_manager_that_has_gone_is_told_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).tell(READY=1)
    assert "systemd cannot be told READY" in caplog.text
    assert caplog.records[0].levelno == logging.WARNING
