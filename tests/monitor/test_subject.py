"""All that a monitor does is known to be of its target, and of no other."""

import asyncio
from collections.abc import Collection
from pathlib import Path

from ganga.model.ids import NativeId, TargetName
from ganga.model.observation import Answer
from ganga.monitor.subject import target_at_hand, works_for
from tests.monitor.doubles import Odd, Site, target, that, virtual


class Curious(Odd):
    """A back end that looks whom it works for."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[TargetName | None] = set()

    async def poll(self, ids: Collection[NativeId], /) -> Answer:
        self.found.add(target_at_hand())
        return await super().poll(ids)


@virtual
async def test_back_ends_are_called_for_their_target(tmp_path: Path) -> None:
    one, other = Curious(), Curious()
    site = Site(tmp_path, target("one", one), target("other", other))
    for name in site.targets:
        await site.create(name)
    async with site.service():
        await that(lambda: bool(one.found and other.found))
    assert (one.found, other.found) == ({TargetName("one")}, {TargetName("other")})
    assert target_at_hand() is None


async def test_a_task_inherits_it() -> None:
    async def child() -> TargetName | None:
        return target_at_hand()

    async def parent() -> TargetName | None:
        works_for(TargetName("slurm"))
        return await asyncio.create_task(child())

    assert await asyncio.create_task(parent()) == "slurm"
    assert target_at_hand() is None
