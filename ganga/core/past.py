"""What is known of native ids that are not followed, so that nobody has to ask the store about them again."""

from collections import OrderedDict
from math import inf

from ganga.model.ids import NativeId


class Past:
    """Up to which run each native id is of no interest: our own up to the one that ended, those of others for ever.

    A feed tells of other jobs of the same user too, which may be many more than ours.
    """

    #: So many native ids are remembered; one that was forgotten costs a look into the store, and nothing else.
    MEMORY = 20_000

    __slots__ = ("_settled",)

    def __init__(self) -> None:
        self._settled: OrderedDict[NativeId, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._settled)

    def ended(self, native_id: NativeId, restart: int) -> None:
        """This run of a job of ours is over, and with it all runs before; whatever was said of it earlier."""
        self._remember(native_id, restart)

    def strange(self, native_id: NativeId) -> None:
        """The store knows no job of ours under this id."""
        self._remember(native_id, inf)

    def is_strange(self, native_id: NativeId) -> bool:
        """Whether the job is known to be another's."""
        return self._settled.get(native_id) == inf

    def concerns(self, native_id: NativeId, restart: int) -> bool:
        """Whether news of this run may be of a job of ours."""
        return self._settled.get(native_id, -1) < restart

    def _remember(self, native_id: NativeId, restart: float) -> None:
        self._settled[native_id] = restart
        self._settled.move_to_end(native_id)
        if len(self._settled) > self.MEMORY:
            self._settled.popitem(last=False)
