import asyncio
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import pytest

from ganga.backends.base import Retrieval, Retrieved
from ganga.backends.batch.here import HereShell
from ganga.backends.batch.output import retrieve
from ganga.backends.batch.shell import Kind
from ganga.model.ids import NativeId


@pytest.fixture
def task(tmp_path: Path) -> Path:
    """The folder of a task that has run, in that of its batch."""
    folder = tmp_path / "batch" / "0"
    (folder / "work" / "deep").mkdir(parents=True)
    for name in ("stdout", "stderr", "work/a.root", "work/deep/b.root", "work/stdout"):
        (folder / name).write_text(name)
    return folder


async def bring(task: Path, into: Path, *patterns: str) -> Retrieved:
    await asyncio.to_thread(into.mkdir)
    retrieval = Retrieval(NativeId("7"), patterns, into)
    batch, folder = PurePosixPath(task.parent), PurePosixPath(task)
    return await retrieve(HereShell(within=60.0), batch, folder, retrieval)


async def test_streams_and_matches_are_brought(task: Path, tmp_path: Path) -> None:
    into = tmp_path / "into"
    assert await bring(task, into, "*.root", "deep", "no*") == Retrieved(missing=("no*",))
    brought = {str(path.relative_to(into)): path.read_text() for path in into.rglob("*") if path.is_file()}
    assert brought == {
        "stdout": "stdout",
        "stderr": "stderr",
        "a.root": "work/a.root",
        "deep/b.root": "work/deep/b.root",
    }


async def test_a_file_of_the_job_is_not_taken_for_its_output_stream(task: Path, tmp_path: Path) -> None:
    assert (await bring(task, tmp_path / "into", "stdout")).missing == ("stdout",)
    assert (tmp_path / "into" / "stdout").read_text() == "stdout"


async def test_links_are_followed_inside_and_nowhere_else(task: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    (task / "work" / "inside").symlink_to("a.root")
    (task / "work" / "outside").symlink_to(secret)
    (task / "work" / "nowhere").symlink_to("nothing")
    assert (await bring(task, tmp_path / "into", "*side", "nowhere")).missing == ("outside", "nowhere")
    assert (tmp_path / "into" / "inside").read_text() == "work/a.root"
    assert not (tmp_path / "into" / "outside").exists()


async def test_a_task_that_never_began_has_written_nothing(task: Path, tmp_path: Path) -> None:
    retrieved = await bring(task.with_name("1"), tmp_path / "into", "*.root")
    assert retrieved == Retrieved(missing=("*.root",))
    assert (tmp_path / "into" / "stderr").read_bytes() == b""


async def test_files_that_are_gone_are_an_error(tmp_path: Path) -> None:
    retrieved = await bring(tmp_path / "gone" / "0", tmp_path / "into")
    assert "the files of 7 are gone" in (retrieved.error or "")


async def test_what_cannot_be_brought_is_an_error(task: Path, tmp_path: Path) -> None:
    (tmp_path / "into").mkdir()
    (tmp_path / "into" / "stdout").mkdir()
    retrieval = Retrieval(NativeId("7"), (), tmp_path / "into")
    (task / "stdout").unlink()
    (task / "stdout").mkdir()
    batch, folder = PurePosixPath(task.parent), PurePosixPath(task)
    retrieved = await retrieve(HereShell(within=60.0), batch, folder, retrieval)
    assert "cannot be brought home" in (retrieved.error or "")


class Lying(HereShell):
    """The shell of an account whose owner decides what answers there."""

    def __init__(self, *names: str) -> None:
        super().__init__(within=60.0)
        self._names = names

    async def scan(self, folder: PurePosixPath, /) -> Mapping[str, Kind] | None:
        """What they like."""
        found = await super().scan(folder)
        return {**(found or {}), **dict.fromkeys(self._names, Kind.FILE)} if folder.name == "work" else found


@pytest.mark.parametrize("name", ["../prey", "{there}/prey", "deep/../../prey", "..", "", "pr\0ey"])
async def test_a_name_that_leads_out_is_not_written_to(task: Path, tmp_path: Path, name: str) -> None:
    prey = tmp_path / "prey"
    prey.write_text("whole")
    (tmp_path / "into").mkdir()
    name = name.replace("{there}", str(tmp_path))
    for pattern in ("*", "**/*prey", "*/*"):
        retrieval = Retrieval(NativeId("7"), (pattern,), tmp_path / "into")
        retrieved = await retrieve(Lying(name), PurePosixPath(task.parent), PurePosixPath(task), retrieval)
        assert "is no name of a file" in (retrieved.error or "")
    assert prey.read_text() == "whole"


async def test_a_tree_without_an_end_is_given_up(task: Path, tmp_path: Path) -> None:
    class Endless(HereShell):
        async def scan(self, folder: PurePosixPath, /) -> Mapping[str, Kind] | None:
            return {"deeper": Kind.FOLDER} if "work" in folder.parts else await super().scan(folder)

    (tmp_path / "into").mkdir()
    retrieval = Retrieval(NativeId("7"), ("**/*.root", "deeper"), tmp_path / "into")
    retrieved = await retrieve(Endless(60.0), PurePosixPath(task.parent), PurePosixPath(task), retrieval)
    assert "more than 100 folders in each other" in (retrieved.error or "")
