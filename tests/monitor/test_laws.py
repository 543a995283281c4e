"""A hung, failing, flooding or badly written back end costs only itself: others go on, its jobs do not end, and it is
told.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import cast

import pytest

from ganga.backends.base import Finding, Receipts, Retrieval, Retrieved, Submission
from ganga.errors import BackendUnavailable
from ganga.model.event import EventKind
from ganga.model.ids import NativeId, Tag
from ganga.model.observation import Answer, Observation
from ganga.model.status import JobStatus
from tests.monitor.doubles import Odd, Site, deaf, now, scripted, target, virtual

R = Observation(status=JobStatus.RUNNING, native_status="R")
LOST = Observation(status=JobStatus.LOST, native_status="?")
COMPLETED = Observation(status=JobStatus.COMPLETED, native_status="CD", exit_code=0)

#: What is said instead of an answer.
Say = Callable[[Collection[NativeId]], Awaitable[object]]


async def hangs(_: Collection[NativeId]) -> object:
    return await asyncio.get_running_loop().create_future()


async def is_deaf(_: Collection[NativeId]) -> object:
    await deaf()
    raise AssertionError


async def fails(_: Collection[NativeId]) -> object:
    raise BackendUnavailable("no route to host")


async def raises(_: Collection[NativeId]) -> object:
    raise TypeError("'NoneType' object is not subscriptable")


async def quits(_: Collection[NativeId]) -> object:
    raise SystemExit(1)


async def cancels_itself(_: Collection[NativeId]) -> object:
    raise asyncio.CancelledError


async def says_nothing(_: Collection[NativeId]) -> object:
    return None


async def numbers(ids: Collection[NativeId]) -> object:
    return Answer({cast("NativeId", number): COMPLETED for number, _ in enumerate(ids)})


async def words(ids: Collection[NativeId]) -> object:
    return Answer(dict.fromkeys(ids, cast("Observation", "COMPLETED")))


async def gives_up(ids: Collection[NativeId]) -> object:
    return Answer(dict.fromkeys(ids, LOST))


class Moody(Odd):
    """A back end that answers strangely while it is in a mood."""

    def __init__(self, mood: Say | None) -> None:
        super().__init__()
        self.mood = mood

    async def poll(self, ids: Collection[NativeId], /) -> Answer:
        if self.mood is None:
            return await super().poll(ids)
        return cast("Answer", await self.mood(ids))


@pytest.mark.parametrize(
    ("mood", "error"),
    [
        (hangs, "no answer within 5 seconds"),
        (is_deaf, "no answer within 5 seconds"),
        (fails, "no route to host"),
        (raises, "a bug in the back end: TypeError"),
        (quits, "tried to end the program"),
        (cancels_itself, "cancelled its own call"),
        (says_nothing, "expected Answer, found None"),
        (numbers, "found {0: Observation"),
        (words, ": 'COMPLETED'}"),
        (gives_up, "found <JobStatus.LOST"),
    ],
)
@virtual
async def test_it_costs_only_itself_and_is_told(mood: Say, error: str, tmp_path: Path) -> None:
    bad = Moody(mood)
    site = Site(tmp_path, target("bad", bad), target("good", scripted()))
    async with site.service():
        theirs, ours = await site.create("bad"), await site.create("good")
        assert (await site.until(ours, within=20.0)).status is JobStatus.COMPLETED
        await asyncio.sleep(120.0)
        assert (await site.get(theirs)).status is JobStatus.SUBMITTED, "no job ends by it"
        state = await site.state("bad")
        assert state.down_since is not None
        assert error in (state.error or "")
        assert await site.story("bad") == [EventKind.TARGET_DOWN]
        bad.mood = None
        assert (await site.until(theirs)).status is JobStatus.COMPLETED
        assert await site.story("bad") == [EventKind.TARGET_DOWN, EventKind.TARGET_UP]
        assert (await site.state("bad")).down_since is None
        assert await site.story("good") == []
        began = now()
    assert now() - began < 10.0, "closing does not wait for the hung"


@virtual
async def test_calls_that_are_deaf_are_counted_and_limited(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    bad = Moody(is_deaf)
    site = Site(tmp_path, target("bad", bad))
    async with site.service():
        await site.create("bad")
        await asyncio.sleep(30.0)
        assert 0 < (await site.state("bad")).stuck_threads < 16
        await asyncio.sleep(600.0)
        state = await site.state("bad")
        assert state.stuck_threads == 16
        assert state.down_since is not None
    assert "is left behind" in caplog.text


@virtual
async def test_strained_threads_are_stored_with_the_target_and_taken_back(tmp_path: Path) -> None:
    class Strained(Odd):
        stuck_threads = 3

    bad = Strained()
    site = Site(tmp_path, target("bad", bad))
    async with site.service():
        await site.create("bad")
        await asyncio.sleep(3.0)
        assert (await site.state("bad")).stuck_threads == 3
        bad.stuck_threads = 0
        await asyncio.sleep(3.0)
        assert (await site.state("bad")).stuck_threads == 0


@virtual
async def test_a_flood_of_foreign_jobs_drowns_nobody(tmp_path: Path) -> None:
    flood = {NativeId(f"foreign {number}"): COMPLETED for number in range(100_000)}

    class Flooding(Odd):
        async def poll(self, ids: Collection[NativeId], /) -> Answer:
            answer = await super().poll(ids)
            return Answer({**flood, **answer.seen}, answer.absent | flood.keys())

    site = Site(tmp_path, target("bad", Flooding()), target("good", scripted()))
    async with site.service():
        theirs, ours = await site.create("bad", 20), await site.create("good", 20)
        assert (await site.until(ours)).status is JobStatus.COMPLETED
        assert (await site.until(theirs)).status is JobStatus.COMPLETED
    assert await site.story("bad") == []


@virtual
async def test_one_that_holds_the_loop_is_named(tmp_path: Path) -> None:
    class Napping(Odd):
        async def poll(self, ids: Collection[NativeId], /) -> Answer:
            self.nap()
            return await super().poll(ids)

        def nap(self) -> None:
            awake_at = time.monotonic() + 60.0
            while not named() and time.monotonic() < awake_at:
                time.sleep(0.05)

    def named() -> bool:
        return any("in nap" in hold.culprit for hold in service.watchdog.holds)

    site = Site(tmp_path, target("bad", Napping()), target("good", scripted()))
    async with site.service() as service:
        theirs, ours = await site.create("bad"), await site.create("good")
        assert (await site.until(ours)).status is JobStatus.COMPLETED
        assert (await site.until(theirs)).status is JobStatus.COMPLETED
        assert named()


class Muddled(Odd):
    """A back end that takes jobs and hands out strange receipts, until it comes to its senses."""

    def __init__(self, muddle: Callable[[Receipts], object]) -> None:
        super().__init__()
        self.muddle: Callable[[Receipts], object] | None = muddle

    async def submit(self, batch: Sequence[Submission], /) -> Receipts:
        receipts = await super().submit(batch)
        return receipts if self.muddle is None else cast("Receipts", self.muddle(receipts))

    async def find(self, tags: Collection[Tag], /) -> Finding:
        if self.muddle is not None and len(self.sane.world):
            raise BackendUnavailable("ask later")
        return await super().find(tags)


@pytest.mark.parametrize(
    "muddle",
    [
        lambda _: None,
        lambda receipts: Receipts(dict.fromkeys(receipts.accepted, NativeId("1"))),
        lambda receipts: Receipts({tag: cast("NativeId", 7) for tag in receipts.accepted}),
        lambda receipts: Receipts({Tag(f"not {tag}"): native_id for tag, native_id in receipts.accepted.items()}),
        lambda receipts: Receipts({}, {Tag(f"not {tag}"): "who is that?" for tag in receipts.accepted}),
        lambda _: Receipts(),
    ],
)
@virtual
async def test_strange_receipts_neither_lose_nor_double_a_job(
    muddle: Callable[[Receipts], object], tmp_path: Path
) -> None:
    bad = Muddled(muddle)
    site = Site(tmp_path, target("bad", bad))
    async with site.service():
        job = await site.create("bad", 3)
        await asyncio.sleep(60.0)
        assert (await site.get(job)).status is JobStatus.SUBMITTING
        assert len(bad.sane.world) == 3
        bad.muddle = None
        assert (await site.until(job)).status is JobStatus.COMPLETED
    assert set(bad.sane.world.accepted.values()) == {1}


@virtual
async def test_a_submission_that_is_both_accepted_and_refused_is_there(tmp_path: Path) -> None:
    bad = Muddled(lambda receipts: Receipts(receipts.accepted, dict.fromkeys(receipts.accepted, "no")))
    site = Site(tmp_path, target("bad", bad))
    async with site.service():
        assert (await site.until(await site.create("bad"))).status is JobStatus.COMPLETED


@virtual
async def test_output_that_is_not_spoken_of_is_asked_for_again_and_given_up_at_last(tmp_path: Path) -> None:
    class Forgetful(Odd):
        async def fetch(self, retrievals: Sequence[Retrieval], /) -> Mapping[NativeId, Retrieved]:
            await super().fetch(retrievals)
            return {NativeId("another"): Retrieved()}

    site = Site(tmp_path, target("bad", Forgetful()))
    async with site.service():
        record = await site.until(await site.create("bad"))
        assert record.status is JobStatus.COMPLETED
        assert "output missing" in (record.reason or "")
        assert "did not speak of it" in (record.reason or "")
