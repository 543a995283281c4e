"""Input files of single subjobs are copied at submission, like those that all of them share."""

from pathlib import Path

import pytest

import ganga
from ganga.errors import UsageError
from ganga.model.ids import JobId
from ganga.model.status import JobStatus
from ganga.split import by_files
from ganga.workspace import Workspace
from tests.faults.campaign import campaign_in


def files(folder: Path, *names: str) -> list[str]:
    paths = [folder / name for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{path.relative_to(folder)} as submitted")
    return [str(path) for path in paths]


def remove(paths: list[str]) -> None:
    for path in paths:
        Path(path).unlink()


async def test_each_subjob_has_its_own_as_they_were_at_submission(tmp_path: Path) -> None:
    paths = files(tmp_path / "data", "a/events", "b/events")
    with campaign_in(tmp_path) as campaign:
        async with campaign.open(monitor=False) as client:
            job = await client.submit(["cat"], subjobs=by_files(paths))
        remove(paths)
        async with campaign.open() as client:
            assert (await client.wait(job, timeout=100))[0].status is JobStatus.COMPLETED
            assert await client.read(f"{job.id}.0") == b"a/events as submitted"
            assert await client.read(f"{job.id}.1") == b"b/events as submitted"


async def test_relative_paths_are_those_of_the_present_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files(tmp_path, "events")
    monkeypatch.chdir(tmp_path)
    async with ganga.open(tmp_path / "home", monitor=False) as client:
        job = await client.submit(["cat"], subjobs=by_files(["events"]))
        copy = client.workspace.share_input(job.id, str(tmp_path / "events"))
        assert copy.read_text() == "events as submitted"
        assert copy.is_relative_to(client.workspace.folder(job.id))


async def test_one_that_is_not_there_is_told_before_anything_is_stored(tmp_path: Path) -> None:
    paths = [*files(tmp_path, "events"), str(tmp_path / "missing")]
    async with ganga.open(tmp_path / "home", monitor=False) as client:
        with pytest.raises(UsageError, match="missing"):
            await client.submit(["cat"], subjobs=by_files(paths))
        assert not [job async for job in client.select()]


async def test_two_of_one_name_cannot_be_in_one_folder(tmp_path: Path) -> None:
    first, second = files(tmp_path, "a/events", "b/events")
    async with ganga.open(tmp_path / "home", monitor=False) as client:
        with pytest.raises(UsageError, match="the same name"):
            await client.submit(["cat"], subjobs=by_files([first, second], per_subjob=2))
        with pytest.raises(UsageError, match="the same name"):
            await client.submit(["cat"], inputs=[first], subjobs=by_files([second]))


def test_what_was_never_copied_is_taken_from_where_it_is(tmp_path: Path) -> None:
    (path,) = files(tmp_path, "events")
    assert Workspace(tmp_path / "home").share_input(JobId("12.3"), path) == Path(path)
