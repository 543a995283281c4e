"""How much a row may hold, and how far its numbers reach: a step of `schema.MIGRATIONS`, and the same limits for what
is about to be written.

Whoever may write rows by SQL could else keep there what exhausts the memory of all who read them, or what no reader can
show. The limits leave room for what later versions write. Rows of earlier ones are cut to them, lest nobody could
change these any longer; those that never change stay as they are.
"""

from collections.abc import Iterable
from dataclasses import replace
from math import isfinite
from typing import Final, LiteralString, TypeVar

import msgspec
from msgspec.structs import asdict
from msgspec.structs import replace as replace_fields

from ganga.errors import UsageError
from ganga.model.identity import Identity
from ganga.model.update import Update
from ganga.store.postgres.text import escaped

_Struct = TypeVar("_Struct", bound=msgspec.Struct)

#: Bytes in UTF-8 of any text that a person reads.
LONGEST_TEXT: Final = 65_536
#: Bytes of the specification of a job, and of what one subjob has to itself.
LONGEST_SPECIFICATION: Final = 16_777_216
LONGEST_SHARE: Final = 1_048_576
#: The seconds of all times, before and behind 1970: from the year 69 to the year 3871.
FARTHEST: Final = 6e10
#: What is counted from 0.
LARGEST_COUNT: Final = 2**53

#: No character takes more bytes.
_WIDEST: Final = 4
_COUNTS: Final = frozenset({"attempt", "wanted_attempt", "stuck_threads"})


def _texts(*columns: LiteralString) -> tuple[LiteralString, ...]:
    return tuple(f"octet_length({column}) <= 65536" for column in columns)


def _names(*columns: LiteralString) -> tuple[LiteralString, ...]:
    """Those of an index, in which there is no room for more."""
    return tuple(f"octet_length({column}) <= 2048" for column in columns)


def _words(*columns: LiteralString) -> tuple[LiteralString, ...]:
    return tuple(f"{column} ~ '^[a-z_]{{1,64}}$'" for column in columns)


def _times(*columns: LiteralString) -> tuple[LiteralString, ...]:
    """NaN and infinity are beyond everything."""
    return tuple(f"{column} BETWEEN -6e10 AND 6e10" for column in columns)


def _counts(*columns: LiteralString, least: LiteralString = "0") -> tuple[LiteralString, ...]:
    return tuple(f"{column} BETWEEN {least} AND 9007199254740992" for column in columns)


_TEXTS_OF_JOBS: Final[tuple[LiteralString, ...]] = (
    "name",
    "native_status",
    "reason",
    "place",
    "kill_requested_by",
)

#: Of each table, what is true of all its rows, or not known.
_LIMITS: Final[tuple[tuple[LiteralString, tuple[LiteralString, ...]], ...]] = (
    ("grants", _names("service")),
    ("counters", _counts("seq")),
    ("writers", (*_names("writer"), *_counts("written"))),
    ("specifications", (*_counts("job"), "octet_length(specification) <= 16777216")),
    ("shares", (*_counts("job", "subjob"), "octet_length(share) <= 1048576")),
    (
        "jobs",
        (
            *_counts("job", "subjobs", "attempt", "wanted_attempt"),
            *_counts("subjob", "handed_over", least="-1"),
            *_texts(*_TEXTS_OF_JOBS),
            *_names("target", "native_id"),
            *_words("status", "outcome"),
            *_times("created_at", "submitted_at", "started_at", "ended_at", "confirmed_at", "silent_since", "cpu_time"),
        ),
    ),
    ("attempts", (*_counts("job", "attempt"), *_counts("subjob", least="-1"), "octet_length(record::text) <= 4194304")),
    (
        "events",
        (
            *_counts("seq", "job", "attempt"),
            *_counts("subjob", least="-1"),
            *_texts("reason"),
            *_names("target"),
            *_words("kind", "old", "new"),
            *_times("at"),
        ),
    ),
    (
        "targets",
        (
            *_names("name"),
            *_texts("error", "cursor"),
            "octet_length(identity) <= 1048576",
            *_times("confirmed_at", "down_since"),
            *_counts("stuck_threads"),
        ),
    ),
    ("leases", (*_names("target"), *_texts("holder"), *_counts("epoch", "beat"))),
    ("owners", (*_names("id"), *_texts("passage"), *_counts("last_job", "forgotten"))),
    ("doomed", _counts("job")),
    ("budgets", (*_names("name"), *_texts("budget"))),
)

