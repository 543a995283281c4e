"""What the record of a job says about it."""

import logging
import os
from collections.abc import Iterable

from msgspec import ValidationError, convert
from msgspec.structs import replace

from ganga.backends.local import processes, spool
from ganga.errors import BackendUnavailable
from ganga.model.clock import Utc
from ganga.model.ids import NativeId
from ganga.model.observation import Answer, Observation
from ganga.model.status import JobStatus

_log = logging.getLogger(__name__)

_QUEUED = Observation(status=JobStatus.SUBMITTED, native_status="queued")


class Evidence:
    """Reads the records of many jobs; blocking, to be called in a thread."""

    def __init__(self, places: spool.Places) -> None:
        self._places = places
        self._reported: set[str] = set()

    def answer(self, tags: Iterable[NativeId]) -> Answer:
        """What is so, and which of these are surely not there. Raises `BackendUnavailable`."""
        seen: dict[NativeId, Observation] = {}
        absent: set[NativeId] = set()
        for tag in tags:
            try:
                observation = self._observe(tag)
            except FileNotFoundError:
                absent.add(tag)
            except (spool.Damaged, ValidationError) as damage:
                self._report(tag, damage)
            except OSError as error:
                raise BackendUnavailable(f"the records of local jobs cannot be read: {error}") from error
            else:
                if observation is not None:
                    seen[tag] = observation
        if absent:
            insist_on(self._places)
        return Answer(seen, frozenset(absent))

    def _observe(self, tag: NativeId) -> Observation | None:
        """None if nothing can be said, because it belongs to another machine or is just being claimed.

        Raises `FileNotFoundError` if it is not there.
        """
        path = self._places.record(tag)
        with open(path, "rb") as file:
            record = spool.parse(path, file.read())
        if record.end is not None:
            return _final(record)
        if record.launched is None:
            return _QUEUED
        if record.launched.boot != processes.machine()[1]:
            return None
        return Observation(status=JobStatus.RUNNING, native_status="running", started_at=Utc(record.launched.at))

    def _report(self, tag: NativeId, damage: Exception) -> None:
        """Once for each job."""
        if tag not in self._reported:
            self._reported.add(tag)
            _log.warning("nothing is concluded from the record of %s: %s", tag, damage)


def insist_on(places: spool.Places) -> None:
    """Nothing follows from a job that is not there if its surroundings are not there either. Raises
    `BackendUnavailable`.
    """
    if not os.path.isdir(places.jobs):
        raise BackendUnavailable(f"the folder of local jobs, {places.jobs}, is gone")


def _final(record: spool.Record) -> Observation:
    end = convert(record.end, Observation)
    if not end.status.final:
        raise spool.Damaged(f"{end.status} is no end")
    if end.started_at is None and record.launched is not None and record.main is not None:
        return replace(end, started_at=Utc(record.launched.at))
    return end
