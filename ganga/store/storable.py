"""What a store can keep of what it is given.

Text with lone surrogates, as undecodable bytes leave them behind, has no place in a database, nor have integers of more
than 64 bits. In what a person asks to run they are refused, since another command or file would be run in its place; in
what a back end says, and in names of people, they are replaced, since news must not be lost over them.
"""

from dataclasses import replace
from typing import TypeVar

import msgspec
from msgspec.structs import asdict
from msgspec.structs import replace as replace_fields

from ganga.errors import UsageError
from ganga.model.identity import Identity
from ganga.model.ids import TargetName, shortened
from ganga.model.job import JobSpec, Share
from ganga.model.update import Update

_Struct = TypeVar("_Struct", bound=msgspec.Struct)
_LARGEST = 2**63 - 1

encode = msgspec.json.Encoder().encode
decode_spec = msgspec.json.Decoder(JobSpec).decode
decode_share = msgspec.json.Decoder(Share).decode


def storable_text(text: str) -> str:
    """The text with each lone surrogate replaced by U+FFFD."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def storable_struct(struct: _Struct) -> _Struct:
    """The record, event or state with its text and its integers made storable."""
    changes = {name: kept for name, value in asdict(struct).items() if (kept := _storable(value)) is not value}
    return replace_fields(struct, **changes) if changes else struct


def storable_update(update: Update) -> Update:
    """The update with all text and all integers made storable."""
    return replace(
        update,
        records=tuple(map(storable_struct, update.records)),
        attempts=tuple(map(storable_struct, update.attempts)),
        events=tuple(map(storable_struct, update.events)),
        state=None if update.state is None else storable_struct(update.state),
    )


def encode_spec(spec: JobSpec) -> bytes:
    """The specification as JSON. Raises `UsageError` for one that would not come back as it is."""
    encoded = _encode(spec)
    try:
        decode_spec(encoded)
    except msgspec.ValidationError as error:
        raise UsageError(f"the specification of {spec.name or 'the job'!r} cannot be stored: {error}") from error
    return encoded


def encode_share(share: Share) -> bytes:
    """What a subjob has to itself as JSON, empty if there is nothing. Raises `UsageError` for what cannot be stored."""
    return _encode(share) if share.arguments or share.inputs or share.environment else b""


def check_target(target: TargetName) -> None:
    """Raise `UsageError` if the name cannot be stored."""
    if storable_text(target) != target:
        raise UsageError(f"{shortened(ascii(target))} is not a name of a target; expected plain text")


def _encode(part: JobSpec | Share) -> bytes:
    try:
        return encode(part)
    except UnicodeEncodeError as error:
        raise UsageError(
            f"{shortened(ascii(error.object))} cannot be stored: it holds bytes that are not UTF-8; "
            "rename the file, or change the text"
        ) from error


def _storable(value: object) -> object:
    if isinstance(value, Identity):
        return storable_struct(value)
    if type(value) is str:
        return storable_text(value)
    if type(value) is int and abs(value) > _LARGEST:
        return _LARGEST if value > 0 else -_LARGEST
    return value
