"""What a back end says has the types of its contract, or is not believed at all."""

from collections.abc import Mapping, Sequence
from math import inf, nan
from pathlib import Path
from typing import cast

import pytest
from msgspec.structs import replace

from ganga.backends.base import Backend, Finding, Receipts, Retrieval, Retrieved, Submission
from ganga.errors import BackendProtocolError
from ganga.model.clock import Utc
from ganga.model.ids import Cursor, JobId, NativeId, Tag
from ganga.model.job import JobSpec
from ganga.model.observation import Answer, Observation
from ganga.model.status import JobStatus
from ganga.monitor.border import LONGEST_ID, PORTION, Border
from ganga.testing.backend import ScriptedBackend, ScriptedFeed
from tests.monitor.doubles import now, virtual

N1, T1, T2 = NativeId("n1"), Tag("t1"), Tag("t2")
RUNNING = Observation(status=JobStatus.RUNNING, native_status="R")


class Says:
    """A back end that gives the same reply to everything."""

    def __init__(self, reply: object) -> None:
        self._reply = reply

    async def __call__(self, *_: object) -> object:
        return self._reply

    submit = find = poll = kill = fetch = changes = __call__


def border(reply: object) -> Border:
    return Border(cast("Backend", Says(reply)))


def observed(**fields: object) -> Answer:
    return Answer({N1: replace(RUNNING, **fields)})


@pytest.mark.parametrize(
    "reply",
    [
        None,
        {},
        "completed",
        Answer(cast("Mapping[NativeId, Observation]", None)),
        Answer(cast("Mapping[NativeId, Observation]", [N1])),
        Answer({}, cast("frozenset[NativeId]", [N1])),
        Answer({cast("NativeId", 17): RUNNING}),
        Answer({N1: cast("Observation", "R")}),
        Answer({N1: cast("Observation", None)}),
        observed(status="running"),
        observed(status="exploded"),
        observed(status=JobStatus.LOST),
        observed(status=JobStatus.NEW),
        observed(status=JobStatus.COMPLETING),
        observed(native_status=None),
        observed(native_status=b"R"),
        observed(exit_code="0"),
        observed(signal=9.0),
        observed(reason=5),
        observed(restart=None),
        observed(place=7),
        observed(peak_memory="1 GB"),
        observed(cpu_time="1 s"),
        observed(started_at="yesterday"),
        observed(started_at=nan),
        observed(ended_at=inf),
        observed(ended_at=-1.0),
        observed(ended_at=1.8e15),
    ],
)
async def test_an_answer_that_is_none_is_refused(reply: object) -> None:
    with pytest.raises(BackendProtocolError, match=r"poll.*expected .*, found .*report this bug"):
        await border(reply).poll([N1])
    with pytest.raises(BackendProtocolError, match=r"changes.*expected .*, found"):
        await border(reply).changes(None)


async def test_a_cursor_is_text() -> None:
    with pytest.raises(BackendProtocolError, match="cursor"):
        await border(Answer(cursor=cast("Cursor", 5))).changes(None)


async def test_a_count_is_a_number_and_comes_through() -> None:
    with pytest.raises(BackendProtocolError, match="living"):
        await border(Answer(living=cast("int", "5"))).changes(None)
    assert (await border(Answer(living=5)).changes(None)).living == 5


async def test_a_good_answer_passes_as_a_copy() -> None:
    full = Observation(
        status=JobStatus.FAILED,
        native_status="F",
        exit_code=True,
        signal=9,
        reason="no",
        started_at=Utc(5),
        ended_at=Utc(7.5),
        place="node7",
        peak_memory=2**70,
        cpu_time=1.5,
        restart=3,
    )
    said = {NativeId(str(number)): full if number % 2 else RUNNING for number in range(PORTION + 1)}
    answer = Answer(said, frozenset({N1}), Cursor("c"))
    heard = await border(answer).changes(Cursor("b"))
    assert heard == answer
    said.clear()
    assert len(heard.seen) == PORTION + 1


@pytest.mark.parametrize(
    "reply",
    [
        None,
        Receipts(cast("Mapping[Tag, NativeId]", None)),
        Receipts({T1: cast("NativeId", 17)}),
        Receipts({cast("Tag", 1): N1}),
        Receipts({T1: N1, T2: N1}),
        Receipts({T1: NativeId("n" * (LONGEST_ID + 1))}),
        Receipts({}, {T1: cast("str", None)}),
        Receipts({}, cast("Mapping[Tag, str]", [T1])),
    ],
)
async def test_receipts_that_are_none_are_refused(reply: object) -> None:
    with pytest.raises(BackendProtocolError, match="submit"):
        await border(reply).submit([])


@pytest.mark.parametrize(
    "reply",
    [
        None,
        Finding(cast("Mapping[Tag, NativeId]", [T1])),
        Finding({T1: N1, T2: N1}),
        Finding({T1: NativeId("n" * (LONGEST_ID + 1))}),
        Finding({}, cast("frozenset[Tag]", [T1])),
    ],
)
async def test_findings_that_are_none_are_refused(reply: object) -> None:
    with pytest.raises(BackendProtocolError, match="find"):
        await border(reply).find([T1])


@pytest.mark.parametrize(
    "reply",
    [
        None,
        [Retrieved()],
        {N1: None},
        {N1: Retrieved(missing=cast("tuple[str, ...]", "*.root"))},
        {N1: Retrieved(missing=cast("tuple[str, ...]", (5,)))},
        {N1: Retrieved(error=cast("str", 5))},
    ],
)
async def test_retrievals_that_are_none_are_refused(reply: object) -> None:
    with pytest.raises(BackendProtocolError, match="fetch"):
        await border(reply).fetch([])


@virtual
async def test_good_replies_pass() -> None:
    backend = ScriptedBackend(now)
    guard = Border(backend)
    receipts = await guard.submit([Submission(JobId("1"), T1, JobSpec(command=("true",)))])
    assert receipts.accepted.keys() == {T1}
    native_id = receipts.accepted[T1]
    assert await guard.find([T1, T2]) == Finding({T1: native_id}, frozenset({T2}))
    await guard.kill([native_id])
    await guard.discard([native_id])
    assert backend.calls == [("submit", 1), ("find", 2), ("kill", 1)], "it has no verb to discard"


async def test_what_was_fetched_passes(tmp_path: Path) -> None:
    brought: Sequence[Retrieval] = [Retrieval(N1, (), tmp_path)]
    reply = {N1: Retrieved(missing=("*.root",)), NativeId("n2"): Retrieved(error="gone")}
    assert await border(reply).fetch(brought) == reply


async def test_what_is_home_may_be_discarded() -> None:
    class Tidy(Says):
        discarded: Sequence[NativeId] | None = None

        async def discard(self, ids: Sequence[NativeId], /) -> None:
            self.discarded = ids

    tidy = Tidy(None)
    await Border(cast("Backend", tidy)).discard([])
    assert tidy.discarded is None
    await Border(cast("Backend", tidy)).discard([N1])
    assert tidy.discarded == [N1]


@virtual
async def test_only_a_feed_is_asked_for_what_is_new() -> None:
    with pytest.raises(BackendProtocolError, match="no verb `changes`"):
        await Border(ScriptedBackend(now)).changes(None)
    assert (await Border(ScriptedFeed(now)).changes(None)).cursor is not None
