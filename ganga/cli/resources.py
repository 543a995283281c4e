"""The options that say what a job needs, and how amounts of memory and time are typed and told."""

import argparse
import re
import shlex
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from ganga.cli.parsing import Parser, number
from ganga.model.ids import shortened
from ganga.model.resources import Resources

_UNITS: Final = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_SIZE: Final = re.compile(r"(\d{1,19}(?:\.\d{1,6})?)([KMGT]?)(?:i?B)?", re.IGNORECASE | re.ASCII)
_TIME: Final = re.compile(
    r"(?=\d)(?:(\d{1,6})d)?(?:(\d{1,8})h)?(?:(\d{1,9})m)?(?:(\d{1,10})s?)?", re.IGNORECASE | re.ASCII
)
_SECONDS: Final = (86400, 3600, 60, 1)
_MOST: Final = 2**31


def configure_resources(parser: Parser) -> None:
    """Declare what a job may need."""
    count = number(1, _MOST, int)
    parser.option("--processors", metavar="N", type=count, help="so many processors on one machine")
    parser.option("--memory", metavar="SIZE", type=memory, help="memory of the whole job: 500M, 2G")
    parser.option("--time", metavar="TIME", type=duration, help="how long it may run: 90m, 1h30m, 2d")
    parser.option("--queue", metavar="Q", default="", help="the queue, or partition, to wait in")
    parser.option("--project", metavar="P", default="", help="the project, or account, that pays")
    parser.option("--gpus", metavar="N", type=count, help="so many graphics processors on one machine")
    parser.option("--image", metavar="I", default="", help="the container image to run in")
    parser.option(
        "--native",
        metavar="OPTION",
        action="append",
        default=[],
        help="an option in the system's own words, untouched: --native=OPTION",
    )


def memory(text: str) -> int:
    """Reads ``500M``, ``2G`` or a number of bytes; K, M, G and T are powers of 1024."""
    match = _SIZE.fullmatch(text)
    size = 0 if match is None else int(Decimal(match[1]) * _UNITS[match[2].upper()])
    if not 0 < size <= 2**62:
        raise argparse.ArgumentTypeError(f"{shortened(text)!r} is no amount of memory; expected such as 500M or 2G")
    return size


def duration(text: str) -> int:
    """Reads ``1h30m``, ``90m``, ``2d`` or a number of seconds."""
    match = _TIME.fullmatch(text)
    parts = () if match is None else match.groups(default="0")
    seconds = sum(int(part) * unit for part, unit in zip(parts, _SECONDS, strict=False))
    if not 0 < seconds <= _MOST:
        raise argparse.ArgumentTypeError(f"{shortened(text)!r} is no time; expected such as 90m, 1h30m or 2d")
    return seconds


def as_typed(wish: Resources) -> Iterator[str]:
    """Each of the needs with its name, in words that the options take: ``memory 2G``."""
    for name in wish.wished():
        value = getattr(wish, name)
        if name == "memory":
            value = _in_units(value)
        elif name == "time":
            value = _in_days(value)
        yield f"{name} {shlex.join(value) if isinstance(value, tuple) else value}"


def _in_units(size: int) -> str:
    """In the largest unit that needs no fraction."""
    unit = next(unit for unit in reversed(_UNITS) if size % _UNITS[unit] == 0)
    return f"{size // _UNITS[unit]}{unit}"


def _in_days(seconds: int) -> str:
    words = ""
    for letter, unit in zip("dhms", _SECONDS, strict=True):
        count, seconds = divmod(seconds, unit)
        words += f"{count}{letter}" if count else ""
    return words
