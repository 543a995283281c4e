"""Each verb of a back end is told with the number of jobs that it is about, and does what it did."""

from collections.abc import Awaitable, Callable, Collection

import pytest

from ganga.backends.base import Submission
from ganga.model.ids import JobId, NativeId, Tag, TargetName
from ganga.model.job import JobSpec
from ganga.monitor.border import Border
from ganga.monitor.instruments import Call, Outcome
from ganga.monitor.observed import ObservedBorder
from ganga.testing.backend import ScriptedFeed
from ganga.testing.world import Script
from tests.monitor.doubles import scripted
from tests.monitor.test_instruments import Record

SITE = TargetName("site")
IDS = [NativeId("a"), NativeId("b")]
TAGS = [Tag("x"), Tag("y"), Tag("z")]


class Tidy(ScriptedFeed):
    """A back end with all verbs."""

    def __init__(self) -> None:
        super().__init__(lambda: 0.0, lambda _: Script(running=5.0), latency=0.0)

    async def discard(self, ids: Collection[NativeId], /) -> None:
        assert ids


VERBS: dict[str, tuple[int, Callable[[Border], Awaitable[object]]]] = {
    "submit": (1, lambda border: border.submit([Submission(JobId("1"), Tag("x"), JobSpec(command=("true",)))])),
    "find": (3, lambda border: border.find(TAGS)),
    "poll": (2, lambda border: border.poll(IDS)),
    "changes": (0, lambda border: border.changes(None)),
    "kill": (2, lambda border: border.kill(IDS)),
    "fetch": (0, lambda border: border.fetch([])),
    "discard": (2, lambda border: border.discard(IDS)),
}


@pytest.mark.parametrize("verb", VERBS)
async def test_each_verb_is_told_and_answers_as_before(verb: str) -> None:
    record, (jobs, call) = Record(), VERBS[verb]
    assert await call(ObservedBorder(SITE, Tidy(), record)) == await call(Border(Tidy()))
    assert record.works == [(Call(SITE, verb, jobs), Outcome.OK)]


async def test_what_a_back_end_does_not_have_is_not_told() -> None:
    record = Record()
    await ObservedBorder(SITE, scripted(), record).discard(IDS)
    await ObservedBorder(SITE, Tidy(), record).discard([])
    assert record.works == []


def test_none_is_forgotten() -> None:
    verbs = {name for name in vars(Border) if not name.startswith("_")}
    assert verbs == set(VERBS) == {name for name in vars(ObservedBorder) if not name.startswith("_")}
