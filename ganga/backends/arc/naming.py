"""The names of our jobs there: the listing has only ids, so that each job is asked for its name once."""

from collections.abc import Mapping

from ganga.backends.arc.replies import text
from ganga.backends.arc.service import Service
from ganga.backends.arc.states import ALL, EARLY, name_in


class Names:
    """Remembers the name of each job that is still listed."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._known: dict[str, str] = {}

    async def listed(self) -> Mapping[str, tuple[str | None, str]]:
        """All jobs of ours, each with its name and its state now. A job whose description has not been looked at there
        yet has a name that nobody knows, which is None.
        """
        states = await self._service.listed(ALL)
        self._known = {job: name for job, name in self._known.items() if job in states}
        await self._learn({job: state for job, state in states.items() if job not in self._known})
        return {job: (self._known.get(job), state) for job, state in states.items()}

    async def _learn(self, states: Mapping[str, str]) -> None:
        """All in one question; then each of those of which nothing has been written down yet."""
        entries = await self._service.told("info", states) if states else {}
        for job, state in states.items():
            name = text(entries[job].document.name) if job in entries else ""
            if not name:
                name = name_in(await self._service.diagnosed(job, "local") or "")
            if name or state not in EARLY:
                self._known[job] = name
