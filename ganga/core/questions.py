"""The questions that are out, and which of their answers were overtaken by newer ones."""

from collections.abc import Iterable

from ganga.model.clock import Monotonic
from ganga.model.ids import NativeId
from ganga.model.job import JobRecord
from ganga.model.observation import Observation


class Questions:
    """Sweeps and feeds overlap, so an answer may be older than what is already known.

    A live status from a question that was asked before the one which told the present status is not news. An end is an
    end whenever it was asked for.
    """

    __slots__ = ("_asked_at", "_feeding", "_number", "_told_by", "_unspoken")

    def __init__(self) -> None:
        self._number = 0
        self._feeding: int | None = None
        self._asked_at: dict[int, Monotonic] = {}
        self._unspoken: dict[int, set[NativeId]] = {}
        self._told_by: dict[NativeId, Monotonic] = {}

    @property
    def feeding(self) -> bool:
        """Whether a question for what is new is out."""
        return self._feeding is not None

    def ask(self, now: Monotonic, ids: Iterable[NativeId] | None = None) -> int:
        """A question about these jobs, or for what is new, goes out; returns its number."""
        self._number += 1
        self._asked_at[self._number] = now
        if ids is None:
            self._feeding = self._number
        else:
            self._unspoken[self._number] = set(ids)
        return self._number

    def close(self, number: int) -> None:
        """The question is answered to the end, or has failed."""
        self._asked_at.pop(number, None)
        self._unspoken.pop(number, None)
        if number == self._feeding:
            self._feeding = None
        if not self._asked_at:
            self._told_by.clear()

    def unspoken(self, number: int, seen: Iterable[NativeId]) -> set[NativeId]:
        """The jobs asked for that no part of the answer has spoken of so far, this part included."""
        unspoken = self._unspoken.get(number, set())
        unspoken.difference_update(seen)
        return unspoken

    def heard(self, number: int, native_id: NativeId) -> None:
        """The answer to this question told something new of the job."""
        if len(self._asked_at) > 1 and number in self._asked_at:
            self._told_by[native_id] = self._asked_at[number]

    def outdated(self, number: int, native_id: NativeId, seen: Observation, record: JobRecord) -> bool:
        """Whether what this question's answer says of the job has been overtaken."""
        told_by = self._told_by.get(native_id)
        if told_by is None or seen.status.final or seen.restart > record.restart:
            return False
        return self._asked_at.get(number, told_by) < told_by
