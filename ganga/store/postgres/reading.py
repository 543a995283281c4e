"""What the PostgreSQL store reads: functions of a connection, each of one statement unless it says otherwise, and so of
one state of the database.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from ganga.model.event import Event
from ganga.model.ids import JobId, NativeId, Seq, TargetName, job_id
from ganga.model.job import JobRecord, JobSpec, Share, TargetState
from ganga.model.status import JobStatus
from ganga.store.base import Holder, Query
from ganga.store.keys import WHOLE, Key, key_of
from ganga.store.postgres import statements
from ganga.store.postgres.choosing import LARGEST, counting, selection
from ganga.store.postgres.text import Connection
from ganga.store.rows import Row, event_of, holder_of, record_of, state_of, status_of
from ganga.store.rules import check_kept, unknown
from ganga.store.storable import decode_share, decode_spec, storable_text

_BEFORE_ALL: Final[Key] = (0, WHOLE)
_decode_record = msgspec.json.Decoder(JobRecord).decode


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the rows of one owner over a connection."""

    connection: Connection
    owner: str

    async def get(self, jobs: Sequence[JobId]) -> list[JobRecord]:
        """See `Store.get`."""
        return known(jobs, await self.rows(statements.RECORDS, **places(list(map(key_of, jobs)))))

    async def select(self, query: Query, after: JobId | None, limit: int) -> list[JobRecord]:
        """See `Store.select`."""
        statement, values = selection(query, after, limit)
        return list(map(record_of, await self.rows(statement, **values)))

    async def count(self, query: Query) -> Mapping[JobStatus, int]:
        """See `Store.count`."""
        statement, values = counting(query)
        return {status_of(word): many for word, many in await self.rows(statement, **values)}

    async def specifications(self, jobs: Collection[JobId]) -> Mapping[JobId, tuple[JobSpec, Share]]:
        """See `Store.specifications`. Of two statements: a specification never changes, and is read once for each job
        of any number of subjobs.
        """
        keys = {key_of(job): job for job in jobs}
        shares = await self.rows(statements.SHARES, **places(list(keys)))
        numbers = sorted({number for number, _, _ in shares})
        specs = {number: decode_spec(text) for number, text in await self._specifications(numbers)}
        return {
            keys[number, index]: (specs[number], Share() if share is None else decode_share(share))
            for number, index, share in shares
            if number in specs
        }

    async def attempts(self, job: JobId) -> list[JobRecord]:
        """See `Store.attempts`."""
        number, index = key_of(job)
        rows = await self.rows(statements.ATTEMPTS, job=number, subjob=index)
        return [_decode_record(encoded) for (encoded,) in rows]

    async def events(self, after: Seq, limit: int, job: JobId | None) -> list[Event]:
        """See `Store.events`."""
        number, index = _BEFORE_ALL if job is None else key_of(job)
        of_job = statements.EVENTS_OF_FAMILY if index == WHOLE else statements.EVENTS_OF_ONE
        statement = statements.EVENTS if job is None else of_job
        rows = await self.rows(statement, after=min(after, LARGEST), limit=limit, job=number, subjob=index)
        check_kept(after, rows[0][0])
        return [event_of(row[1:]) for row in rows if row[1] is not None]

    async def last_seq(self) -> Seq:
        """See `Store.last_seq`."""
        return Seq((await self.rows(statements.LAST_SEQ))[0][0])

    async def live(self, target: TargetName, after: JobId | None, limit: int) -> list[JobRecord]:
        """See `Store.live`."""
        number, index = _BEFORE_ALL if after is None else key_of(after)
        rows = await self.rows(
            statements.LIVE_PAGE, target=storable_text(target), job=number, subjob=index, limit=limit
        )
        return list(map(record_of, rows))

    async def handed_over(self, target: TargetName) -> frozenset[JobId]:
        """See `Store.handed_over`."""
        rows = await self.rows(statements.HANDED_OVER, target=storable_text(target))
        return frozenset(job_id(number, None if index == WHOLE else index) for number, index in rows)

    async def families(
        self, target: TargetName, parents: Collection[JobId] | None
    ) -> dict[JobId, dict[JobStatus, int]]:
        """See `Store.families`."""
        statement = statements.LIVE_FAMILIES if parents is None else statements.FAMILIES
        numbers = [number for number, index in map(key_of, parents or ()) if index == WHOLE]
        families: dict[JobId, dict[JobStatus, int]] = {}
        for number, word, many in await self.rows(statement, target=storable_text(target), numbers=numbers):
            families.setdefault(job_id(number), {})[status_of(word)] = many
        return families

    async def concerned(self, job: JobId, after: JobId | None, limit: int) -> list[JobRecord]:
        """See `Store.concerned`."""
        number, index = key_of(job)
        behind = _BEFORE_ALL if after is None else key_of(after)
        rows = await self.rows(
            statements.CONCERNED,
            number=number,
            first=index,
            last=LARGEST if index == WHOLE else index,
            job=behind[0],
            subjob=behind[1],
            limit=limit,
        )
        return list(map(record_of, rows))

    async def ended(self, target: TargetName, native_ids: Collection[NativeId]) -> dict[NativeId, JobRecord]:
        """See `Store.ended`."""
        stored = {native_id: storable_text(native_id) for native_id in native_ids}
        rows = await self.rows(statements.ENDED, target=storable_text(target), native_ids=sorted(set(stored.values())))
        found: dict[str | None, JobRecord] = {record.native_id: record for record in map(record_of, rows)}
        return {native_id: found[text] for native_id, text in stored.items() if text in found}

    async def target_states(self) -> dict[TargetName, TargetState]:
        """See `Store.target_states`."""
        states = map(state_of, await self.rows(statements.STATES))
        return {state.name: state for state in states}

    async def holder(self, target: TargetName) -> Holder | None:
        """See `Store.holder`."""
        rows = await self.rows(statements.HOLDER, target=storable_text(target))
        return holder_of(rows[0]) if rows else None

    async def _specifications(self, numbers: list[int]) -> list[Row]:
        return await self.rows(statements.SPECIFICATIONS, numbers=numbers) if numbers else []

    async def rows(self, statement: str, **values: object) -> list[Row]:
        """What the statement gives, `owner` being one of its values."""
        cursor = await self.connection.execute(statement.encode(), {"owner": self.owner, **values})
        return await cursor.fetchall()


def known(jobs: Sequence[JobId], rows: Sequence[Row]) -> list[JobRecord]:
    """The records of the jobs, in rows of `statements.RECORDS`. Raises `UnknownJob`."""
    for job, row in zip(jobs, rows, strict=True):
        if row[0] is None:
            raise unknown(job)
    return list(map(record_of, rows))


def places(keys: Sequence[Key]) -> dict[str, object]:
    """The keys as two columns."""
    return {"numbers": [number for number, _ in keys], "indices": [index for _, index in keys]}
