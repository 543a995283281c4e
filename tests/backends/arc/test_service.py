"""Calls are whole, or errors that say what is wrong."""

from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from ganga.backends.arc import service as module
from ganga.backends.arc.service import judged
from ganga.backends.web.errors import CredentialsExpired, Refused
from ganga.backends.web.replies import NotSent, Reply
from ganga.errors import BackendProtocolError, BackendUnavailable
from tests.backends.arc.element import Scripted, asked, file, recorded

JOB = "VSnKDmfFJpAoOSAtDmABFKDmABFKDmABFKDmu7MKDmABFKDmj79MGn"
SESSION = f"GET /1.0/jobs/{JOB}/session"


@pytest.mark.parametrize(("offered", "spoken"), [(b'{"version":"1.0"}', "1.0"), (b'{"version":["1.0","1.1"]}', "1.1")])
async def test_the_best_version_of_the_interface_is_spoken(offered: bytes, spoken: str) -> None:
    script = Scripted()
    script.answers = {"GET ": offered, f"GET /{spoken}/jobs?state": b""}
    async with asked(script) as service:
        assert dict(await service.listed(["RUNNING", "HELD"])) == {}
    assert script.asked[1] == f"GET /{spoken}/jobs?state=RUNNING,HELD"


async def test_another_version_is_told() -> None:
    script = Scripted()
    script.answers = {"GET ": b'{"version":["2.0","3.0"]}'}
    with pytest.raises(BackendUnavailable, match=r"offers the versions 2\.0, 3\.0"):
        async with asked(script):
            pass


async def test_jobs_are_listed_with_their_states() -> None:
    script = Scripted()
    script.answers = {"GET /1.0/jobs?state": b'{"job":{"id":"a","state":"RUNNING"}}'}
    async with asked(script) as service:
        assert dict(await service.listed(["RUNNING"])) == {"a": "RUNNING"}


async def test_many_jobs_are_asked_about_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK", 2)

    def answer(body: bytes) -> bytes:
        wanted = msgspec.json.decode(body, type=dict[str, list[dict[str, str]]])["job"]
        return msgspec.json.encode({"job": [{"status-code": "200", "state": "HELD", **job} for job in wanted]})

    script = Scripted()
    script.answers = {"POST /1.0/jobs?action": answer}
    async with asked(script) as service:
        told = await service.told("status", ["a", "b", "c", "not/an/id"])
    assert {job: entry.state for job, entry in told.items()} == {"a": "HELD", "b": "HELD", "c": "HELD"}
    assert len(script.asked) == 3


async def test_files_are_brought_whole_or_not_at_all(tmp_path: Path) -> None:
    script = Scripted()
    script.answers = {
        f"{SESSION}/out": lambda _body: file(b"0123456789"),
        f"{SESSION}/page": web.Response(text="<html>", content_type="text/html"),
        f"{SESSION}/a%20%3F%25%C3%BC": file(b"odd"),
    }
    async with asked(script) as service:
        assert await service.download(JOB, "out", tmp_path / "out", 10)
        assert (tmp_path / "out").read_bytes() == b"0123456789"
        assert not await service.download(JOB, "none", tmp_path / "none", 10)
        assert await service.download(JOB, "a ?%ü", tmp_path / "odd", 10)
        with pytest.raises(Refused, match="more than 9 bytes"):
            await service.download(JOB, "out", tmp_path / "large", 9)
        with pytest.raises(BackendProtocolError, match="text/html instead of a file"):
            await service.download(JOB, "page", tmp_path / "page", 10)


async def test_a_piece_is_what_is_there() -> None:
    def piece(_body: bytes) -> web.Response:
        return web.Response(status=206, body=b"45", content_type="application/octet-stream")

    script = Scripted()
    script.answers = {
        f"{SESSION}/out": piece,
        f"{SESSION}/all": file(b"0123456789"),
        f"{SESSION}/end": web.Response(status=416),
    }
    async with asked(script) as service:
        assert await service.piece(JOB, "out", 4, 2) == b"45"
        # From a server that takes no notice of the range.
        assert await service.piece(JOB, "all", 4, 2) == b"45"
        assert await service.piece(JOB, "end", 4, 2) == b""
        assert await service.piece(JOB, "none", 4, 2) == b""


async def test_a_file_is_sent_again_only_if_it_surely_did_not_arrive() -> None:
    answers = iter([web.Response(status=503), web.Response(), web.Response(status=500)])
    script = Scripted()
    script.answers = {f"PUT /1.0/jobs/{JOB}/session/a": lambda _body: next(answers)}
    async with asked(script) as service:
        await service.upload(JOB, "a", b"x")
        with pytest.raises(BackendUnavailable, match="500"):
            await service.upload(JOB, "a", b"x")
    assert len(script.asked) == 4


async def test_what_is_not_there_is_none() -> None:
    async with asked(Scripted()) as service:
        assert await service.diagnosed(JOB, "diag") is None
        assert await service.scan(JOB, "") is None


async def test_folders_and_notes_are_read() -> None:
    script = Scripted()
    script.answers = {
        SESSION: b'{"file":"out","dir":["a","b"]}',
        f"GET /1.0/jobs/{JOB}/diagnose/failed": web.Response(body=b"no \xff good", content_type="text/plain"),
    }
    async with asked(script) as service:
        assert await service.scan(JOB, "") == (["out"], ["a", "b"])
        assert await service.diagnosed(JOB, "failed") == "no \N{REPLACEMENT CHARACTER} good"


async def test_a_login_page_is_no_answer() -> None:
    script = Scripted()
    script.answers = {"GET /1.0/jobs?state": web.Response(text="<html>", content_type="text/html")}
    async with asked(script) as service:
        with pytest.raises(BackendUnavailable, match="instead of JSON"):
            await service.listed(["RUNNING"])


async def test_verdicts_come_in_order() -> None:
    script = Scripted()
    script.answers = {"POST /1.0/jobs?action": recorded("new-multi")}
    async with asked(script) as service:
        assert [entry.code for entry in await service.create(b"+(&())(&())")] == ["201", "201"]
    assert script.bodies[-1] == b"+(&())(&())"


def reply(status: int, reason: str = "", **headers: str) -> Reply:
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, b"", reason)


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        (reply(401), CredentialsExpired, "does not accept the proxy"),
        (reply(403), CredentialsExpired, "does not accept the proxy"),
        (reply(302, Location="https://login.example.org"), BackendUnavailable, "redirects to https://login"),
        (reply(404), BackendUnavailable, "is `url` right"),
        (reply(503, Retry_After="7"), NotSent, "asks to wait 7 s"),
        (reply(500, "User can't be assigned configuration"), BackendUnavailable, "500: User can't be assigned"),
        (reply(502), BackendUnavailable, "502: no reason given"),
        (reply(500, "nordugrid:xrsl parsing error: ')' expected"), Refused, "cannot read the description"),
    ],
)
def test_an_error_says_what_is_wrong(said: Reply, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        judged(said, "S", ())


def test_what_is_expected_is_no_error() -> None:
    assert judged(reply(404), "S", (404,)).status == 404
    assert judged(reply(201), "S", ()).status == 201


async def test_a_service_says_where_it_is() -> None:
    async with asked(Scripted()) as service:
        assert repr(service).endswith("/arex/rest>")
