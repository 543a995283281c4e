"""What the back end makes of what a road says, whichever road it is."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from ganga.backends.base import Adopting, Feed, Identified, Retrieval
from ganga.backends.dirac.backend import CHUNK, DiracBackend
from ganga.backends.dirac.census import ONE_IN
from ganga.backends.dirac.ends import GRACE, Ends
from ganga.backends.dirac.notes import Notes
from ganga.backends.dirac.settings import Settings
from ganga.errors import BackendUnavailable, UsageError
from ganga.model.clock import Utc
from ganga.model.identity import Identity
from ganga.model.ids import Cursor, NativeId
from ganga.model.observation import Observation
from ganga.model.status import JobStatus
from tests.backends.dirac.scripted_road import ScriptedRoad, down


@pytest.fixture
def road() -> ScriptedRoad:
    return ScriptedRoad()


@pytest.fixture
def backend(road: ScriptedRoad, tmp_path: Path) -> DiracBackend:
    return DiracBackend(road, Settings(), tmp_path)


def native(*numbers: int) -> list[NativeId]:
    return [NativeId(str(number)) for number in numbers]


def test_it_is_a_feed_and_adopts(backend: DiracBackend) -> None:
    assert isinstance(backend, Feed)
    assert isinstance(backend, Adopting)
    assert repr(backend) == "<DiracBackend over scripted>"


async def test_whom_the_servers_take_us_for_is_known_after_the_first_answer(
    road: ScriptedRoad, backend: DiracBackend
) -> None:
    found: Identified = backend
    assert found.identity is None
    await backend.changes(None)
    asked = len(road.calls)
    identity = Identity(name="alice of users", warn_before=Settings().warn_before)
    assert [found.identity] == [identity]
    road.expires_at = Utc(5000.0)
    assert [found.identity] == [replace(identity, expires_at=Utc(5000.0))]
    assert len(road.calls) == asked, "nobody was asked for that"


async def test_what_a_whole_answer_leaves_out_is_denied(road: ScriptedRoad, backend: DiracBackend) -> None:
    road.add(1, "Running")
    answer = await backend.poll(native(1, 2))
    assert {name: seen.status for name, seen in answer.seen.items()} == {"1": JobStatus.RUNNING}
    assert answer.absent == {"2"}


async def test_what_is_no_number_of_dirac_is_not_spoken_of(backend: DiracBackend) -> None:
    answer = await backend.poll([NativeId(text) for text in ("pid:1:2:3", "01", "-1", "", "9" * 30, str(2**32))])
    assert (dict(answer.seen), answer.absent) == ({}, frozenset())


async def test_many_jobs_are_asked_for_in_parts(road: ScriptedRoad, backend: DiracBackend) -> None:
    for number in range(1, 2501):
        road.add(number)
    answer = await backend.poll(native(*range(1, 2501)))
    assert len(answer.seen) == 2500
    assert road.calls == [("states", CHUNK), ("states", CHUNK), ("states", 500)]


async def test_a_part_that_fails_denies_nobody(road: ScriptedRoad, backend: DiracBackend) -> None:
    road.goes_wrong("states", None, down())
    with pytest.raises(BackendUnavailable):
        await backend.poll(native(*range(1, 2001)))


async def test_changes_are_told_once_and_of_ours_only(road: ScriptedRoad, backend: DiracBackend) -> None:
    road.add(1)
    road.add(2, owner="bob")
    first = await backend.changes(None)
    assert set(first.seen) == {"1"}
    road.now += 10
    assert dict((await backend.changes(first.cursor)).seen) == {}
    road.set(1, "Running", "Application")
    road.now += 10
    answer = await backend.changes(first.cursor)
    assert answer.seen[NativeId("1")].native_status == "Running/Application"
    assert answer.absent == frozenset()


async def test_half_the_pages_are_no_news_and_move_no_cursor(road: ScriptedRoad, backend: DiracBackend) -> None:
    road.page_size = 1
    cursor = (await backend.changes(None)).cursor
    road.add(1)
    road.add(2)
    road.goes_wrong("changed", None, down())
    with pytest.raises(BackendUnavailable):
        await backend.changes(cursor)
    assert set((await backend.changes(cursor)).seen) == {"1", "2"}


async def test_a_new_monitor_goes_on_where_the_last_one_was(road: ScriptedRoad, tmp_path: Path) -> None:
    cursor = (await DiracBackend(road, Settings(), tmp_path).changes(None)).cursor
    road.now += 36_000
    road.add(1)
    road.now += 36_000
    assert set((await DiracBackend(road, Settings(), tmp_path).changes(cursor)).seen) == {"1"}


async def test_a_cursor_of_another_back_end_is_none(road: ScriptedRoad, backend: DiracBackend) -> None:
    road.add(1)
    assert set((await backend.changes(Cursor("17"))).seen) == {"1"}


async def test_the_feed_costs_one_call_a_page_and_asks_who_we_are_once(
    road: ScriptedRoad, backend: DiracBackend
) -> None:
    for number in range(1, 251):
        road.add(number)
    cursor = (await backend.changes(None)).cursor
    assert road.calls == [("whoami", 1), ("changed", 100), ("changed", 100), ("changed", 50)]
    road.calls.clear()
    road.now += 1000
    cursor = (await backend.changes(cursor)).cursor
    road.now += 10
    road.calls.clear()
    await backend.changes(cursor)
    assert road.calls == []


async def test_a_rescheduled_job_is_the_next_attempt(road: ScriptedRoad, backend: DiracBackend) -> None:
    road.add(1)
    road.set(1, "Done", "Execution Complete")
    assert (await backend.poll(native(1))).seen[NativeId("1")].restart == 0
    await road.reschedule([1])
    seen = (await backend.poll(native(1))).seen[NativeId("1")]
    assert (seen.status, seen.restart) == (JobStatus.SUBMITTED, 1)


async def test_only_what_lives_is_killed(road: ScriptedRoad, backend: DiracBackend) -> None:
    for number, status in enumerate(("Running", "Done", "Failed", "Waiting", "Deleted"), 1):
        road.add(number, status)
    await backend.kill(native(1, 2, 3, 4, 5, 6))
    assert [row.status for row in road.table.values()] == ["Killed", "Done", "Failed", "Killed", "Deleted"]
    assert road.calls == [("states", 6), ("kill", 2)]
    road.calls.clear()
    await backend.kill(native(1, 2))
    assert road.calls == [("states", 2)]


async def test_jobs_are_adopted_by_number_group_and_owner(road: ScriptedRoad, backend: DiracBackend) -> None:
    road.add(1)
    road.add(2, group="mine")
    road.add(3, group="mine", owner="bob")
    road.add(4, "Deleted", group="mine")
    assert set(await backend.adopt(["1"])) == {"1"}
    assert set(await backend.adopt(["group:mine"])) == {"2"}
    assert set(await backend.adopt(["owner:bob", "1"])) == {"3", "1"}


@pytest.mark.parametrize("reference", ["7", "group:none", "owner:none", "job", "", "group:"])
async def test_words_that_mean_no_job_are_told(backend: DiracBackend, reference: str) -> None:
    with pytest.raises(UsageError):
        await backend.adopt([reference])


async def test_nothing_costs_nothing(road: ScriptedRoad, backend: DiracBackend) -> None:
    await backend.poll([])
    await backend.kill([])
    await backend.find([])
    await backend.submit([])
    await backend.fetch([])
    assert road.calls == []


async def test_output_comes_home(road: ScriptedRoad, backend: DiracBackend, tmp_path: Path) -> None:
    road.add(1, "Failed")
    into = tmp_path / "into"
    into.mkdir()
    brought = await backend.fetch([Retrieval(NativeId("1"), ("kept.txt",), into)])
    assert brought[NativeId("1")].missing == ("kept.txt",)
    assert sorted(path.name for path in into.iterdir()) == ["stderr", "stdout"]


BAD = "Application Finished With Errors"


class Rounds:
    """One after another, on a back end with a clock that is moved by hand: a question for what is new in each."""

    def __init__(self, road: ScriptedRoad, folder: Path) -> None:
        self._road = road
        self._now = 0.0
        self.backend = DiracBackend(road, Settings(), folder, Notes(ends=Ends(now=lambda: self._now)))
        self._cursor: Cursor | None = None

    def pass_by(self, seconds: float) -> None:
        """On all clocks."""
        self._now += seconds
        self._road.now += seconds

    async def seen(self) -> dict[NativeId, Observation]:
        answer = await self.backend.changes(self._cursor)
        self._cursor = answer.cursor
        return dict(answer.seen)


@pytest.fixture
def rounds(road: ScriptedRoad, tmp_path: Path) -> Rounds:
    return Rounds(road, tmp_path)


@pytest.mark.parametrize("moved", [True, False])
@pytest.mark.parametrize("heard_by", ["changes", "poll"])
async def test_an_end_is_told_with_the_words_that_dirac_writes_a_moment_later(
    road: ScriptedRoad, rounds: Rounds, heard_by: str, moved: bool
) -> None:
    """Whether these move the stamp of the job or not."""
    road.add(1, "Running")
    await rounds.seen()
    rounds.pass_by(GRACE)
    road.set(1, "Failed", "Uploading Output Sandbox")
    if heard_by == "changes":
        assert await rounds.seen() == {}
    else:
        answer = await rounds.backend.poll(native(1))
        assert (dict(answer.seen), answer.absent) == ({}, frozenset()), "it is neither told nor denied"
    ended_at = road.table[1].updated_at
    rounds.pass_by(GRACE / 2)
    road.set(1, "Failed", BAD, "'sh' Exited With Status 3")
    if not moved:
        road.table[1] = replace(road.table[1], updated_at=ended_at)
    seen = (await rounds.seen())[NativeId("1")]
    assert (seen.status, seen.native_status, seen.exit_code) == (JobStatus.FAILED, f"Failed/{BAD}", 3)
    rounds.pass_by(GRACE / 2)
    assert await rounds.seen() == {}


async def test_an_end_that_has_no_words_is_told_once_they_have_had_the_time_to_come(
    road: ScriptedRoad, rounds: Rounds
) -> None:
    road.add(1, "Running")
    await rounds.seen()
    road.set(1, "Failed", "Job stalled: pilot not running")
    assert [await rounds.seen() for _ in range(20)] == [{}] * 20
    rounds.pass_by(GRACE)
    assert (await rounds.seen())[NativeId("1")].status is JobStatus.FAILED
    road.calls.clear()
    await rounds.seen()
    assert road.calls == [("changed", 1)], "it is not looked at any more"


async def test_an_end_that_is_held_back_is_not_lost_when_a_question_fails(road: ScriptedRoad, rounds: Rounds) -> None:
    road.add(1, "Running")
    await rounds.seen()
    road.set(1, "Failed")
    await rounds.seen()
    rounds.pass_by(GRACE)
    road.goes_wrong("states", down())
    with pytest.raises(BackendUnavailable):
        await rounds.seen()
    assert set(await rounds.seen()) == {"1"}


async def test_a_job_that_is_removed_while_its_end_is_held_back_is_forgotten(
    road: ScriptedRoad, rounds: Rounds
) -> None:
    road.add(1, "Failed")
    await rounds.backend.poll(native(1))
    del road.table[1]
    assert await rounds.seen() == {}
    road.calls.clear()
    await rounds.seen()
    assert road.calls == []


async def test_the_feed_tells_of_jobs_of_others_once_they_are_followed(
    road: ScriptedRoad, backend: DiracBackend
) -> None:
    road.add(1, "Waiting")
    for number in (2, 3):
        road.add(number, "Waiting", owner="bob")
    first = await backend.changes(None)
    assert list(first.seen) == ["1"]
    await backend.poll(native(1, 2))
    road.now += 10
    for number in (1, 2, 3):
        road.set(number, "Done", "Execution Complete")
    asked = len(road.calls)
    second = await backend.changes(first.cursor)
    assert {name: seen.status for name, seen in second.seen.items()} == dict.fromkeys("12", JobStatus.COMPLETED)
    assert [verb for verb, _ in road.calls[asked:]] == ["changed", "changed"], "one call more, for all of them"
    again = await backend.changes(second.cursor)
    assert again.seen == {}
    road.now += 10
    await road.reschedule([2])
    assert list((await backend.changes(again.cursor)).seen) == ["2"], "also when one is run again after its end"


async def test_half_of_what_is_new_is_not_told(road: ScriptedRoad, backend: DiracBackend) -> None:
    road.add(1, "Waiting")
    road.add(2, "Waiting", owner="bob")
    cursor = (await backend.changes(None)).cursor
    await backend.poll(native(1, 2))
    road.now += 10
    road.set(1, "Done", "Execution Complete")
    road.set(2, "Done", "Execution Complete")
    road.goes_wrong("changed", None, down())
    with pytest.raises(BackendUnavailable):
        await backend.changes(cursor)
    assert set((await backend.changes(cursor)).seen) == {"1", "2"}


async def test_what_lives_is_counted_before_the_changes_are_read(
    road: ScriptedRoad, backend: DiracBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def counts(*, owner: str) -> dict[str, int]:
        road.calls.append(("counts", len(owner)))
        return {"Running": 5, "Done": 3}

    monkeypatch.setattr(road, "counts", counts)
    road.add(1, "Running")
    answers = [await backend.changes(None) for _ in range(ONE_IN)]
    assert [answer.living for answer in answers] == [None] * (ONE_IN - 1) + [5]
    assert [verb for verb, _ in road.calls[-2:]] == ["counts", "changed"]
