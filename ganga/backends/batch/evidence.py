"""What follows from what the queue, the history and our own launcher say of one job.

The queue is asked first and is believed: it is what the system acts by. If it has a job and does not say how it is,
nobody knows: the job is as it was when something was last said of it. Of a job that it does not list, the history is
believed if it tells an end; a live status there is old news, which an end may follow for a while and none after that,
and so is a run that went before the newest. Where all that it tells is signal 9, the launcher may know that this was
the program's own end; and a success that the system may not have seen is none before the launcher says so, or for long
says nothing. Then the launcher's word that it has ended counts, unless the history tells of a later run.
Nothing but these makes an end, with two exceptions. A task that for long is not there when asked for, and never began,
was cancelled in the queue, where systems forget it without a trace; it takes that the system speaks of its siblings, or
has taken note of our own wish to kill it, and that a history, where there is one, was asked for it after its lag and
does not say that it began. And one that had begun, and whose launcher did not live to tell how it ended, was killed if
the system has taken note of that wish; so was one of which only the launcher tells that it was ended by a signal with
which systems kill.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from signal import SIGKILL, SIGTERM
from typing import Final

from msgspec.structs import replace

from ganga.backends.batch.dialect import Entry, Place
from ganga.backends.batch.shell import Reply
from ganga.model.clock import Utc
from ganga.model.observation import Observation
from ganga.model.status import JobStatus

#: Codes above this say by which signal a program was ended, where a shell tells them.
_SIGNALS: Final = 128
#: Of these programs die; a higher code than 128 that means none of them is the program's own.
_DEADLY: Final = frozenset({2, 3, 4, 6, 7, 8, 9, 11, 13, 14, 15, 24, 25, 31})
#: Any second of the next millennia.
_NUMBER: Final = re.compile(r"[0-9]{1,11}")
_CANCELLATION: Final = Observation(status=JobStatus.KILLED, native_status="gone", reason="cancelled before it started")
_WAITING: Final = frozenset({JobStatus.SUBMITTED, JobStatus.HELD})
#: With these systems end a job that is to be killed.
_KILLING: Final = frozenset({SIGTERM, SIGKILL})
_KILLED: Final = "it was killed"


class Trace(Enum):
    """What there is of a task in the folder of its batch, apart from a status."""

    #: The batch is there, and the task has not begun.
    NOT_BEGUN = "none"
    #: It has begun; of its launcher there is no whole word, as after a crash or on a full disk.
    BEGUN = "begun"
    #: The batch is not there: it is not ours, or its files were removed.
    NONE = "unknown"


Word = Observation | Trace


@dataclass(frozen=True, slots=True)
class Testimony:
    """What was said of one job."""

    queue: Observation | None = None
    #: Whether the queue has the job, also if it does not say how it is.
    listed: bool = False
    history: Observation | None = None
    #: What the launcher has written down; None if it could not be read.
    launcher: Word | None = None
    #: Whether the queue, and the history where there is one, have answered.
    heard: bool = False
    #: Whether the history tells a success that the system may not have seen.
    assumed: bool = False
    #: Whether the queue speaks of other tasks of the same array.
    siblings: bool = False
    #: Whether the system has taken note that we want it killed.
    kill_noted: bool = False
    #: Whether it has not been heard of, while the history answered, for so long that whatever there is of it would have
    #: come to light.
    settled: bool = False


class Verdict(Enum):
    """What follows if nothing is known of a job."""

    DENIED = "denied"
    SILENCE = "silence"


def judge(said: Testimony) -> Observation | Verdict:
    """What is so. A denial is no end."""
    if said.listed or said.queue is not None:
        return Verdict.SILENCE if said.queue is None else said.queue
    launcher = said.launcher if isinstance(said.launcher, Observation) else None
    if said.history is not None and is_doubtful(said.history):
        return _settle_doubt(said, said.history, launcher)
    if said.history is not None and said.assumed:
        return _settle_success(said, said.history, launcher)
    heard = [seen for seen in (said.history, launcher) if seen is not None]
    since = 0 if said.history is None else said.history.restart
    ends = [seen for seen in heard if seen.status.final and seen.restart >= since]
    if ends:
        end = max(ends, key=lambda seen: seen.restart)
        return _by_whom(end, said) if end is launcher else end
    late = said.history is not None and not said.settled
    if late or not said.heard or said.launcher is None:
        return Verdict.SILENCE
    return (_forgotten(said, launcher) if said.settled else None) or Verdict.DENIED


def _forgotten(said: Testimony, launcher: Observation | None) -> Observation | None:
    """The end of a task that for long is not there; None if that proves none. A history in which it runs knows better
    than that it never began. That it was put back into the queue is no run, if its launcher has not begun.
    """
    began = said.history is not None and said.history.status not in _WAITING
    if said.launcher is Trace.NOT_BEGUN and not began and (said.siblings or said.kill_noted):
        return _CANCELLATION
    if launcher is not None and not launcher.status.final and said.kill_noted:
        return replace(launcher, status=JobStatus.KILLED, native_status="gone", reason=_KILLED)
    return None


def recounted(entry: Entry, word: Word | None) -> Entry:
    """The entry with the launcher's count of runs, where the system's own is too high: who mixes the two takes the word
    of the newest run for that of an earlier one. A job of somebody else has the system's count only; of one whose
    launcher cannot be heard nothing is said yet.
    """
    if word is Trace.NONE or entry.seen is None:
        return entry
    if word is None:
        return entry._replace(seen=None)
    runs_again = word.restart if isinstance(word, Observation) else 0
    return entry._replace(seen=replace(entry.seen, restart=runs_again))


def is_doubtful(seen: Observation) -> bool:
    """Whether this end may be the program's own: some systems kill by signal 9, and do not write down that they did."""
    return seen.status is JobStatus.KILLED and seen.signal == SIGKILL


