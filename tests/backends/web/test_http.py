"""HTTP with a server in this process that misbehaves."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiohttp import web

from ganga.backends.web.errors import Refused
from ganga.backends.web.http import Http, tls_context
from ganga.backends.web.replies import NotSent, Reply
from ganga.errors import BackendUnavailable, ConfigurationError
from tests.backends.dirac.misbehaving import Server, running


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with running() as server:
        yield server


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    async with Http("S", timeout=30.0) as http:
        yield http


async def test_a_question_is_asked_twice_at_most_and_a_request_once(server: Server, http: Http) -> None:
    server.handler = server.break_off
    with pytest.raises(BackendUnavailable, match="broke off"):
        await http.read("POST", server.url, content=[1])
    assert len(server.requests) == 2
    with pytest.raises(BackendUnavailable, match="broke off") as caught:
        await http.write("POST", server.url, content=[1])
    assert len(server.requests) == 3
    assert not isinstance(caught.value, NotSent)


async def test_connections_are_kept_for_questions_and_fresh_for_requests(server: Server, http: Http) -> None:
    for _ in range(3):
        await http.read("GET", server.url)
    assert len(server.connections) == 1
    for _ in range(3):
        await http.write("POST", server.url)
    assert len(server.connections) == 4


async def test_a_redirect_is_not_followed(server: Server, http: Http) -> None:
    async def away(request: web.Request) -> web.StreamResponse:
        del request
        return web.Response(status=307, headers={"Location": f"{server.url}/elsewhere"})

    server.handler = away
    with pytest.raises(BackendUnavailable, match="redirects"):
        await http.read("POST", server.url, headers={"Authorization": "Bearer confidential"})
    assert len(server.requests) == 1


async def test_no_cookie_is_sent_back(server: Server, http: Http) -> None:
    async def marked(request: web.Request) -> web.StreamResponse:
        response = await server.answer(request)
        response.set_cookie("session", "1")
        return response

    server.handler = marked
    await http.read("GET", server.url)
    await http.read("GET", server.url)
    assert not server.requests[1].cookies


async def test_the_time_is_the_servers(server: Server, http: Http) -> None:
    async def ahead(request: web.Request) -> web.StreamResponse:
        response = await server.answer(request)
        response.headers["Date"] = "Sun, 22 Nov 2099 17:05:15 GMT"
        return response

    assert http.clock(within=60.0) is None
    server.handler = ahead
    await http.read("GET", server.url)
    assert http.clock(within=60.0) == pytest.approx(4099050315.0, abs=100)
    assert http.clock(within=-1.0) is None


async def test_a_time_that_is_none_is_left_alone(server: Server, http: Http) -> None:
    async def confused(request: web.Request) -> web.StreamResponse:
        response = await server.answer(request)
        response.headers["Date"] = "yesterday"
        return response

    server.handler = confused
    assert (await http.read("GET", server.url)).status == 200
    assert http.clock(within=60.0) is None


async def test_a_reply_without_end_is_cut_off(server: Server, http: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 4096)

    monkeypatch.setattr("ganga.backends.web.http.LARGEST_REPLY", 1 << 20)
    server.handler = endless
    with pytest.raises(BackendUnavailable, match="more than 1 MiB"):
        await http.read("GET", server.url)


async def test_what_does_not_listen_has_surely_not_heard(unused_port: int, http: Http) -> None:
    with pytest.raises(NotSent, match="S cannot be reached"):
        await http.write("POST", f"http://127.0.0.1:{unused_port}")
    with pytest.raises(NotSent, match="S gave an address that is none"):
        await http.read("GET", "http://")


@pytest.fixture
def unused_port() -> Iterator[int]:
    """Taken, so that nobody else is given it, and not listened on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_authorities_that_are_none_are_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no certificate")
    for place in (tmp_path / "file", tmp_path / "nowhere"):
        with pytest.raises(ConfigurationError, match="the setting `authorities`"):
            tls_context(str(place), None)


