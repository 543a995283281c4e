"""Where warnings go: a sentence to the standard error, the whole story to a private file in the home folder."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from ganga.cli.words import tell
from ganga.errors import GangaError
from ganga.settings import load

LOG = "ganga.log"

#: Of interest to whoever writes a back end, and not at a terminal: a busy machine is enough for it.
_NOT_TOLD = "ganga.monitor.watchdog"


@contextmanager
def logging_briefly() -> Iterator[None]:
    """While the block lasts, tell of warnings without tracebacks, which are in the log file."""
    handlers = (_Brief(), _Whole())
    root = logging.getLogger()
    for handler in handlers:
        handler.setLevel(logging.WARNING)
        root.addHandler(handler)
    try:
        yield
    finally:
        for handler in handlers:
            root.removeHandler(handler)


def write_log(name: str, text: str) -> Path:
    """Append to a log file, which nobody else may read. Raises `OSError` and `ConfigurationError`."""
    folder = load().home / "logs"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / name
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8") as file:
        file.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {text}\n")
    return path


class _Brief(logging.Handler):
    """One line."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.name == _NOT_TOLD:
            return
        more = f" (the traceback is in {LOG})" if record.exc_info else ""
        tell(f"{record.getMessage()}{more}")


class _Whole(logging.Handler):
    """All of it."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            write_log(LOG, f"{record.levelname} {record.name}: {self.format(record)}")
        except (OSError, GangaError) as error:
            tell(f"the log cannot be written: {error}")
