"""Where warnings go: a sentence to the standard error, the whole story to a private file in the home folder."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from ganga.cli.words import safe, said, tell
from ganga.errors import GangaError
from ganga.monitor.subject import owner_at_hand
from ganga.settings import load
from ganga.workspace.home import Home

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


@contextmanager
def replacing_brief(handler: logging.Handler) -> Iterator[None]:
    """While the block lasts, this handler tells what `logging_briefly` would; the log file is written as before."""
    root = logging.getLogger()
    replaced = [other for other in root.handlers if isinstance(other, _Brief)]
    for other in replaced:
        root.removeHandler(other)
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        for other in replaced:
            root.addHandler(other)


def write_log(name: str, text: str) -> Path:
    """Append to a log file, which nobody else may read, except in a home that a group is let into; only the first line
    of the text begins at the margin. Raises `OSError` and `ConfigurationError`.
    """
    lines = "\n    ".join(map(safe, text.rstrip("\n").split("\n")))
    home = Home(load().home)
    path = home.path / "logs" / name
    home.make(path.parent)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8") as file:
        home.let_in_file(file.fileno(), path)
        file.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {lines}\n")
    return path


def brief(record: logging.LogRecord) -> str | None:
    """One line for people; None for what is not for them."""
    if record.name == _NOT_TOLD:
        return None
    more = f" (the traceback is in {LOG})" if record.exc_info else ""
    owner = owner_at_hand()
    message = safe(record.getMessage())
    return said(f"{owner}: {message}{more}" if owner else f"{message}{more}")


class _Brief(logging.Handler):
    """One line."""

    def emit(self, record: logging.LogRecord) -> None:
        line = brief(record)
        if line is not None:
            print(line, file=sys.stderr, flush=True)


class _Whole(logging.Handler):
    """All of it."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            more = f"\n{logging.Formatter().formatException(record.exc_info)}" if record.exc_info else ""
            owner = owner_at_hand()
            whose = f" [{owner}]" if owner else ""
            write_log(LOG, f"{record.levelname} {record.name}{whose}: {safe(record.getMessage())}{more}")
        except (OSError, GangaError) as error:
            tell(f"the log cannot be written: {error}")
