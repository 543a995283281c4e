"""All or nothing, also where the connection is lost while a transaction is being committed.

What is asked of a transaction goes to the server together with its end, as one message: no lock waits for this process
meanwhile. The transaction signs for itself in the row of its writer. If nobody says whether it was committed, that row
does, over another connection, and to whichever server has taken the place of the first.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from secrets import token_hex
from typing import Final, TypeVar

import psycopg
from psycopg.errors import InsufficientPrivilege
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

from ganga.errors import StoreError, StoreUnavailable
from ganga.model.ids import Seq
from ganga.store.postgres import statements
from ganga.store.postgres.acting import Acting
from ganga.store.postgres.deadline import Deadline
from ganga.store.postgres.failures import is_passing
from ganga.store.postgres.link import Link
from ganga.store.postgres.queueing import Links, Queue
from ganga.store.postgres.text import Connection

_Result = TypeVar("_Result")
_Work = Callable[["Transaction"], Awaitable[_Result]]

#: The part of the time that is left after which the answer to a COMMIT is no longer waited for, but looked for.
_SHARE: Final = 0.5
_PAUSE: Final = 0.1


class NotCommitted(psycopg.OperationalError):
    """The connection was lost and nothing has happened: the same may be done again."""


class Writer:
    """Writes for one owner, one transaction after the other."""

    def __init__(self, links: Links, acting: Acting) -> None:
        self.acting = acting
        self.id = token_hex(8)
        self.queue = Queue(links)
        #: The number of the last transaction that was begun.
        self.written = 0

    async def run(self, work: _Work[_Result], *, moving: bool = False) -> _Result:
        """What the work returns, which ends with `Transaction.commit`; only with `moving` also during a move of the
        store. Raises `StoreError`.
        """

        async def write(link: Link, since: float) -> _Result:
            async def errand(connection: Connection, deadline: Deadline) -> _Result:
                self.written += 1
                transaction = Transaction(self, link, connection, deadline, moving=moving)
                try:
                    return await work(transaction)
                except InsufficientPrivilege:
                    await transaction.end()
                    connection = await link.connected(deadline)
                    with deadline.cuts(connection):
                        await self.acting.check(connection)
                    raise
                finally:
                    await transaction.end()

            return await link.run(errand, since)

        return await self.queue.run_over(write)

    async def close(self) -> None:
        """Finish, and take the row of this writer away; where that cannot be done, another does it in some days."""
        if self.written and self.queue.links.alive and not self.queue.links.read_only:
            with suppress(StoreError):
                # All that was asked has been done.
                await self.queue.run(self._sign_off)
        await self.queue.close()

    async def _sign_off(self, connection: Connection, _deadline: Deadline) -> None:
        await connection.execute(statements.SIGN_OFF, (self.acting.owner, self.id))


class Transaction:
    """One of a `Writer`."""

    def __init__(self, writer: Writer, link: Link, connection: Connection, deadline: Deadline, *, moving: bool) -> None:
        self.owner = writer.acting.owner
        self.writer = writer.id
        self.connection = connection
        self._link = link
        self._for_itself = writer.acting.for_itself
        self._deadline = deadline
        self._number = writer.written
        self._moving = moving
        # Not to be asked of a connection that was lost.
        self._backend = connection.info.backend_pid
        self._pipeline = AsyncExitStack()
        self._sent: psycopg.AsyncPipeline | None = None
        self._tells = self._begun = self._ended = False
        #: The number of the last event that was committed; None if there is none.
        self.last_told: Seq | None = None

    async def execute(
        self, statement: str, values: Sequence[object] | Mapping[str, object] = ()
    ) -> psycopg.AsyncCursor[TupleRow]:
        """Ask something whose answer is not waited for."""
        if not self._begun:
            self._begun = True
            self._sent = await self._pipeline.enter_async_context(self.connection.pipeline())
            await self.connection.execute("BEGIN")
            await self.connection.execute(statements.SIGN, (self.owner, self.writer, self._number))
            if not self._moving:
                await self.connection.execute(statements.NOT_MOVING, (self.owner,))
        return await self.connection.execute(statement.encode(), values)

    async def rows(self, statement: str, values: Sequence[object] | Mapping[str, object] = ()) -> list[TupleRow]:
        """The answer to something, which decides on what is asked next.

        Only behind a synchronisation does the server know that it waits for this process, and for how long it may.
        """
        cursor = await self.execute(statement, values)
        if self._sent is not None:
            await self._sent.sync()
        return await cursor.fetchall()

    def takes(self, seconds: float) -> None:
        """This may take so much longer than most."""
        self._deadline.extend(seconds)

    def tells(self) -> None:
        """Events are written: whoever waits is told."""
        self._tells = True

    async def commit(self) -> int | None:
        """What came of it, as its statements have written down. Raises `psycopg.Error`, and nothing has happened; or
        `StoreUnavailable` whose text says that this could not be found out.
        """
        outcome = await self._committed()
        if self._tells and outcome is not None:
            self.last_told = Seq(outcome)
        return outcome

    async def end(self) -> None:
        """Undo what was not committed."""
        if not self._begun or self._ended:
            return
        self._ended = True
        with suppress(psycopg.Error):
            # Told already, to whoever asked for it.
            await self._pipeline.aclose()
        failed = self.connection.info.transaction_status is not TransactionStatus.INTRANS
        with suppress(psycopg.Error):
            # So that nothing stays locked until the server sees that a connection has gone.
            await self.connection.execute("ROLLBACK", prepare=False)
        if failed:
            # Of statements behind the one that failed psycopg believes that they are prepared, though the server has
            # passed them by: there is no use in this connection.
            await self.connection.close()

    async def _committed(self) -> int | None:
        try:
            with self._deadline.cuts(self.connection, share=_SHARE):
                return await self._commit()
        except psycopg.Error as error:
            self._ended = self.connection.closed
            if not self._ended:
                raise
            return await self._found_out(error)

    async def _commit(self) -> int | None:
        asked = statements.OUTCOME if self._for_itself else statements.OUTCOME_IF_TRUSTED
        outcome = await self.execute(asked, (self.owner, self.writer))
        if self._tells:
            await self.execute(statements.NOTIFY, (self.owner,))
        await self.execute("COMMIT")
        await self._pipeline.aclose()
        self._ended = True
        return _number(await outcome.fetchone())

    async def _found_out(self, error: psycopg.Error) -> int | None:
        """What came of it, asked over another connection."""
        while self._deadline.left > 0:
            try:
                connection = await self._link.connected(self._deadline)
                with self._deadline.cuts(connection):
                    await connection.execute(statements.END_BACKEND, (self._backend, self._link.name))
                    found = await connection.execute(statements.SIGNED, (self.owner, self.writer))
                    row = await found.fetchone()
            except psycopg.Error as again:
                if not is_passing(again):
                    break
                await asyncio.sleep(min(_PAUSE, self._deadline.left))
            else:
                if row is not None and row[0] == self._number:
                    return _number(row[1:])
                raise NotCommitted("the connection was lost before the transaction was committed") from error
        raise StoreUnavailable(
            f"the store {self._link.location} went away while it was being written: whether that was written is "
            "not known; look at the job, or at the list of jobs, before you try again"
        ) from error


def _number(row: TupleRow | None) -> int | None:
    """What stands in a row of one column, if anything does."""
    return None if row is None or row[0] is None else int(row[0])
