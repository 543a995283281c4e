"""What LSF has in its mind: the JSON of ``bjobs``, with jobs that ended lately.

Its exit code proves nothing: it depends on the site's settings. The JSON does, if it is whole; lines such as ``Cannot
connect to LSF. Please wait ...`` may stand before it. Times are not read: they have no year and no zone.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

from ganga.backends.batch.dialect import Entry, Listing
from ganga.backends.batch.shell import Reply
from ganga.backends.lsf import ids, states
from ganga.backends.lsf.states import Line
from ganga.model.ids import NativeId

#: The columns without widths: nothing is cut off.
_COLUMNS: Final = ("jobid", "jobindex", "stat", "exit_code", "exit_reason", "job_name")
QUESTION: Final = ("bjobs", "-a", "-json", "-o", " ".join(_COLUMNS))

#: What it says without JSON where there is nothing to tell, on a line of its own.
_NOTHING: Final = re.compile(
    r"^(?:No (?:unfinished |matching )?job found|Job <[0-9]+(?:\[[0-9]+\])?> is not found)\.?\s*$", re.MULTILINE
)
_BEGIN: Final = re.compile(r"^\s*\{", re.MULTILINE)
#: A record that has this key says that there is no such job.
_DENIAL: Final = "ERROR"
_TASKS: Final = re.compile(r"\[[0-9,:%-]*\]$")

#: Names may hold characters that JSON has to write in another way.
_DECODER: Final = json.JSONDecoder(strict=False)


def read(reply: Reply) -> Listing:
    """Raises `BackendUnavailable` and `BackendProtocolError`."""
    begin = _BEGIN.search(reply.text)
    if begin is not None:
        return dict(_entries(reply, _records(reply, reply.text[begin.end() - 1 :])))
    if _NOTHING.search(reply.text) or _NOTHING.search(reply.complaint):
        return {}
    raise reply.unavailable()


def _records(reply: Reply, text: str) -> list[object]:
    """All of them, if there are as many as it says; denials may be counted or not."""
    try:
        document, _ = _DECODER.raw_decode(text)
    except (ValueError, RecursionError) as error:
        raise reply.unreadable(f"whole JSON ({error})") from error
    records, count = document.get("RECORDS"), str(document.get("JOBS"))
    if not isinstance(records, list) or not re.fullmatch("[0-9]{1,9}", count) or len(records) < int(count):
        raise reply.unreadable("JOBS and as many RECORDS")
    return records


def _entries(reply: Reply, records: list[object]) -> Iterator[tuple[NativeId, Entry]]:
    for record in records:
        if not isinstance(record, dict):
            raise reply.unreadable("records of jobs")
        if _DENIAL in record:
            continue
        job, index, state, code, reason, name = (_text(reply, record, column.upper()) for column in _COLUMNS)
        native_id = ids.told(job, index)
        if native_id is None or not state:
            raise reply.unreadable("the ids and states of jobs")
        name = _TASKS.sub("", name) if "[" in native_id else name
        yield native_id, Entry(name, states.told(Line(state, code, reason)))


def _text(reply: Reply, record: Mapping[str, object], key: str) -> str:
    value = record.get(key)
    if not isinstance(value, str):
        raise reply.unreadable(f"records with {', '.join(_COLUMNS)} as texts")
    return value.strip()
