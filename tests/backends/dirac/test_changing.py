"""Jobs that are to run again or to be forgotten: what counts is what they look like afterwards."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from ganga.backends.base import Deleting, Historied, Peeking, Rescheduling
from ganga.backends.dirac.backend import DiracBackend
from ganga.backends.dirac.road import Refused
from ganga.backends.dirac.settings import Settings
from ganga.backends.web.replies import NotSent
from ganga.errors import BackendUnavailable, UsageError
from ganga.model.clock import Utc
from ganga.model.ids import NativeId
from ganga.model.step import Step
from tests.backends.dirac.scripted_road import ScriptedRoad, down

ONE, TWO, THREE = (NativeId(str(number)) for number in (1, 2, 3))


class Deaf(ScriptedRoad):
    """Says that all went well, and does nothing."""

    async def _nothing(self, ids: object, /) -> None:
        """As DIRAC does with a job that was rescheduled too often."""

    reschedule = delete = _nothing


@pytest.fixture
def road() -> ScriptedRoad:
    return ScriptedRoad()


@pytest.fixture
def backend(road: ScriptedRoad, tmp_path: Path) -> DiracBackend:
    return DiracBackend(road, Settings(), tmp_path)


def test_it_can_do_all_of_this(backend: DiracBackend) -> None:
    for verb in (Historied, Rescheduling, Deleting, Peeking):
        assert isinstance(backend, verb)


async def test_jobs_in_any_state_run_again(road: ScriptedRoad, backend: DiracBackend) -> None:
    for number, status in enumerate(("Failed", "Running", "Done"), 1):
        road.add(number, status)
    assert await backend.reschedule([ONE, TWO, THREE]) == {}
    assert {row.reschedules for row in road.table.values()} == {1}
    assert road.calls == [("states", 3), ("reschedule", 3), ("states", 3)]


async def test_what_dirac_has_no_more_is_refused(road: ScriptedRoad, backend: DiracBackend) -> None:
    road.add(1, "Failed")
    road.add(2, "Deleted")
    refused = await backend.reschedule([ONE, TWO, THREE])
    assert refused == {job: f"DIRAC does not know {job} (any more)" for job in (TWO, THREE)}
    assert road.table[1].status == "Received"


async def test_a_job_that_dirac_silently_leaves_alone_is_refused(tmp_path: Path) -> None:
    road = Deaf()
    road.add(1, "Failed")
    road.set(1, "Failed", "Maximum of reschedulings reached")
    backend = DiracBackend(road, Settings(), tmp_path)
    reason = "DIRAC leaves 1 as it is: Failed/Maximum of reschedulings reached"
    assert await backend.reschedule([ONE]) == {ONE: reason}
    assert await backend.delete([ONE]) == {ONE: reason}


async def test_a_run_that_was_counted_and_did_not_begin_is_refused(road: ScriptedRoad, backend: DiracBackend) -> None:
    """DiracX 0.7 does so."""
    road.add(1, "Done")
    road.goes_wrong("reschedule", Refused("not in this state"))
    road.table[1] = replace(road.table[1], minor_status="Job Rescheduled", reschedules=1)
    assert await backend.reschedule([ONE]) == {ONE: "not in this state"}


async def test_the_words_of_dirac_are_kept(road: ScriptedRoad, backend: DiracBackend) -> None:
    road.add(1, "Failed")
    for verb in ("reschedule", "delete"):
        road.goes_wrong(verb, Refused("Some jobs are not yours"))
        assert await getattr(backend, verb)([ONE]) == {ONE: "Some jobs are not yours"}


async def test_what_ended_is_deleted_and_what_lives_is_not(road: ScriptedRoad, backend: DiracBackend) -> None:
    for number, status in enumerate(("Done", "Running", "Deleted"), 1):
        road.add(number, status)
    assert await backend.delete([ONE, TWO, THREE, NativeId("9")]) == {TWO: "2 is Running in DIRAC: kill it first"}
    assert [row.status for row in road.table.values()] == ["Deleted", "Running", "Deleted"]
    assert road.calls[1] == ("delete", 1)
    assert await backend.delete([ONE]) == {}


@pytest.mark.parametrize("verb", ["reschedule", "delete"])
async def test_an_answer_that_did_not_come_leaves_it_open(road: ScriptedRoad, backend: DiracBackend, verb: str) -> None:
    road.add(1, "Failed")
    road.goes_wrong(verb, down(), NotSent("refused by the machine"), None)
    with pytest.raises(BackendUnavailable, match="nobody knows yet whether"):
        await getattr(backend, verb)([ONE])
    with pytest.raises(NotSent, match=r"^refused by the machine$"):
        await getattr(backend, verb)([ONE])
    road.goes_wrong("states", None, down())
    with pytest.raises(BackendUnavailable, match="nobody knows yet whether"):
        await getattr(backend, verb)([ONE])


async def test_many_are_changed_in_parts(road: ScriptedRoad, backend: DiracBackend) -> None:
    for number in range(1, 1201):
        road.add(number, "Failed")
    assert await backend.reschedule([NativeId(str(number)) for number in range(1, 1201)]) == {}
    assert [count for verb, count in road.calls if verb == "reschedule"] == [500, 500, 200]


async def test_histories_are_told_by_native_id(road: ScriptedRoad, backend: DiracBackend) -> None:
    step = Step(status="Running", at=Utc(5.0))
    road.steps[1] = [step]
    road.steps[2] = []
    assert await backend.history([ONE, TWO, NativeId("no number")]) == {ONE: [step]}
    assert road.calls == [("history", 2)]


async def test_the_end_of_the_output_is_shown(road: ScriptedRoad, backend: DiracBackend) -> None:
    road.tails[1] = "step 1\n"
    assert (await backend.peek(ONE)).text == "step 1\n"
    with pytest.raises(UsageError, match="no job of DIRAC"):
        await backend.peek(NativeId("pid:1"))
