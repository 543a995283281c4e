"""What the files of a job say about it."""

import logging
import os
from collections.abc import Iterable

from msgspec import DecodeError
from msgspec.json import Decoder

from ganga.backends.local import processes, spool
from ganga.errors import BackendUnavailable
from ganga.model.clock import Utc
from ganga.model.ids import NativeId
from ganga.model.observation import Answer, Observation
from ganga.model.status import JobStatus

_log = logging.getLogger(__name__)

_QUEUED = Observation(status=JobStatus.SUBMITTED, native_status="queued")


class Evidence:
    """Reads the files of many jobs; blocking, to be called in a thread."""

    def __init__(self, jobs: str) -> None:
        self._jobs = jobs
        self._end = Decoder(Observation)
        self._reported: set[str] = set()

    def answer(self, ids: Iterable[NativeId]) -> Answer:
        """What is so, and which of these are surely not there. Raises `BackendUnavailable`."""
        seen: dict[NativeId, Observation] = {}
        absent: set[NativeId] = set()
        for native_id in ids:
            folder = f"{self._jobs}/{native_id}"
            try:
                observation = self._observe(folder)
            except spool.Damaged as damage:
                self._report(str(damage))
                continue
            except OSError as error:
                raise BackendUnavailable(f"the files of local jobs cannot be read: {error}") from error
            if observation is not None:
                seen[native_id] = observation
            elif not os.path.isdir(folder):
                absent.add(native_id)
        if absent and not os.path.isdir(self._jobs):
            raise BackendUnavailable(f"the folder of local jobs, {self._jobs}, is gone")
        return Answer(seen, frozenset(absent))

    def _observe(self, folder: str) -> Observation | None:
        """None if nothing can be said, because it is not there or belongs to another machine."""
        end = self._read_end(folder)
        if end is not None:
            return end
        started = spool.read_started(folder)
        if started is None:
            return _QUEUED if os.path.isdir(folder) else None
        if started.boot != processes.machine()[1]:
            return None
        return Observation(status=JobStatus.RUNNING, native_status="running", started_at=Utc(started.at))

    def _read_end(self, folder: str) -> Observation | None:
        path = f"{folder}/{spool.ENDED}"
        try:
            with open(path, "rb") as file:
                end = self._end.decode(file.read())
        except FileNotFoundError:
            return None
        except DecodeError as error:
            raise spool.Damaged(f"{path} is damaged: {error}") from error
        if not end.status.final:
            raise spool.Damaged(f"{path} is damaged: {end.status} is no end")
        return end

    def _report(self, damage: str) -> None:
        """Once for each file."""
        if damage not in self._reported:
            self._reported.add(damage)
            _log.warning("%s; nothing is concluded from it", damage)
