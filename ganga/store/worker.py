"""A thread that owns a database connection, so that the event loop never waits for a disk."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Thread
from typing import Concatenate, ParamSpec, TypeVar

import msgspec

from ganga.store.rules import closed
from ganga.store.sqlite_errors import translated
from ganga.store.transaction import transaction

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")

_Errand = Callable[[sqlite3.Connection], None]


class Worker:
    """Does what it is given in turn, each errand in a transaction of its own.

    The thread is a daemon: a program that ends without closing its store never hangs on it, and what was not committed
    has not happened.
    """

    def __init__(self, location: str, begin: str, connect: Callable[[], sqlite3.Connection]) -> None:
        self._location = location
        self._begin = begin
        self._connect = connect
        self._errands: SimpleQueue[_Errand | None] = SimpleQueue()
        self._opened: Future[None] = Future()
        self._closed: Future[None] = Future()
        self._started = self._closing = False

    async def open(self) -> None:
        """Connect. Raises `StoreError`, and nothing may be asked then."""
        self._started = True
        Thread(target=self._serve, name=f"store {self._location}", daemon=True).start()
        await asyncio.wrap_future(self._opened)

    async def run(
        self,
        work: Callable[Concatenate[sqlite3.Connection, _Given], _Result],
        *given: _Given.args,
        **named: _Given.kwargs,
    ) -> _Result:
        """What `work` returns for the connection, once it is committed. Raises `StoreError`, and nothing has changed
        then.
        """
        if self._closing:
            raise closed(self._location)
        future: Future[_Result] = Future()

        def errand(connection: sqlite3.Connection) -> None:
            if future.set_running_or_notify_cancel():
                try:
                    with self._translating(), transaction(connection, self._begin):
                        result = work(connection, *given, **named)
                except BaseException as error:  # noqa: BLE001 - whoever waits is told, whatever it is
                    future.set_exception(error)
                else:
                    future.set_result(result)

        self._errands.put(errand)
        return await asyncio.wrap_future(future)

    async def close(self) -> None:
        """Finish what was given so far and disconnect; may be repeated."""
        if not self._closing:
            self._closing = True
            self._errands.put(None)
        if self._started:
            await asyncio.wrap_future(self._closed)

    def _serve(self) -> None:
        try:
            with self._translating():
                connection = self._connect()
        except BaseException as error:  # noqa: BLE001 - whoever opens the store is told, whatever it is
            self._opened.set_exception(error)
        else:
            self._opened.set_result(None)
            while (errand := self._errands.get()) is not None:
                errand(connection)
            connection.close()
        self._closed.set_result(None)

    @contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, msgspec.MsgspecError) as error:
            raise translated(error, self._location) from error
