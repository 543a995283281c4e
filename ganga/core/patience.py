"""How long a denial is borne before a job is given up as lost.

One denial is nothing: schedulers forget and remember, accounting lags, a fail-over answers from an old copy. Only an
absence that lasts, over several answers *and* some time, is believed.
"""

from collections.abc import Collection

from ganga.model.clock import Monotonic
from ganga.model.ids import NativeId
from ganga.model.policy import Patience


class Absences:
    """The denials of one target's jobs so far; a job that is seen again starts anew."""

    __slots__ = ("_patience", "_since")

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._since: dict[NativeId, tuple[Monotonic, int]] = {}

    def __len__(self) -> int:
        return len(self._since)

    def __contains__(self, native_id: NativeId) -> bool:
        return native_id in self._since

    def seen(self, native_ids: Collection[NativeId]) -> None:
        """There is evidence of these jobs: their denials are forgotten."""
        if self._since:
            for native_id in native_ids:
                self._since.pop(native_id, None)

    def denied(self, native_id: NativeId, now: Monotonic) -> bool:
        """The job was asked for and denied. True when patience is at its end."""
        first, count = self._since.get(native_id, (now, 0))
        self._since[native_id] = (first, count + 1)
        return count + 1 >= self._patience.denials and now - first >= self._patience.seconds
