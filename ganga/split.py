"""How the work of one job is divided among its subjobs: each function returns one `Share` for each subjob, in order."""

from collections.abc import Iterable, Sequence

from ganga.errors import UsageError
from ganga.model.job import Share

#: More subjobs than this in one job are refused: it is a slip of the keyboard more often than a wish.
MOST_SUBJOBS = 1_000_000


def repeat(times: int) -> list[Share]:
    """So many subjobs that differ by ``GANGA_SUBJOB_INDEX`` only. Raises `UsageError` for less than 1 or too many."""
    if not 1 <= times <= MOST_SUBJOBS:
        raise UsageError(f"{times} subjobs are not possible; expected a number from 1 to {MOST_SUBJOBS}")
    return [Share()] * times


def by_arguments(arguments: Iterable[str | Sequence[str]]) -> list[Share]:
    """One subjob for each entry, whose argument or arguments are appended to the command."""
    return [Share(arguments=(entry,) if isinstance(entry, str) else tuple(entry)) for entry in arguments]


def by_files(paths: Sequence[str], *, per_subjob: int = 1) -> list[Share]:
    """One subjob for every `per_subjob` files: they are its inputs, and their names its arguments.

    Raises `UsageError` if there are no files.
    """
    if not paths or per_subjob < 1:
        raise UsageError("there are no files to split by; expected at least one file, and at least one for each subjob")
    groups = [tuple(paths[start : start + per_subjob]) for start in range(0, len(paths), per_subjob)]
    return [Share(inputs=group, arguments=tuple(path.rpartition("/")[2] for path in group)) for group in groups]


def by_range(start: int, stop: int, *, size: int) -> list[Share]:
    """One subjob for every `size` numbers from `start` up to, but without, `stop`.

    Its two arguments are the first number and the one behind the last. Raises `UsageError` for an empty range.
    """
    if size < 1 or stop <= start:
        raise UsageError(f"the range from {start} to {stop} in steps of {size} is empty")
    return [Share(arguments=(str(first), str(min(first + size, stop)))) for first in range(start, stop, size)]
