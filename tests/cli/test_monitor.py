"""``ganga monitor`` as a service: what systemd and Prometheus hear of a real process."""

import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.telemetry.test_observing import free_port


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The socket at which systemd listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(100.0)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "30000000")
        yield listener


def heard(manager: socket.socket, awaited: str) -> list[str]:
    """All that is said up to this."""
    said = [manager.recv(4096).decode()]
    while said[-1] != awaited:
        said.append(manager.recv(4096).decode())
    return said


def scrape(port: int) -> Callable[[str], list[float]]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=100) as reply:
        families = list(text_string_to_metric_families(reply.read().decode()))
    return lambda name: [one.value for family in families for one in family.samples if one.name == name]


def test_a_service_from_its_start_to_its_end(manager: socket.socket) -> None:
    port = free_port()
    command = [sys.executable, "-m", "ganga", "monitor", "--metrics", str(port), "--log-format", "json"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = heard(manager, "STATUS=looks after 1 of 1 target: local")
    assert {"READY=1", "WATCHDOG=1"} <= set(said)
    values = scrape(port)
    assert values("ganga_lease_held") == [1]
    assert values("ganga_info") == [1]
    assert values("process_resident_memory_bytes")
    process.send_signal(signal.SIGTERM)
    heard(manager, "STOPPING=1")
    _, errors = process.communicate(timeout=100)
    assert (process.returncode, errors) == (0, b"")
