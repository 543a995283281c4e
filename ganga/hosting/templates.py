"""Settings of a service that are another value for each owner: ``{owner}`` stands for the name in them."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from ganga.errors import ConfigurationError
from ganga.model.ids import shortened
from ganga.reading import Table

#: Where the name of the owner is put.
OWNER: Final = "{owner}"

#: Words that somebody who means the owner may have written instead.
_SLIPS: Final = frozenset({"owner", "user", "username", "account", "role"})
_FIELD: Final = re.compile(r"\{([^{}]*)\}")

#: Names that mean the same in a path, a host and a file name, and nothing else.
_PLAIN: Final = re.compile(r"(?![.-])[A-Za-z0-9_.-]{1,63}")


def is_plain(owner: str) -> bool:
    """Whether the name may be put into paths and hosts: letters, digits, ``_ - .``, at most 63, neither ``.`` nor ``-``
    in front.
    """
    return _PLAIN.fullmatch(owner) is not None


def speaks_of_owner(value: object) -> bool:
    """Whether the value is another one for each owner."""
    return any(OWNER in text for _, text in texts(value))


def check_templates(value: object, where: str, file: Path | None = None) -> None:
    """Raise `ConfigurationError`, which names the setting, for what was probably meant to be ``{owner}``, and for
    anything else in braces beside it. Braces in other texts are their own business.
    """
    for place, text in texts(value, where):
        if OWNER in text:
            slip = re.search(r"\{[^{}]*\}?|\}", text.replace(OWNER, "\0"))
        else:
            slip = next((match for match in _FIELD.finditer(text) if match[1].strip().lower() in _SLIPS), None)
        if slip is not None:
            source = f"{file}: " if file else ""
            raise ConfigurationError(
                f"{source}{place} has {shortened(slip[0])!r}, which stands for nothing; {OWNER} stands for the name of "
                "the owner"
            )


def filled(table: Table, owner: str) -> Table:
    """The table for this owner, whose name is plain."""
    return {name: _filled(value, owner) for name, value in table.items()}


def texts(value: object, where: str = "") -> Iterator[tuple[str, str]]:
    """All texts in the value, each with its place."""
    match value:
        case str():
            yield where, value
        case Mapping():
            for name, each in value.items():
                yield from texts(each, f"{where}.{name}" if where else str(name))
        case list() | tuple():
            for index, each in enumerate(value):
                yield from texts(each, f"{where}[{index}]")


def _filled(value: object, owner: str) -> object:
    match value:
        case str():
            return value.replace(OWNER, owner)
        case Mapping():
            return {name: _filled(each, owner) for name, each in value.items()}
        case list() | tuple():
            return [_filled(each, owner) for each in value]
        case _:
            return value
