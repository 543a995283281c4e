"""What follows from replies of `slurmrestd` that no server here gives when it is wanted."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from http import HTTPStatus

import aiohttp
import msgspec
import pytest

from ganga.backends.batch.road import News
from ganga.backends.slurm.rest.client import Answered, Place, RestClient
from ganga.backends.slurm.rest.road import RestRoad
from ganga.backends.slurm.rest.token import Token
from ganga.model.ids import NativeId
from ganga.model.status import JobStatus
from tests.backends.batch.listings import said_of
from tests.backends.slurm.rest.test_replies import number, recorded

SEVEN = NativeId("7")


@dataclass
class Controller:
    """What the server says next, and what was asked."""

    clock: int = 100
    state: str = "RUNNING"
    unchanged: bytes | None = None
    status: int = 200
    version: str = "v0.0.42"
    #: What it says to orders to end a job.
    ended: bytes = b"{}"
    #: The only one of times that it reads, if there is but one.
    form: str | None = None
    #: Seconds that it takes to tell of all jobs.
    takes: float = 0.0
    asked: list[str] = field(default_factory=list)

    def answer(self, path: str) -> Answered:
        self.asked.append(path)
        if path.startswith("job/"):
            return Answered(200, self.ended)
        if self.status != HTTPStatus.OK:
            return Answered(self.status, b"")
        if path == "diag":
            return Answered(200, msgspec.json.encode({"statistics": {"req_time": self.clock}}))
        if self.form is not None and "update_time" in path and path != f"jobs?update_time={self.form}{self.clock}":
            return Answered(422, b'{"errors": [{"description": "Parsing of 100 for timestamp failed"}]}')
        if "update_time" in path and self.unchanged is not None:
            return Answered(304 if not self.unchanged else 200, self.unchanged)
        return Answered(200, msgspec.json.encode({"jobs": [{"job_id": 7, "job_state": self.state}]}))


class ScriptedClient(RestClient):
    def __init__(self, session: aiohttp.ClientSession, controller: Controller, clock: "Clock | None" = None) -> None:
        super().__init__(session, Place("there", "http://localhost", ""), _no_token, 1.0)
        self._controller = controller
        self._clock = clock or Clock()
        self._version = controller.version

    async def ask(self, method: str, path: str) -> Answered:
        del method
        answered = self._controller.answer(path)
        self._clock.now += self._controller.takes if answered.status == HTTPStatus.OK and path != "diag" else 0.0
        return answered


async def _no_token() -> Token:
    return Token("a.b.c", "alice")


@pytest.fixture
def controller() -> Controller:
    return Controller()


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def road(controller: Controller, clock: Clock) -> AsyncIterator[RestRoad]:
    async with aiohttp.ClientSession() as session:
        yield RestRoad(ScriptedClient(session, controller, clock), now=clock)


async def status(road: RestRoad) -> JobStatus | None:
    entry = (await road.listing()).get(SEVEN)
    return None if entry is None else said_of(entry).status


@pytest.mark.parametrize(
    "unchanged", [b"", msgspec.json.encode({"jobs": [], "last_update": number(0)})], ids=["22.05", "24.11"]
)
async def test_nothing_new_leaves_all_as_it_is(road: RestRoad, controller: Controller, unchanged: bytes) -> None:
    controller.unchanged = unchanged
    for _ in range(3):
        assert await status(road) is JobStatus.RUNNING
    assert controller.asked == ["diag", "jobs", "jobs?update_time=100", "jobs?update_time=100"]


async def test_what_happened_as_the_list_was_made_is_asked_for_again(
    road: RestRoad, controller: Controller, clock: Clock
) -> None:
    for clock.now in (0.0, 5.9, 10.0):
        await road.listing()
    assert controller.asked == ["diag", "jobs", "jobs?update_time=100", "jobs?update_time=105"]


async def test_a_clock_that_is_set_back_is_not_believed_to_bring_no_news(
    road: RestRoad, controller: Controller, clock: Clock
) -> None:
    await road.listing()
    clock.now, controller.clock, controller.state, controller.unchanged = 30.0, 129, "FAILED", b""
    assert await status(road) is JobStatus.FAILED
    assert controller.asked[-1] == "jobs"


async def test_an_empty_list_is_a_list(road: RestRoad, controller: Controller) -> None:
    await road.listing()
    controller.unchanged = b'{"jobs": []}'
    assert await road.listing() == {}


async def test_a_road_that_fails_is_closed_for_a_while_and_misses_news_of_all_jobs(
    road: RestRoad, controller: Controller, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    assert (await road.news(None, [SEVEN])).told[SEVEN].status is JobStatus.RUNNING
    controller.status = 500
    for _ in range(3):
        news = await road.news(None, [SEVEN])
        assert not news.told
        assert news.missed == {SEVEN}
        assert await road.listing() == {}
        assert await road.kill([SEVEN]) == []
    assert controller.asked == ["diag", "jobs", "jobs?update_time=100", "jobs?update_time=uts100"]
    clock.now, controller.status = 30.0, 200
    assert await status(road) is JobStatus.RUNNING
    assert controller.asked[-1] == "jobs"
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


async def test_news_are_told_once(road: RestRoad, controller: Controller) -> None:
    assert (await road.news(None, [NativeId("8")])).told == {}
    assert set((await road.news(None, [SEVEN])).told) == {SEVEN}
    assert (await road.news(None, [SEVEN])).told == {}
    controller.state = "FAILED"
    assert (await road.news(None, [SEVEN])).told[SEVEN].status is JobStatus.FAILED


@pytest.mark.parametrize(("takes", "pause"), [(0.1, 1.0), (0.5, 5.0), (4.0, 15.0)])
async def test_news_that_took_long_are_not_asked_for_at_once_again(
    road: RestRoad, controller: Controller, clock: Clock, takes: float, pause: float
) -> None:
    controller.takes = takes
    assert (await road.news(None, [SEVEN])).told[SEVEN].status is JobStatus.RUNNING
    told_at, controller.state = clock.now, "FAILED"
    clock.now = told_at + pause - 0.01
    assert await road.news(None, [SEVEN]) == News()
    assert controller.asked == ["diag", "jobs"]
    clock.now = told_at + pause + 0.01
    assert (await road.news(None, [SEVEN])).told[SEVEN].status is JobStatus.FAILED


async def test_a_pause_holds_up_no_question_for_all_jobs_and_hides_no_closed_road(
    road: RestRoad, controller: Controller
) -> None:
    controller.takes = 4.0
    await road.news(None, [SEVEN])
    controller.state = "FAILED"
    assert await status(road) is JobStatus.FAILED
    controller.status = 500
    assert await status(road) is None
    assert (await road.news(None, [SEVEN])).missed == {SEVEN}


async def test_many_jobs_are_left_to_one_command(road: RestRoad, controller: Controller) -> None:
    assert await road.kill([NativeId(str(job)) for job in range(51)]) == []
    assert controller.asked == []
    assert await road.kill([SEVEN, NativeId("8")]) == [SEVEN, "8"]
    assert sorted(controller.asked) == ["job/7", "job/8"]


@pytest.mark.parametrize(("said", "noted"), [("kill", [SEVEN]), ("kill-ended", [SEVEN]), ("kill-denied", [])])
async def test_a_job_that_was_not_ended_is_left_to_the_command(
    road: RestRoad, controller: Controller, said: str, noted: list[NativeId]
) -> None:
    controller.ended = recorded(f"24.11/rest-{said}.json")
    assert await road.kill([SEVEN]) == noted


async def test_a_version_that_tells_of_no_refusals_is_not_believed(controller: Controller) -> None:
    controller.version = "v0.0.41"
    async with aiohttp.ClientSession() as session:
        road = RestRoad(ScriptedClient(session, controller))
        assert await road.kill([SEVEN]) == []
        controller.ended = recorded("24.11/rest-kill-ended.json")
        assert await road.kill([SEVEN]) == [SEVEN]


async def test_a_task_is_left_to_the_command(road: RestRoad, controller: Controller) -> None:
    """Slurm 23.02 and 23.11 read no more of its id than the number of the array, and end that."""
    assert await road.kill([SEVEN, NativeId("8_3")]) == [SEVEN]
    assert controller.asked == ["job/7"]


@pytest.mark.parametrize("form", ["", "uts"])
async def test_a_time_is_told_as_the_server_reads_it(road: RestRoad, controller: Controller, form: str) -> None:
    controller.form = form
    for _ in range(3):
        assert await status(road) is JobStatus.RUNNING
    assert [path for path in controller.asked if path.startswith("jobs?")][-1] == f"jobs?update_time={form}100"
    assert controller.asked.count("jobs") == 1
