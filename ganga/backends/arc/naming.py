"""The names of our jobs there: the listing has only ids, so that each job is asked for its name once."""

from collections.abc import Collection, Mapping

from ganga.backends.arc.replies import text
from ganga.backends.arc.service import Service
from ganga.backends.arc.states import ALL, name_in


class Names:
    """Remembers the name of each job that is still listed."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._known: dict[str, str] = {}

    async def listed(self) -> Mapping[str, tuple[str, str]]:
        """All jobs of ours, each with its name and its state now. Of one that goes meanwhile nothing is said."""
        states = await self._service.listed(ALL)
        self._known = {job: name for job, name in self._known.items() if job in states}
        await self._learn(states.keys() - self._known.keys())
        return {job: (self._known[job], state) for job, state in states.items() if job in self._known}

    async def _learn(self, jobs: Collection[str]) -> None:
        """All in one question; then each of those of which nothing has been written down yet."""
        entries = await self._service.told("info", jobs) if jobs else {}
        for job in jobs:
            name = text(entries[job].document.name) if job in entries else ""
            if not name:
                local = await self._service.diagnosed(job, "local")
                if local is None:
                    continue
                name = name_in(local)
            self._known[job] = name
