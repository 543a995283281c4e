"""How people call jobs of any kind of PBS."""

import re
from collections.abc import Callable
from typing import Final

from ganga.backends.batch.dialect import Entry
from ganga.backends.pbs import ids
from ganga.errors import UsageError
from ganga.model.ids import NativeId, shortened

_USER: Final = re.compile(r"\w[\w.$+-]*")


def means(reference: str) -> Callable[[NativeId, Entry], bool]:
    """Which jobs are meant by ``12``, ``12[]``, ``12[1-5].server``, ``name:X`` or ``user:X``. Raises `UsageError`."""
    kind, colon, name = reference.partition(":")
    if colon and kind == "name" and name:
        return lambda _, entry: entry.name == name
    if colon and kind == "user" and _USER.fullmatch(name):
        return lambda _, entry: entry.owner == name
    meant = ids.meaning(reference)
    if meant is None:
        raise UsageError(
            f"{shortened(reference)!r} is no job of PBS; expected such as 12, 12.server, 12[], 12[1-9], name:NAME "
            "or user:NAME"
        )
    return lambda native_id, _: native_id in meant
