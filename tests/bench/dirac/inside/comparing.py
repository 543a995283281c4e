"""A loop that asks for what is new and compares; the standard library alone."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

#: How servers write times, but that some have a T in the middle; those of one server are in the order of time.
TIME = "%Y-%m-%d %H:%M:%S"
OWNER = "alice"

_WORDS = ("Status", "MinorStatus", "ApplicationStatus")

#: A job in the words of the server, its time without a zone.
Row = Mapping[str, str]
#: All jobs that were updated since then, by their numbers.
Ask = Callable[[datetime], Awaitable[Mapping[str, Row]]]


class Comparing:
    """Asks for what is new since the newest that was seen, less an overlap of so many seconds, and compares."""

    def __init__(self, ask: Ask, overlap: float) -> None:
        self._ask = ask
        self._overlap = timedelta(seconds=overlap)
        self._newest = (datetime.now(UTC) - timedelta(minutes=1)).strftime(TIME)
        self._known: dict[str, list[str]] = {}

    async def cycle(self) -> int:
        """How many jobs have news."""
        told = 0
        for job, row in (await self._ask(datetime.fromisoformat(self._newest) - self._overlap)).items():
            words = [row[name] for name in _WORDS]
            told += self._known.get(job) != words
            self._known[job] = words
            self._newest = max(self._newest, row["LastUpdateTime"])
        return told


def question(columns: Sequence[str], since: datetime) -> dict[str, object]:
    """A search of DiracX for all of the owner's jobs that were updated since then; it compares whole seconds."""
    later = (since - timedelta(seconds=1)).strftime(TIME)
    return {
        "parameters": columns,
        "search": [
            {"parameter": "Owner", "operator": "eq", "value": OWNER},
            {"parameter": "LastUpdateTime", "operator": "gt", "value": later},
        ],
        "sort": [{"parameter": column, "direction": "asc"} for column in ("LastUpdateTime", "JobID")],
    }