def _settle_doubt(said: Testimony, history: Observation, launcher: Observation | None) -> Observation | Verdict:
    """A launcher that could tell how its program ended was not killed with it. Its word may be late, since files that
    machines share lag.
    """
    if launcher is not None and launcher.status.final:
        by_itself = launcher.restart == history.restart and launcher.signal == SIGKILL and not said.kill_noted
        return launcher if by_itself or launcher.restart > history.restart else history
    waits = said.launcher is not Trace.NONE and not (said.kill_noted or said.settled)
    return Verdict.SILENCE if waits or said.launcher is None else history


def _by_whom(end: Observation, said: Testimony) -> Observation:
    """The end that the launcher tells: what a signal has ended was killed if the system has taken note of our wish."""
    by_our_kill = said.kill_noted and end.signal in _KILLING
    return replace(end, status=JobStatus.KILLED, reason=_KILLED) if by_our_kill else end


def _settle_success(said: Testimony, history: Observation, launcher: Observation | None) -> Observation | Verdict:
    """The launcher has seen the end, and tells it for sure. Without its word, which may be late, it was killed with its
    program, or could not write.
    """
    if launcher is not None and launcher.status.final and launcher.restart >= history.restart:
        return replace(_by_whom(launcher, said), peak_memory=history.peak_memory, cpu_time=history.cpu_time)
    if said.launcher is Trace.NONE:
        return history
    if said.launcher is None or not said.settled:
        return Verdict.SILENCE
    return replace(history, status=JobStatus.KILLED, exit_code=None, reason=_KILLED) if said.kill_noted else history


def read_standing(reply: Reply) -> Mapping[Place, Word]:
    """What the script ``standing`` has found. Raises `BackendUnavailable` and `BackendProtocolError`."""
    lines = reply.text.splitlines()
    if reply.exit_code != 0:
        raise reply.unavailable()
    if not lines or lines[-1] != "end":
        raise reply.unreadable("a list with an end")
    return dict(_standings(lines[:-1]))


def _standings(lines: Iterable[str]) -> Iterable[tuple[Place, Word]]:
    """A file that makes no sense says nothing."""
    for line in lines:
        job, _, rest = line.partition(" ")
        index, _, text = rest.partition(" ")
        word = read_status(text)
        if word is not None and index.isascii() and index.isdigit():
            yield Place(job, int(index)), word


def read_status(text: str) -> Word | None:
    """``running RESTART START``, ``ended RESTART START END CODE``, ``begun``, ``none``, ``unknown``, or None."""
    match text.split():
        case ["none"]:
            return Trace.NOT_BEGUN
        case ["begun"]:
            return Trace.BEGUN
        case ["unknown"]:
            return Trace.NONE
        case ["running", *numbers] if (read := _numbers(numbers, 2)) is not None:
            restart, begun = read
            return Observation(
                status=JobStatus.RUNNING, native_status="running", started_at=Utc(begun), restart=restart
            )
        case ["ended", *numbers] if (read := _numbers(numbers, 4)) is not None:
            return _end(*read)
        case _:
            return None


def _numbers(words: list[str], count: int) -> tuple[int, ...] | None:
    return tuple(map(int, words)) if len(words) == count and all(map(_NUMBER.fullmatch, words)) else None


def _end(restart: int, begun: int, ended: int, code: int) -> Observation:
    exit_code, signal = exit_of(code)
    return Observation(
        status=JobStatus.FAILED if code else JobStatus.COMPLETED,
        native_status="ended",
        exit_code=exit_code,
        signal=signal,
        started_at=Utc(begun),
        # By two readings of a clock that may have been set in between.
        ended_at=Utc(max(begun, ended)),
        restart=restart,
    )


def exit_of(code: int) -> tuple[int | None, int | None]:
    """The exit code or the signal that a shell means: it cannot tell ``exit 137`` from an end by signal 9."""
    signal = code - _SIGNALS
    return (None, signal) if signal in _DEADLY else (code, None)