def test_certificates_are_always_verified(tmp_path: Path) -> None:
    for context in (tls_context("", None), tls_context("", str(tmp_path)), tls_context(str(tmp_path), None)):
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname


async def test_a_form_arrives_as_it_is(server: Server, http: Http) -> None:
    form = {"method": "getJobsSummary", "args": '[[1,2], {"a": "x&y=z+100%;ä\\n\\"#?/"}]'}
    arrived: list[dict[str, object]] = []

    async def note(request: web.Request) -> web.StreamResponse:
        arrived.append(dict(await request.post()))
        return web.json_response([])

    server.handler = note
    await http.read("POST", server.url, form=form)
    assert arrived == [form]


async def _file(request: web.Request) -> web.StreamResponse:
    form = await request.post()
    if form["name"] == "none":
        return web.json_response({"OK": False})
    return web.Response(body=b"x" * 1000, content_type="application/octet-stream")


async def _saved(http: Http, url: str, name: str, into: Path, at_most: int = 1000) -> Reply:
    return await http.save(url, form={"name": name}, kind="application/octet-stream", into=into, at_most=at_most)


async def test_a_file_is_written_as_it_comes_and_anything_else_is_a_reply(
    server: Server, http: Http, tmp_path: Path
) -> None:
    server.handler = _file
    reply = await _saved(http, server.url, "there", tmp_path / "there")
    assert (reply.status, reply.body) == (200, b"")
    assert (tmp_path / "there").stat().st_size == 1000
    assert (await _saved(http, server.url, "none", tmp_path / "none")).body == b'{"OK": false}'
    assert not (tmp_path / "none").exists()


async def test_a_file_that_is_too_large_is_not_written_to_its_end(server: Server, http: Http, tmp_path: Path) -> None:
    server.handler = _file
    with pytest.raises(Refused, match="largest_output"):
        await _saved(http, server.url, "there", tmp_path / "there", 999)
    server.handler = server.break_off
    with pytest.raises(BackendUnavailable, match="broke off"):
        await _saved(http, server.url, "there", tmp_path / "broken")


async def test_a_file_may_take_longer_than_an_answer_if_it_keeps_coming(server: Server, tmp_path: Path) -> None:
    async def slow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
        await response.prepare(request)
        for _ in range(5):
            await response.write(b"x")
            await asyncio.sleep(1.0)
        return response

    server.handler = slow
    # Of the pauses none is nearly as long, also where nobody has a turn for a while.
    async with Http("S", timeout=4.0) as http:
        await _saved(http, server.url, "there", tmp_path / "there", 1 << 30)
    assert (tmp_path / "there").stat().st_size == 5


async def test_bytes_are_sent_as_they_are(server: Server, http: Http) -> None:
    reply = await http.write("POST", server.url, content=b"&(a=b)", headers={"Content-Type": "application/rsl"})
    assert server.requests[0].content_type == "application/rsl"
    assert reply.read(dict[str, str], "S")["body"] == "&(a=b)"


async def test_a_file_may_be_asked_for_without_a_form(server: Server, http: Http, tmp_path: Path) -> None:
    async def content(request: web.Request) -> web.StreamResponse:
        return web.Response(body=request.method.encode(), content_type="application/octet-stream")

    server.handler = content
    await http.save(server.url, kind="application/octet-stream", into=tmp_path / "file", at_most=10)
    assert (tmp_path / "file").read_bytes() == b"GET"


@pytest.mark.parametrize("content", [b"", b"whole"])
async def test_files_are_put_from_memory_or_from_a_file(
    server: Server, http: Http, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "file").write_bytes(content)
    for source in (content, tmp_path / "file"):
        reply = await http.upload(f"{server.url}/there", source)
        assert reply.read(dict[str, str], "S") == {"method": "PUT", "body": content.decode()}
    assert [request.content_length for request in server.requests] == [len(content)] * 2
