"""How things are said to people: ages, sizes, times, statuses; and text of any origin so that no terminal is harmed."""

import sys
import unicodedata
from datetime import datetime

from ganga.model.clock import Utc
from ganga.model.job import JobRecord, TargetState

_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_KILO = 1000


def safe(text: str) -> str:
    """The text with control characters, and marks that turn the direction of writing, shown as escapes."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible(character) for character in text)


def _visible(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    # Joined emoji need U+200D; all other invisible characters are shown by their numbers.
    if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and character != "\u200d":
        return character.encode("unicode_escape").decode()
    return character


def duration(seconds: float) -> str:
    """``42 s``, ``5 min``, ``3 h``, ``12 d``."""
    if seconds < _MINUTE:
        return f"{max(0, int(seconds))} s"
    if seconds < _HOUR:
        return f"{int(seconds / _MINUTE)} min"
    return f"{int(seconds / _HOUR)} h" if seconds < 2 * _DAY else f"{int(seconds / _DAY)} d"


def time_left(seconds: float) -> str:
    """``42 s``, ``5 min``, ``3 h 12 min``, ``12 d``: finer than `duration`, for what somebody has to be in time for."""
    hours, minutes = divmod(int(seconds / _MINUTE), 60)
    return f"{hours} h {minutes} min" if _HOUR <= seconds < 2 * _DAY else duration(seconds)


def clock_time(at: Utc, now: Utc) -> str:
    """``14:02`` of today, ``2026-01-09 14:02`` of another day, in the time zone of this machine."""
    then, today = datetime.fromtimestamp(at).astimezone(), datetime.fromtimestamp(now).astimezone()
    return f"{then:%H:%M}" if then.date() == today.date() else f"{then:%Y-%m-%d %H:%M}"


def day_time(at: Utc) -> str:
    """``2026-01-09 14:02:07``, in the time zone of this machine."""
    return f"{datetime.fromtimestamp(at).astimezone():%Y-%m-%d %H:%M:%S}"


def size(count: int) -> str:
    """Bytes, as ``4.2 MB``."""
    amount, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < _KILO:
            break
        amount, unit = amount / 1000, larger
    return f"{amount:.3g} {unit}"


def doubt(record: JobRecord, state: TargetState | None, now: Utc) -> str | None:
    """Why the status may be outdated: ``as of 14:02; slurm has not answered since 14:05``. None if it is not in
    doubt.
    """
    if not record.status.polled or state is None:
        return None
    known = record.confirmed(state)
    as_of = f"as of {clock_time(known, now)}" if known is not None else "not confirmed yet"
    if state.down_since is not None:
        return f"{as_of}; {safe(state.name)} has not answered since {clock_time(state.down_since, now)}"
    if record.silent_since is not None:
        return f"{as_of}; {safe(state.name)} has not spoken of it since {clock_time(record.silent_since, now)}"
    if state.paused:
        return f"{as_of}; {safe(state.name)} is paused"
    return None


def standing(record: JobRecord, state: TargetState | None, now: Utc) -> str:
    """The status and what is in doubt about it."""
    why = doubt(record, state, now)
    return f"{record.status}, {why}" if why else str(record.status)


def plural(count: int, word: str) -> str:
    """``1 job``, ``2,000 jobs``."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def tell(text: str) -> None:
    """Say something that is not the output of the command: on the standard error, at once."""
    print(said(text), file=sys.stderr, flush=True)


def said(text: str) -> str:
    """The lines by which `tell` says it."""
    return "\n".join(map(safe, f"ganga: {text}".split("\n")))
