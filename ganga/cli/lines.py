"""What ``--json`` prints: one object a line, with the same names as the records of the library."""

import re

import msgspec

from ganga.model.clock import Utc, rfc3339
from ganga.model.event import Event
from ganga.model.ids import parent_of
from ganga.model.job import JobRecord, TargetState
from ganga.model.step import Step

#: What JSON may hold as it is, and terminals take for commands, ends of lines, or turns of the direction of writing.
_CARRIED_OUT = re.compile(r"[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")

_TIMES = ("created_at", "submitted_at", "started_at", "ended_at", "silent_since")


def job_object(record: JobRecord, state: TargetState | None) -> dict[str, object]:
    """A job as a JSON object; times are UTC, RFC 3339."""
    members = msgspec.structs.asdict(record)
    members["parent"] = parent_of(record.id)
    for name in _TIMES:
        members[name] = _time(members[name])
    members["confirmed_at"] = _time(record.confirmed(state))
    return members


def event_object(event: Event) -> dict[str, object]:
    """An event as a JSON object."""
    return {**msgspec.structs.asdict(event), "at": rfc3339(event.at)}


def step_object(step: Step) -> dict[str, object]:
    """A step of a job as a JSON object."""
    return {**msgspec.structs.asdict(step), "at": rfc3339(step.at)}


def print_object(members: object) -> None:
    """Print one line, at once, for whoever reads along; at a terminal nothing in it is carried out."""
    print(_CARRIED_OUT.sub(_escape, msgspec.json.encode(members).decode()), flush=True)


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def _time(at: Utc | None) -> str | None:
    return None if at is None else rfc3339(at)
