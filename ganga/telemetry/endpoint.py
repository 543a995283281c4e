"""Serves metrics over HTTP, in threads of their own."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server

from ganga.errors import ConfigurationError
from ganga.telemetry.address import parse
from ganga.telemetry.metrics import Metrics


@contextmanager
def serving(address: str) -> Iterator[Metrics]:
    """Serve ``/metrics`` at this address while the block lasts. Raises `ConfigurationError` if that cannot be had."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    metrics = Metrics(registry)
    host, port = parse(address)
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        raise ConfigurationError(
            f"metrics cannot be served at {address}: {error.strerror or error}; "
            "name another address, or end what uses this one"
        ) from error
    try:
        yield metrics
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
