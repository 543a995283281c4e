"""Output comes home whole, and nothing else does."""

from pathlib import Path

import pytest

from ganga.backends.base import Retrieval, Retrieved
from ganga.model.ids import NativeId
from tests.backends.local.conftest import Target

_MAKE = """
mkdir -p deep/er empty
echo a > a.root; echo b > b.root; echo c > deep/er/c.txt; echo h > .hidden
ln -s a.root inside.lnk; ln -s /etc/passwd outside.lnk; ln -s / deep/all; ln -s nowhere dangling.lnk
mkfifo deep/pipe; echo out; echo err >&2
"""


async def _fetch(target: Target, job: NativeId, into: Path, *outputs: str) -> Retrieved:
    return (await target.backend.fetch([_retrieval(job, into, outputs)]))[job]


def _retrieval(job: NativeId, into: Path, outputs: tuple[str, ...]) -> Retrieval:
    into.mkdir()
    return Retrieval(native_id=job, outputs=outputs, into=into)


def _files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.fixture
async def done(target: Target) -> NativeId:
    job = await target.submit("sh", "-c", _MAKE)
    assert (await target.ended(job)).exit_code == 0
    return job


async def test_the_streams_always_come(target: Target, done: NativeId, tmp_path: Path) -> None:
    assert await _fetch(target, done, tmp_path / "into") == Retrieved()
    assert (tmp_path / "into" / "stdout").read_text() == "out\n"
    assert (tmp_path / "into" / "stderr").read_text() == "err\n"


async def test_patterns_bring_files_and_folders(target: Target, done: NativeId, tmp_path: Path) -> None:
    into = tmp_path / "into"
    retrieved = await _fetch(target, done, into, "*.root", "deep/er", "empty", "a.root", ".hidden", "inside.lnk")
    assert retrieved == Retrieved()
    assert _files(into) == {
        *("stdout", "stderr", "a.root", "b.root", "deep", "deep/er", "deep/er/c.txt", "empty", ".hidden", "inside.lnk")
    }
    assert (into / "inside.lnk").read_text() == "a\n"
    assert not (into / "inside.lnk").is_symlink()


@pytest.mark.parametrize("pattern", ["*.none", "/etc/passwd", "../*", "deep/../../*", "outside.lnk", "dangling.lnk"])
async def test_what_is_not_there_or_not_inside_is_missing(
    target: Target, done: NativeId, tmp_path: Path, pattern: str
) -> None:
    assert (await _fetch(target, done, tmp_path / "into", pattern, "a.root")).missing == (pattern,)
    assert _files(tmp_path / "into") == {"stdout", "stderr", "a.root"}


@pytest.mark.parametrize("pattern", ["deep", "deep/**"])
async def test_links_to_outside_and_pipes_are_left_out_of_folders(
    target: Target, done: NativeId, tmp_path: Path, pattern: str
) -> None:
    retrieved = await _fetch(target, done, tmp_path / "into", pattern)
    assert retrieved.error is None
    assert set(retrieved.missing) >= {"deep/all", "deep/pipe"}
    assert _files(tmp_path / "into") == {"stdout", "stderr", "deep", "deep/er", "deep/er/c.txt"}


async def test_it_can_be_repeated_until_discarded(target: Target, done: NativeId, tmp_path: Path) -> None:
    for number in range(2):
        assert (await _fetch(target, done, tmp_path / str(number), "a.root")) == Retrieved()
    await target.backend.discard([done, NativeId("unknown")])
    await target.backend.discard([done])
    assert "gone" in str((await _fetch(target, done, tmp_path / "after")).error)
    assert (tmp_path / "0" / "a.root").read_text() == "a\n"
    left = [path for path in target.folder.rglob("*") if path.is_file() and not path.name.startswith("spooler.")]
    assert left == []


async def test_a_folder_that_forbids_its_removal_is_removed(target: Target) -> None:
    job = await target.submit("sh", "-c", "mkdir d; touch d/f; chmod 500 d")
    await target.ended(job)
    await target.backend.discard([job])
    assert not (target.folder / "work" / job).exists()


async def test_files_in_a_folder_of_the_users_are_copied(target: Target, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    job = await target.submit("sh", "-c", "echo first > result", folder=str(mine))
    await target.ended(job)
    assert await _fetch(target, job, tmp_path / "into", "result") == Retrieved()
    (mine / "result").write_text("second\n")
    assert (tmp_path / "into" / "result").read_text() == "first\n"
    await target.backend.discard([job])
    assert (mine / "result").exists()


async def test_a_file_named_like_a_stream_does_not_replace_it(target: Target, tmp_path: Path) -> None:
    job = await target.submit("sh", "-c", "echo mine > stdout; echo real")
    await target.ended(job)
    assert (await _fetch(target, job, tmp_path / "into", "stdout")).missing == ("stdout",)
    assert (tmp_path / "into" / "stdout").read_text() == "real\n"


async def test_a_job_that_never_began_has_empty_streams(target: Target, tmp_path: Path) -> None:
    job = await target.submit("no-such-program")
    await target.ended(job)
    assert await _fetch(target, job, tmp_path / "into") == Retrieved()
    assert (tmp_path / "into" / "stdout").read_bytes() == b""


async def test_an_interrupted_removal_is_continued(target: Target, done: NativeId) -> None:
    await target.close()
    record = target.folder / "jobs" / done
    record.rename(record.with_name(f".gone.{done}"))
    await target.open()
    assert _files(target.folder / "work") == set()
    assert _files(target.folder / "jobs") == set()
    assert _files(target.folder / "begun") == set()
