"""Tables of settings become records; what does not fit is named with its place, and with what was probably meant."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec.structs import fields

from ganga.errors import ConfigurationError
from ganga.model.ids import shortened

#: A table as TOML has it.
Table = Mapping[str, object]

RecordT = TypeVar("RecordT", bound=msgspec.Struct)


def read_struct(kind: type[RecordT], table: object, *, where: str, file: Path | None) -> RecordT:
    """The table as a record of this kind. Raises `ConfigurationError`; `where` is the table's name in the file."""
    source = f"{file}: " if file else ""
    if isinstance(table, Mapping):
        _check_names(kind, table, f"{source}[{where}]" if where else str(file))
    try:
        return msgspec.convert(table, kind)
    except msgspec.ValidationError as error:
        problem, _, place = str(error).partition(" - at `$")
        setting = f"{where}{place.rstrip('`')}".lstrip(".") or where
        raise ConfigurationError(f"{source}{setting}: {_lower(problem)}") from error


def nearest(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """The known word that was probably meant."""
    from difflib import get_close_matches  # noqa: PLC0415 - loaded where it is needed, since it is slow to load

    return next(iter(get_close_matches(word, list(known), n=1, cutoff=cutoff)), None)


def _check_names(kind: type[msgspec.Struct], table: Table, place: str) -> None:
    known = [field.encode_name for field in fields(kind)]
    for name in table:
        if name not in known:
            meant = nearest(name, known)
            hint = f"did you mean {meant!r}?" if meant else f"known here: {', '.join(sorted(known)) or 'nothing'}"
            raise ConfigurationError(f"{place} has an unknown setting {shortened(name)!r}; {hint}")


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
