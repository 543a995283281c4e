"""When a refusal is believed that may be a failure. Pure.

DiracX 0.7 says ``JDL syntax error`` whatever goes wrong while it writes new jobs down: a description that it does not
take, and a database that fails (``diracx.logic.jobs.submission``). The one stays, and the other goes.
"""

from typing import Final

#: In the refusals that may be failures.
_DOUBTFUL: Final = "JDL syntax error"
#: Seconds for which it is said before it is believed: longer than the restart of a database.
LASTING: Final = 90.0
#: Seconds after which it is said anew.
_FORGOTTEN: Final = 900.0


class Doubt:
    """About one server; the time is an argument."""

    def __init__(self) -> None:
        self._began: float | None = None
        self._heard = 0.0

    def dispelled(self) -> None:
        """The server has taken a job: it can write."""
        self._began = None

    def about(self, refusal: str, now: float) -> bool:
        """Whether this refusal is not believed yet."""
        if _DOUBTFUL not in refusal:
            return False
        if self._began is None or now - self._heard > _FORGOTTEN:
            self._began = now
        self._heard = now
        return now - self._began < LASTING
