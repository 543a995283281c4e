"""DIRAC's client in this process: questions are put in threads, and what changes something in a helper."""

from collections.abc import Mapping
from typing import Final

from ganga.backends.dirac.client import calls
from ganga.backends.dirac.client.process import LONGEST_TRANSFER, STARTED_WITHIN, THREADS, TRANSFERS, Helper
from ganga.backends.pool import ThreadPool
from ganga.errors import BackendUnavailable

_START: Final = "start"


class Threads:
    """A thread that hangs cannot be ended, and DIRAC's client tries again by itself after ten minutes: a submission
    that everybody has given up could happen then. So only questions are put here.
    """

    def __init__(self, helper: Helper, *, timeout: float) -> None:
        timeouts = {_START: STARTED_WITHIN}
        self._pool = ThreadPool("DIRAC's client", threads=THREADS, timeout=timeout, timeouts=timeouts)
        self._files = ThreadPool("DIRAC's client", threads=TRANSFERS, timeout=timeout + LONGEST_TRANSFER)
        self._helper = helper

    def __repr__(self) -> str:
        return f"<Threads {self._pool!r}>"

    @property
    def stuck_threads(self) -> int:
        """See `Strained`."""
        return self._pool.stuck_threads + self._files.stuck_threads + self._helper.stuck_threads

    async def start(self) -> None:
        """Load DIRAC. Raises `BackendUnavailable`."""
        try:
            await self._pool.call(_START, calls.start)
        except BackendUnavailable:
            raise
        except Exception as error:
            raise BackendUnavailable(f"DIRAC cannot be loaded: {type(error).__name__}: {error}") from error

    async def call(
        self, title: str, question: Mapping[str, object], *, safe: bool, transfer: float | None = None
    ) -> bytes:
        """See `Helper.call`."""
        if safe:
            return await (self._files if transfer else self._pool).call(title, calls.answer, question)
        return await self._helper.call(title, question, safe=False, transfer=transfer)

    async def close(self) -> None:
        """Leave threads that hang to themselves, and end the helper."""
        self._pool.close()
        self._files.close()
        await self._helper.close()
