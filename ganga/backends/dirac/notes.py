"""What is known of jobs beside what the servers tell, whichever road that comes by."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from ganga.backends.dirac.ends import Ends
from ganga.backends.dirac.others import Others
from ganga.backends.dirac.road import JobState
from ganga.model.ids import NativeId

#: Is told which jobs were asked for by number, and what the servers know of them.
Heard: TypeAlias = Callable[[Collection[NativeId], Mapping[NativeId, JobState]], Awaitable[None]]


async def _unheard(_asked: Collection[NativeId], _states: Mapping[NativeId, JobState], /) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class Notes:
    """Goes from one back end to the next when the road is changed."""

    ends: Ends = field(default_factory=Ends)
    others: Others = field(default_factory=Others)
    heard: Heard = _unheard
