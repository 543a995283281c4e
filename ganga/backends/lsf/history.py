"""What is written down: the events of each job in ``bhist -l``, for those that ``bjobs`` has forgotten.

Long lines are broken, and go on behind blanks, so that nothing that stands in a command looks like an event. A block is
whole if its summary is there. The end of a job counts if no event follows it but those that are known to change
nothing: a job may be put back into the queue after its end.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from ganga.backends.batch.dialect import Entry, Listing
from ganga.backends.batch.shell import Reply
from ganga.backends.lsf.states import Line, observation
from ganga.model.ids import NativeId

#: All files of events, not only the newest; jobs whosever they are.
QUESTION: Final = ("bhist", "-n", "0", "-l", "-u", "all")

_UNKNOWN: Final = re.compile(r"^No matching job found\.?\s*$", re.MULTILINE)
_HEAD: Final = re.compile(r"^Job <([1-9][0-9]{0,18}(?:\[[1-9][0-9]{0,9}\])?)>,", re.MULTILINE)
_SUMMARY: Final = re.compile(r"^Summary of time in seconds spent in various states", re.MULTILINE)
_EVENT: Final = re.compile(r"^\w{3} \w{3} +[0-9]{1,2} [0-9:]{8}(?: [0-9]{4})?: (.*)$", re.MULTILINE)
_DONE: Final = re.compile(r"Done successfully\.")
_EXIT: Final = re.compile(r"Exited(?: with exit code (?P<code>[0-9]{1,3})| by signal (?P<signal>[0-9]{1,2}))\.")
_COMPLETED: Final = re.compile(r"Completed <exit>(?:; (?P<why>TERM_[A-Z_]+.*))?")
_HARMLESS: Final = re.compile(r"Post job process |External Message ")
_SIGNALS: Final = 128


def read(reply: Reply) -> Listing:
    """Raises `BackendUnavailable` and `BackendProtocolError`."""
    heads = list(_HEAD.finditer(reply.text))
    if not heads:
        if _UNKNOWN.search(reply.text) or _UNKNOWN.search(reply.complaint):
            return {}
        raise reply.unavailable() if reply.exit_code else reply.unreadable("the events of jobs")
    return dict(_entries(reply.text, heads))


def _entries(text: str, heads: list[re.Match[str]]) -> Iterator[tuple[NativeId, Entry]]:
    """Of a job that is told twice, or that has not ended, nothing is said."""
    ids = [head[1] for head in heads]
    stops = [head.start() for head in heads[1:]] + [len(text)]
    for head, stop in zip(heads, stops, strict=True):
        block = text[head.end() : stop]
        summary = _SUMMARY.search(block)
        if summary is None or ids.count(head[1]) > 1:
            continue
        line = _last(event[1] for event in _EVENT.finditer(block, 0, summary.start()))
        if line is not None and (seen := observation(line)).status.final:
            yield NativeId(head[1]), Entry("", seen)


def _last(events: Iterable[str]) -> Line | None:
    """The end with which the events close."""
    end: Line | None = None
    for event in events:
        if _DONE.match(event):
            end = Line("DONE", "0", "")
        elif (exited := _EXIT.match(event)) is not None:
            end = Line("EXIT", exited["code"] or str(_SIGNALS + int(exited["signal"])), "")
        elif (completed := _COMPLETED.match(event)) is not None:
            end = Line("EXIT", "" if end is None else end.code, completed["why"] or "")
        elif not _HARMLESS.match(event):
            end = None
    return end
