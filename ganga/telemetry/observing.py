"""The observers that somebody asked for, by the settings or the command line, as one."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from ganga.errors import ConfigurationError
from ganga.monitor.instruments import SILENT, Observer, Observers


@contextmanager
def observing(*, metrics: str = "", tracing: bool = False) -> Iterator[Observer]:
    """Serve metrics at the address `metrics` (see `ganga.telemetry.address`), and export spans if `tracing`, while the
    block lasts. Raises `ConfigurationError` for an address that cannot be served, and where an extra is missing.
    """
    observers: list[Observer] = []
    with ExitStack() as stack:
        if metrics:
            with _extra("metrics"):
                from ganga.telemetry.endpoint import serving  # noqa: PLC0415 - an extra, loaded where it is asked for
            observers.append(stack.enter_context(serving(metrics)))
        if tracing:
            with _extra("tracing"):
                from ganga.telemetry.tracing import exporting  # noqa: PLC0415 - an extra, loaded where it is asked for
            observers.append(stack.enter_context(exporting()))
        yield Observers(observers) if observers else SILENT


@contextmanager
def _extra(name: str) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"{name} need the Python module {error.name}; install it: pip install 'ganga[{name}]'"
        ) from error
