"""How a service logs: for people, or as JSON, one object a line; under systemd each line says how grave it is."""

import json
import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TextIO

from ganga.cli.logging import brief, replacing_brief
from ganga.model.clock import Utc, rfc3339
from ganga.monitor.subject import owner_at_hand, target_at_hand

#: How log lines may look.
FORMATS = ("plain", "json")

#: The levels of syslog, as ``<N>`` before a line tells them to the journal: see sd-daemon(3).
_GRAVITY = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}


@contextmanager
def logging_as(form: str, environment: Mapping[str, str]) -> Iterator[None]:
    """While the block lasts, log to the standard error in this format, instead of what commands do. As JSON also what
    is only of information.
    """
    handler = _Lines(as_json if form == "json" else brief, in_journal=_is_journal(sys.stderr, environment))
    ours = logging.getLogger("ganga")
    level = ours.level
    if form == "json":
        ours.setLevel(logging.INFO)
    else:
        handler.setLevel(logging.WARNING)
    try:
        with replacing_brief(handler):
            yield
    finally:
        ours.setLevel(level)


def as_json(record: logging.LogRecord) -> str:
    """One object: when (UTC), how grave, who says what, about which target, and whose, where that is known."""
    told: dict[str, str] = {
        "time": rfc3339(Utc(record.created)),
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": record.getMessage(),
    }
    target = target_at_hand()
    if target is not None:
        told["target"] = target
    owner = owner_at_hand()
    if owner is not None:
        told["owner"] = owner
    if record.exc_info:
        told["exception"] = logging.Formatter().formatException(record.exc_info)
    return json.dumps(told)


class _Lines(logging.Handler):
    def __init__(self, form: Callable[[logging.LogRecord], str | None], *, in_journal: bool) -> None:
        super().__init__()
        self._form = form
        self._in_journal = in_journal

    def emit(self, record: logging.LogRecord) -> None:
        line = self._form(record)
        if line is not None:
            gravity = f"<{_GRAVITY.get(record.levelno, 5)}>" if self._in_journal else ""
            print(f"{gravity}{line}", file=sys.stderr, flush=True)


def _is_journal(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether the journal reads the stream: systemd says which file that would be."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        # A stream that is no file, as in tests.
        return False
    return environment.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"
