"""Output comes home whole, and from nowhere else."""

from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from ganga.backends.arc.retrieving import Retriever
from ganga.backends.base import Retrieval, Retrieved, Stream
from ganga.model.ids import NativeId
from tests.backends.arc.element import Scripted, asked, file, recorded

#: Writes to ``out`` and ``err``, as its document says.
THEIRS = NativeId("VSnKDmfFJpAoOSAtDmABFKDmABFKDmABFKDmu7MKDmABFKDmj79MGn")
OURS = NativeId("ours")
INFO = "POST /1.0/jobs?action=info"


def script(job: NativeId, files: dict[str, bytes], listings: dict[str, bytes]) -> Scripted:
    found = Scripted()
    session = f"GET /1.0/jobs/{job}/session"
    found.answers |= {f"{session}/{name}": file(content) for name, content in files.items()}
    found.answers |= {f"{session}/{name}".rstrip("/"): content for name, content in listings.items()}
    found.answers[INFO] = recorded("info-failed") if job == THEIRS else b""
    return found


async def fetched(found: Scripted, job: NativeId, into: Path, *outputs: str, largest: int = 100) -> Retrieved:
    async with asked(found) as service:
        return (await Retriever(service, largest).fetch([Retrieval(job, outputs, into)]))[job]


def brought(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


async def test_streams_and_all_that_the_patterns_match_are_brought(tmp_path: Path) -> None:
    found = script(
        OURS,
        {"stdout": b"1", "stderr": b"2", "a.root": b"3", "deep/b.root": b"4", "deep/er/c": b"5"},
        {
            "": b'{"file":["stdout","stderr","ganga.sh","a.root"],"dir":["deep"]}',
            "deep": b'{"file":"b.root","dir":"er"}',
            "deep/er": b'{"file":"c"}',
        },
    )
    retrieved = await fetched(
        found, OURS, tmp_path, "**/*.root", "deep", "ganga.sh", "std*", "../../etc/passwd", "none"
    )
    assert retrieved == Retrieved(missing=("ganga.sh", "std*", "../../etc/passwd", "none"))
    assert brought(tmp_path) == {"stdout": "1", "stderr": "2", "a.root": "3", "deep/b.root": "4", "deep/er/c": "5"}


async def test_a_job_of_others_says_where_it_writes_to(tmp_path: Path) -> None:
    found = script(THEIRS, {"out": b"1"}, {"": b'{"file":"out"}'})
    assert await fetched(found, THEIRS, tmp_path) == Retrieved()
    assert ((tmp_path / "stdout").read_text(), (tmp_path / "stderr").read_text()) == ("1", "")


async def test_a_stream_that_goes_to_no_file_is_empty(tmp_path: Path) -> None:
    found = script(THEIRS, {"err": b"2"}, {"": b'{"file":"err"}'})
    found.answers[INFO] = recorded("info-failed").replace(b'"StdOut":"out"', b'"StdOut":"/dev/null"')
    assert await fetched(found, THEIRS, tmp_path) == Retrieved()
    assert ((tmp_path / "stdout").read_text(), (tmp_path / "stderr").read_text()) == ("", "2")


async def test_where_a_job_of_others_writes_to_is_not_guessed(tmp_path: Path) -> None:
    found = script(THEIRS, {"out": b"1"}, {"": b'{"file":"out"}'})
    found.answers[INFO] = b""
    retrieved = await fetched(found, THEIRS, tmp_path)
    assert "not written down yet" in str(retrieved.error)


async def test_without_its_folder_there_is_no_output(tmp_path: Path) -> None:
    retrieved = await fetched(script(OURS, {}, {}), OURS, tmp_path)
    assert "gone" in str(retrieved.error)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (web.Response(status=500, reason="Disk is broken"), "Disk is broken"),
        (file(b"x" * 101), "more than 100 bytes"),
        (web.Response(status=404), "not there any more"),
    ],
)
async def test_what_cannot_be_had_whole_is_an_error(answer: web.Response, words: str, tmp_path: Path) -> None:
    found = script(OURS, {}, {"": b'{"file":["ganga.sh","a"]}'})
    found.answers[f"GET /1.0/jobs/{OURS}/session/a"] = answer
    retrieved = await fetched(found, OURS, tmp_path, "a")
    assert words in str(retrieved.error)


async def test_output_is_read_piece_by_piece() -> None:
    found = script(THEIRS, {"out": b"0123"}, {})
    async with asked(found) as service:
        retriever = Retriever(service, 100)
        assert await retriever.read(THEIRS, Stream.STDOUT, 1) == b"123"
        assert await retriever.read(THEIRS, Stream.STDERR, 0) == b""
        retriever.forget(THEIRS)
        assert await retriever.read(OURS, Stream.STDOUT, 0) == b""
    assert len([question for question in found.asked if "info" in question]) == 2


async def test_a_list_that_leads_elsewhere_is_not_followed(tmp_path: Path) -> None:
    found = script(OURS, {}, {"": msgspec.json.encode({"file": "../../etc/passwd"})})
    retrieved = await fetched(found, OURS, tmp_path, "**")
    assert "no file may have" in str(retrieved.error)
    assert brought(tmp_path) == {}