_CUT: Final[LiteralString] = "UPDATE ganga.{} SET {} WHERE {}"


def _cut(table: LiteralString, columns: tuple[LiteralString, ...]) -> LiteralString:
    """As many characters as fit in any case."""
    cuts = ", ".join(
        f"{column} = CASE WHEN octet_length({column}) > 65536 THEN left({column}, 16384) ELSE {column} END"
        for column in columns
    )
    return _CUT.format(table, cuts, " OR ".join(f"octet_length({column}) > 65536" for column in columns))


TABLES: Final[tuple[LiteralString, ...]] = (
    # Whoever owns the tables sees rows of their own only, but for this moment, in which nobody else sees any.
    *(
        statement
        for table, columns in (("jobs", _TEXTS_OF_JOBS), ("targets", ("error", "cursor")))
        for statement in (
            f"ALTER TABLE ganga.{table} NO FORCE ROW LEVEL SECURITY",
            _cut(table, columns),
            f"ALTER TABLE ganga.{table} FORCE ROW LEVEL SECURITY",
        )
    ),
    *(
        f"ALTER TABLE ganga.{table} ADD CONSTRAINT limits CHECK ({' AND '.join(limits)}) NOT VALID"
        for table, limits in _LIMITS
    ),
    # The server's estimates are for everybody, and must not tell what others have written. No plan of ours needs these.
    *(
        f"ALTER TABLE ganga.{table} ALTER COLUMN {column} SET STATISTICS 0"
        for table, columns in (
            ("jobs", ("name", "native_status", "reason", "place", "kill_requested_by")),
            ("events", ("reason",)),
            ("targets", ("error", "cursor")),
        )
        for column in columns
    ),
    # For whom somebody acts is asked in each statement: the trust of others must not be in the way.
    "CREATE INDEX grants_of_services ON ganga.grants (service, owner)",
)


def check_new_fits(name: str, spec: bytes, shares: Iterable[bytes]) -> None:
    """Raise `UsageError` for a job that is larger than a store keeps."""
    _check("the name of the job", len(escaped(name).encode()), LONGEST_TEXT)
    _check("the specification of the job", len(spec), LONGEST_SPECIFICATION)
    _check("what one subjob has to itself", max(map(len, shares), default=0), LONGEST_SHARE)


def fitting_update(update: Update) -> Update:
    """The storable update with all text cut, and all times and counts moved, into the limits: news must not be lost."""
    return replace(
        update,
        records=tuple(map(fitting, update.records)),
        attempts=tuple(map(fitting, update.attempts)),
        events=tuple(map(fitting, update.events)),
        state=None if update.state is None else fitting(update.state),
    )


def fitting(struct: _Struct) -> _Struct:
    """The record, event or state with its text, times and counts within the limits."""
    # Of a native id nothing is cut, which would be that of another job: no back end may say such a long one.
    changes = {
        name: kept
        for name, value in asdict(struct).items()
        if name != "native_id" and (kept := _fitting(name, value)) is not value
    }
    return replace_fields(struct, **changes) if changes else struct


def fitting_text(text: str) -> str:
    """The storable text, or as much of it as fits in any case."""
    return text if len(escaped(text).encode()) <= LONGEST_TEXT else text[: LONGEST_TEXT // _WIDEST]


def _fitting(name: str, value: object) -> object:
    if isinstance(value, Identity):
        return fitting(value)
    if isinstance(value, str):
        # Words of ours are no plain text.
        return fitting_text(value) if type(value) is str else value
    if isinstance(value, float) and isfinite(value):
        return min(max(value, -FARTHEST), FARTHEST) if abs(value) > FARTHEST else value
    if isinstance(value, int) and name in _COUNTS:
        return min(max(value, 0), LARGEST_COUNT) if not 0 <= value <= LARGEST_COUNT else value
    return value


def _check(what: str, size: int, longest: int) -> None:
    if size > longest:
        raise UsageError(
            f"{what} takes {size:,} bytes, and the store keeps at most {longest:,}; "
            "put what is long into a file, and name that as an input"
        )
