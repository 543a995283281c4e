"""The output of a job as far as its target shows it: as it is written, or only its end until the job has ended."""

import time

from ganga.backends.base import Tail
from ganga.cli.following import Echo
from ganga.cli.words import duration, safe, tell
from ganga.client import Client
from ganga.model.job import JobRecord

#: Seconds between two looks at the end of the output.
LOOK = 10.0


class Glimpses:
    """Prints the last lines of a running job whenever they are others, and all of its output once that is here."""

    def __init__(self, client: Client, echo: Echo) -> None:
        self._client = client
        self._echo = echo
        self._next = 0.0
        self._shown: str | None = None

    async def catch_up(self, record: JobRecord) -> None:
        """Print what is new. Raises what `Client.read` and `Client.peek` raise."""
        if self._all_is_here(record):
            if self._shown:
                tell(f"all of the output of job {record.id}:")
                self._shown = None
            await self._echo.catch_up(record)
        elif not record.status.polled or not await self._client.peeks(record):
            await self._echo.catch_up(record)
        elif time.monotonic() >= self._next:
            self._next = time.monotonic() + LOOK
            await self._peek(record)

    def _all_is_here(self, record: JobRecord) -> bool:
        return record.status.final or self._client.workspace.output(record.id, record.attempt).is_dir()

    async def _peek(self, record: JobRecord) -> None:
        tail = await self._client.peek(record)
        if tail.text == self._shown:
            return
        self._shown = tail.text
        tell(_title(record, tail))
        await self._echo.write(tail.text.encode())


def _title(record: JobRecord, tail: Tail) -> str:
    """What these lines are, and how old."""
    target = safe(record.target)
    if not tail.text:
        return f"job {record.id} has reported no output to {target} yet"
    age = "" if tail.at is None else f" {duration(time.time() - tail.at)} ago"
    return f"the last lines that job {record.id} reported to {target}{age}; all of its output comes when it has ended"
