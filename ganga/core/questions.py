"""The questions that are out, and which of their answers were overtaken by newer ones."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from ganga.model.ids import NativeId
from ganga.model.job import JobRecord
from ganga.model.observation import Observation


@dataclass(slots=True)
class _Question:
    #: Jobs asked for of which no part of the answer has spoken yet.
    unspoken: set[NativeId]
    #: Jobs of which a question asked later has told news already.
    overtaken: set[NativeId] = field(default_factory=set)
    #: How much news it has told so far.
    changes: int = 0


class Questions:
    """Sweeps and feeds overlap, so an answer may be older than what is already known.

    A live status from a question that was asked before the one which told the present status is not news. An end is an
    end whenever it was asked for.
    """

    __slots__ = ("_feed", "_number", "_open")

    def __init__(self) -> None:
        self._number = 0
        self._feed: int | None = None
        self._open: dict[int, _Question] = {}

    @property
    def feeding(self) -> bool:
        """Whether a question for what is new is out."""
        return self._feed is not None

    def ask(self, ids: Iterable[NativeId]) -> int:
        """A question about these jobs goes out; returns its number."""
        self._number += 1
        self._open[self._number] = _Question(set(ids))
        return self._number

    def feed(self) -> int:
        """A question for what is new goes out; returns its number."""
        self._feed = self.ask(())
        return self._feed

    def close(self, number: int) -> int | None:
        """The question is answered to the end, or has failed: how many jobs it told news of. None if it was not out."""
        if number == self._feed:
            self._feed = None
        question = self._open.pop(number, None)
        return None if question is None else question.changes

    def unspoken(self, number: int, seen: Iterable[NativeId]) -> set[NativeId]:
        """The jobs asked for that no part of the answer has spoken of so far, this part included."""
        question = self._open.get(number)
        if question is None:
            return set()
        question.unspoken.difference_update(seen)
        return question.unspoken

    def heard(self, number: int, native_id: NativeId) -> None:
        """The answer to this question told something new of the job."""
        for other, question in self._open.items():
            if other < number:
                question.overtaken.add(native_id)
            elif other == number:
                question.changes += 1

    def outdated(self, number: int, native_id: NativeId, seen: Observation, record: JobRecord) -> bool:
        """Whether what this question's answer says of the job has been overtaken."""
        question = self._open.get(number)
        if question is None or native_id not in question.overtaken:
            return False
        return not seen.status.final and seen.restart <= record.restart
