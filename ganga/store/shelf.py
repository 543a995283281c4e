"""Where the in-memory store keeps its jobs, in order."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ganga.model.ids import JobId, job_id
from ganga.model.job import JobRecord, JobSpec, Share
from ganga.store.keys import WHOLE, Key, key_of
from ganga.store.portion import StoredJob
from ganga.store.rules import unknown


@dataclass(frozen=True, slots=True)
class Stored:
    """A job with its subjobs: their records, the job's own first."""

    spec: JobSpec
    #: Of each subjob.
    shares: list[Share]
    records: list[JobRecord]

    def behind(self, index: int) -> Iterator[JobRecord]:
        """The records from behind this index on; the job's own has the index `WHOLE`."""
        return (self.records[place] for place in range(index - WHOLE + 1, len(self.records)))


class Shelf:
    """The jobs by number. Numbers are given once, whatever is removed."""

    def __init__(self) -> None:
        self._jobs: dict[int, Stored] = {}
        #: The largest number that was given.
        self.last = 0

    def next_number(self) -> int:
        """The number of the next job that is put here."""
        return self.last + 1

    def put(self, number: int, job: Stored) -> None:
        """Keep a new job."""
        self._jobs[number] = job
        self.last = number

    def load(self, job: StoredJob) -> bool:
        """Keep a job or subjob that comes from elsewhere. Returns False, and leaves all as it is, if it is here."""
        if self.find(job.record.id) is not None:
            return False
        number, _ = key_of(job.record.id)
        if job.spec is not None:
            in_order = not self._jobs or number > next(reversed(self._jobs))
            self._jobs[number] = Stored(job.spec, [], [job.record])
            self._jobs = self._jobs if in_order else dict(sorted(self._jobs.items()))
        else:
            self._jobs[number].records.append(job.record)
            self._jobs[number].shares.append(job.share)
        return True

    def remove(self, number: int) -> None:
        """Forget a job."""
        del self._jobs[number]

    def job(self, number: int) -> Stored:
        """The job with this number, which must be here."""
        return self._jobs[number]

    def find(self, job: JobId) -> JobRecord | None:
        """The record of a job or subjob, or None if it is not here."""
        number, index = key_of(job)
        stored = self._jobs.get(number)
        place = index - WHOLE
        return stored.records[place] if stored is not None and place < len(stored.records) else None

    def get(self, job: JobId) -> JobRecord:
        """The record of a job or subjob. Raises `UnknownJob`."""
        record = self.find(job)
        if record is None:
            raise unknown(job)
        return record

    def replace(self, record: JobRecord) -> None:
        """Keep this record in place of the one with the same id."""
        number, index = key_of(record.id)
        self._jobs[number].records[index - WHOLE] = record

    def family(self, job: JobId) -> list[JobRecord]:
        """The records of a job and its subjobs; of a subjob, only its own. Raises `UnknownJob`."""
        record = self.get(job)
        return [record] if record.subjobs is None else self._jobs[int(job)].records

    def newest_first(self, after: Key | None) -> Iterator[JobRecord]:
        """All records, newest job first, each with its subjobs behind it, from behind this place on."""
        return self._walk(reversed(self._jobs), after, newest_first=True)

    def oldest_first(self, after: Key | None) -> Iterator[JobRecord]:
        """All records by number and index, from behind this place on."""
        return self._walk(self._jobs, after, newest_first=False)

    def whole(self, job: JobId) -> JobRecord:
        """The record of the job that a subjob belongs to, or of the job itself."""
        return self.get(job_id(key_of(job)[0]))

    def _walk(self, numbers: Iterable[int], after: Key | None, *, newest_first: bool) -> Iterator[JobRecord]:
        for number in numbers:
            if after is None or (number < after[0] if newest_first else number > after[0]):
                yield from self._jobs[number].records
            elif number == after[0]:
                yield from self._jobs[number].behind(after[1])
