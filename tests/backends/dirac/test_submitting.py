"""Submitted once, whatever is interrupted, refused or answered by half."""

from pathlib import Path

import pytest

from ganga.backends.base import Submission
from ganga.backends.dirac.owner import Owner
from ganga.backends.dirac.road import Refused
from ganga.backends.dirac.settings import Settings
from ganga.backends.dirac.submitting import Submitter
from ganga.errors import BackendUnavailable
from ganga.model.ids import Tag, job_id
from ganga.model.job import JobSpec, Share
from tests.backends.dirac.scripted_road import ScriptedRoad, down


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def submitter(road: ScriptedRoad, folder: Path, clock: Clock | None = None) -> Submitter:
    settings = Settings(commit_delay=60.0, jobs_per_submission=3)
    return Submitter(road, Owner(road), settings, folder, now=clock or Clock())


def jobs(count: int, *, inputs: Path | None = None, own: tuple[str, ...] = ()) -> list[Submission]:
    return [
        Submission(
            job_id(12, index), tag(index), JobSpec(command=("echo", str(index))), Share(inputs=own), inputs=inputs
        )
        for index in range(count)
    ]


def tag(index: int) -> Tag:
    return Tag(f"ganga-c0ffee00-12.{index}-1")


@pytest.mark.parametrize("takes_lists", [True, False])
async def test_jobs_go_in_parts_and_come_back_by_their_tags(tmp_path: Path, takes_lists: bool) -> None:
    road = ScriptedRoad(takes_lists=takes_lists)
    receipts = await submitter(road, tmp_path).submit(jobs(7))
    assert receipts.rejected == {}
    names = {number: road.table[int(number)].name for number in receipts.accepted.values()}
    assert names == {number: name for name, number in receipts.accepted.items()}
    assert len(receipts.accepted) == 7
    assert [call for call in road.calls if call[0] == "submit"] == [("submit", 3), ("submit", 3), ("submit", 1)]
    assert len(road.descriptions) == (7 if takes_lists else 3)


@pytest.mark.parametrize("takes_lists", [True, False])
async def test_a_bad_job_is_no_others_end(tmp_path: Path, takes_lists: bool) -> None:
    road = ScriptedRoad(takes_lists=takes_lists)
    road.bad_names = {tag(1)}
    receipts = await submitter(road, tmp_path).submit(jobs(4))
    assert set(receipts.accepted) == {tag(0), tag(2), tag(3)}
    assert receipts.rejected == {tag(1): "no such site"}


async def test_what_is_there_in_spite_of_a_refusal_is_not_submitted_again(tmp_path: Path) -> None:
    road = ScriptedRoad(takes_lists=False)
    road.goes_wrong("submitted", Refused("not confirmed"))
    receipts = await submitter(road, tmp_path).submit(jobs(3))
    assert set(receipts.accepted) == {tag(0), tag(1), tag(2)}
    assert len(road.table) == 3


async def test_what_cannot_be_described_is_refused_without_a_call(tmp_path: Path) -> None:
    road = ScriptedRoad()
    job = Submission(job_id(1), tag(1), JobSpec(command=("",)))
    receipts = await submitter(road, tmp_path).submit([job])
    assert set(receipts.rejected) == {tag(1)}
    assert road.calls == []


async def test_what_was_accepted_before_an_outage_is_told(tmp_path: Path) -> None:
    road = ScriptedRoad()
    road.goes_wrong("submit", None, down())
    receipts = await submitter(road, tmp_path).submit(jobs(7))
    assert set(receipts.accepted) == {tag(0), tag(1), tag(2)}
    assert receipts.rejected == {}


async def test_an_outage_from_the_beginning_is_an_outage(tmp_path: Path) -> None:
    road = ScriptedRoad()
    road.goes_wrong("submit", down())
    with pytest.raises(BackendUnavailable):
        await submitter(road, tmp_path).submit(jobs(1))


async def test_inputs_are_uploaded_once_for_all_that_share_them(tmp_path: Path) -> None:
    inputs, own, scratch = tmp_path / "inputs", tmp_path / "own.txt", tmp_path / "scratch"
    inputs.mkdir()
    scratch.mkdir()
    (inputs / "run.sh").touch()
    own.touch()
    road = ScriptedRoad(takes_lists=False)
    await submitter(road, scratch).submit([*jobs(4, inputs=inputs), *jobs(2, inputs=inputs, own=(str(own),))])
    assert road.uploads == [["run.sh"], ["run.sh", "own.txt"]]
    assert ["SB:SE|/S3/1" in text for text in road.descriptions] == [True, True, False]
    assert list(scratch.iterdir()) == []


async def test_inputs_that_the_servers_refuse_end_their_job(tmp_path: Path) -> None:
    (tmp_path / "inputs").mkdir()
    road = ScriptedRoad()
    road.goes_wrong("upload", *(Refused("too large") for _ in range(2)))
    receipts = await submitter(road, tmp_path).submit(jobs(1, inputs=tmp_path / "inputs"))
    assert receipts.rejected == {tag(0): "too large"}


async def test_inputs_that_are_gone_are_an_outage_that_names_them(tmp_path: Path) -> None:
    with pytest.raises(BackendUnavailable, match="gone"):
        await submitter(ScriptedRoad(), tmp_path).submit(jobs(1, inputs=tmp_path / "gone"))


async def test_a_submission_that_was_interrupted_is_found(tmp_path: Path) -> None:
    road = ScriptedRoad()
    road.goes_wrong("submitted", down())
    one = submitter(road, tmp_path)
    with pytest.raises(BackendUnavailable):
        await one.submit(jobs(1))
    assert (await one.find([tag(0)])).present == {tag(0): "1"}


async def test_absence_counts_only_when_the_servers_have_had_time(tmp_path: Path) -> None:
    road = ScriptedRoad()
    road.goes_wrong("submit", down())
    clock = Clock()
    one = submitter(road, tmp_path, clock)
    with pytest.raises(BackendUnavailable):
        await one.submit(jobs(1))
    clock.now = 59.0
    early = await one.find([tag(0)])
    assert (early.present, early.absent) == ({}, frozenset())
    clock.now = 60.0
    assert (await one.find([tag(0)])).absent == {tag(0)}


async def test_a_new_process_does_not_deny_at_once_what_it_has_not_submitted(tmp_path: Path) -> None:
    finding = await submitter(ScriptedRoad(), tmp_path).find([tag(0)])
    assert (finding.present, finding.absent) == ({}, frozenset())


async def test_a_search_that_fails_denies_nobody(tmp_path: Path) -> None:
    road = ScriptedRoad()
    road.goes_wrong("jobs", down())
    with pytest.raises(BackendUnavailable):
        await submitter(road, tmp_path).find([tag(0)])


async def test_of_two_jobs_with_one_tag_the_first_counts(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    road = ScriptedRoad()
    road.add(8, name=tag(0))
    road.add(5, name=tag(0))
    assert (await submitter(road, tmp_path).find([tag(0)])).present == {tag(0): "5"}
    assert "twice" in caplog.text


async def test_a_job_of_somebody_else_is_not_ours(tmp_path: Path) -> None:
    road = ScriptedRoad()
    road.add(5, name=tag(0), owner="bob")
    assert (await submitter(road, tmp_path).find([tag(0)])).present == {}
