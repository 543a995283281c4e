"""One count now and then, where there is one to be had."""

from collections.abc import Mapping

from ganga.backends.dirac.census import ONE_IN, Census
from ganga.backends.dirac.road import Refused
from tests.backends.dirac.scripted_road import ScriptedRoad, down


class Counting(ScriptedRoad):
    """A road whose servers count what the test says."""

    def __init__(self, counts: Mapping[str, int] | None) -> None:
        super().__init__()
        self.counted = counts

    async def counts(self, *, owner: str) -> Mapping[str, int] | None:
        await super().counts(owner=owner)
        return self.counted


async def of_many(census: Census, questions: int) -> list[int | None]:
    return [await census.living("alice") for _ in range(questions)]


async def test_one_question_in_a_dozen_counts_what_lives() -> None:
    road = Counting({"Running": 2, "Stalled": 1, "Completed": 1, "Done": 50, "Deleted": 3, "Meditating": 4})
    answers = await of_many(Census(road), 2 * ONE_IN)
    assert answers == ([None] * (ONE_IN - 1) + [8]) * 2
    assert len(road.calls) == 2


async def test_servers_that_cannot_count_are_asked_once() -> None:
    road = Counting(None)
    assert await of_many(Census(road), 5 * ONE_IN) == [None] * (5 * ONE_IN)
    assert len(road.calls) == 1


async def test_a_count_that_fails_is_none_and_costs_no_news() -> None:
    road = Counting({"Running": 1})
    road.goes_wrong("counts", down(), Refused("no such column"))
    answers = await of_many(Census(road), 3 * ONE_IN)
    assert [answer for answer in answers if answer is not None] == [1]
