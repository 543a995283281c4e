"""Files come and go whole, without a token, and in the time that their size needs."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from ganga.backends.dirac.road import Refused
from ganga.backends.dirac.transfers import Transfers
from ganga.errors import BackendUnavailable
from tests.backends.dirac.misbehaving import Server, running


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with running() as server:
        yield server


@pytest.fixture
async def store() -> AsyncIterator[Transfers]:
    store = Transfers("S", timeout=30.0)
    yield store
    await store.close()


async def file(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b"x" * 1000, status=404 if request.path == "/none" else 200)


async def test_a_file_is_brought_whole(server: Server, store: Transfers, tmp_path: Path) -> None:
    server.handler = file
    await store.download(f"{server.url}/there", tmp_path / "there", at_most=1000)
    assert await asyncio.to_thread((tmp_path / "there").read_bytes) == b"x" * 1000


async def test_a_file_that_is_too_large_or_not_there_is_said_to_be(
    server: Server, store: Transfers, tmp_path: Path
) -> None:
    server.handler = file
    with pytest.raises(Refused, match="largest_output"):
        await store.download(f"{server.url}/there", tmp_path / "large", at_most=999)
    with pytest.raises(BackendUnavailable, match="store of S answered 404"):
        await store.download(f"{server.url}/none", tmp_path / "none", at_most=1000)


async def test_a_store_that_has_lost_a_file_says_no_and_is_not_away(
    server: Server, store: Transfers, tmp_path: Path
) -> None:
    """What it says may come in pieces."""

    async def lost(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=404)
        await response.prepare(request)
        for piece in (b"<Error><Code>NoSu", b"chKey</Code><Key>some/file</Key></Error>"):
            await response.write(piece)
            await asyncio.sleep(0.01)
        return response

    server.handler = lost
    with pytest.raises(Refused, match="store of S no longer has the file"):
        await store.download(server.url, tmp_path / "lost", at_most=1000)


async def test_a_connection_that_breaks_is_no_file(server: Server, store: Transfers, tmp_path: Path) -> None:
    server.handler = server.break_off
    (tmp_path / "up").write_bytes(b"x")
    with pytest.raises(BackendUnavailable, match="broke off"):
        await store.download(f"{server.url}/there", tmp_path / "broken", at_most=1000)
    with pytest.raises(BackendUnavailable, match="broke off"):
        await store.upload(server.url, {}, tmp_path / "up")


async def test_a_file_comes_half_and_the_rest_never(server: Server, tmp_path: Path) -> None:
    over = asyncio.Event()

    async def half(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"x" * 500)
        await over.wait()
        return response

    server.handler = half
    store = Transfers("S", timeout=3.0)
    with pytest.raises(BackendUnavailable, match="did not answer in full"):
        await store.download(server.url, tmp_path / "half", at_most=1 << 30)
    over.set()
    await store.close()


async def test_a_file_is_sent_with_its_fields_and_without_a_token(
    server: Server, store: Transfers, tmp_path: Path
) -> None:
    (tmp_path / "up").write_bytes(b"content")
    await store.upload(server.url, {"key": "value"}, tmp_path / "up")
    (request,) = server.requests
    assert "Authorization" not in request.headers
    body = await request.text()
    assert 'name="key"' in body
    assert "content" in body


async def test_a_redirect_is_not_followed(server: Server, store: Transfers, tmp_path: Path) -> None:
    async def away(request: web.Request) -> web.StreamResponse:
        del request
        return web.Response(status=302, headers={"Location": f"{server.url}/elsewhere"})

    server.handler = away
    with pytest.raises(BackendUnavailable, match="answered 302"):
        await store.download(server.url, tmp_path / "file", at_most=1000)
    assert len(server.requests) == 1
