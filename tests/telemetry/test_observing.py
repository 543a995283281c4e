"""Nobody listens unless somebody asked; what cannot be had is told with what to do about it."""

import socket
import sys
import urllib.request

import pytest

from ganga.errors import ConfigurationError
from ganga.monitor.instruments import SILENT, LoopHeld, Observers
from ganga.telemetry.endpoint import serving
from ganga.telemetry.observing import observing


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_nobody_listens_by_default() -> None:
    with observing() as observer:
        assert observer is SILENT


def test_metrics_are_served_while_the_block_lasts() -> None:
    port = free_port()
    with observing(metrics=str(port)) as observer:
        observer.tell(LoopHeld(1.0))
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as reply:
            text = reply.read().decode()
        assert "ganga_event_loop_holds_total 1.0" in text
        assert "process_cpu_seconds_total" in text
    with pytest.raises(OSError, match=r"refused"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60)


def test_both_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    with observing(metrics="0", tracing=True) as observer:
        assert isinstance(observer, Observers)


def test_an_address_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with (
            pytest.raises(ConfigurationError, match=rf"cannot be served at {port}: .*in use.*another address"),
            serving(str(port)),
        ):
            pass


@pytest.mark.parametrize(("extra", "module"), [("metrics", "prometheus_client"), ("tracing", "opentelemetry")])
def test_a_missing_extra_is_told_with_its_command(extra: str, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("endpoint", "metrics", "present", "tracing"):
        monkeypatch.delitem(sys.modules, f"ganga.telemetry.{name}", raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    expected = pytest.raises(ConfigurationError, match=rf"pip install 'ganga\[{extra}\]'")
    with expected, observing(metrics="0" if extra == "metrics" else "", tracing=extra == "tracing"):
        pass
