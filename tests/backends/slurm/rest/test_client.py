"""Where `slurmrestd` may be. What it answers is tried with a real one, in `tests/live/batch`."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from ganga.backends.slurm.rest.client import connected, place
from ganga.backends.slurm.rest.token import Token
from ganga.errors import BackendError, BackendUnavailable, ConfigurationError, Overloaded
from tests.backends.slurm.rest.test_replies import recorded

#: What 25.11 says when it is asked for a path that it does not know.
TWICE = recorded("25.11/rest-unknown.http")


@pytest.mark.parametrize(
    ("url", "base", "socket"),
    [
        ("https://slurm.example.org:6820", "https://slurm.example.org:6820", ""),
        ("https://slurm.example.org/rest/", "https://slurm.example.org/rest", ""),
        ("http://localhost:6820", "http://localhost:6820", ""),
        ("http://127.0.0.1:6820", "http://127.0.0.1:6820", ""),
        ("http://[::1]:6820/", "http://[::1]:6820", ""),
        ("unix:///run/slurmrestd.sock", "http://localhost", "/run/slurmrestd.sock"),
    ],
)
def test_a_token_goes_over_tls_or_stays_here(url: str, base: str, socket: str) -> None:
    assert place(url) == (url, base, socket)


@pytest.mark.parametrize(
    "url",
    [
        "http://slurm.example.org:6820",
        "http://localhost.example.org",
        "http://10.0.0.1:6820",
        "http://",
        "unix://run/slurmrestd.sock",
        "ftp://localhost",
        "localhost:6820",
        "garbage",
    ],
)
def test_other_places_are_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="rest_url"):
        place(url)


@pytest.mark.parametrize(
    ("status", "number", "ends_in", "hint"),
    [
        (401, 0, 100.0, True),
        (500, 1007, 100.0, True),
        (511, 1007, 100.0, True),
        (500, -1, -100.0, True),
        (500, -1, 100.0, False),
        (404, 1007, -100.0, False),
    ],
)
async def test_a_token_that_is_not_accepted_is_named_as_the_cause(
    status: int, number: int, ends_in: float, *, hint: bool
) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=status, text=json.dumps({"errors": [{"error_number": number, "error": "why"}]}))

    async def token() -> Token:
        return Token("a.b.c", "alice", time.time() + ends_in)

    async with served(refuse) as url, connected(url, token, 5.0) as client:
        with pytest.raises(BackendError) as caught:
            await client.ask("GET", "diag")
    assert ("`scontrol token`" in str(caught.value)) is hint


@pytest.mark.parametrize("status", [429, 503])
async def test_a_server_that_is_asked_too_much_is_told_from_one_that_fails(status: int) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Retry-After": "7"})

    async def token() -> Token:
        return Token("a.b.c", "alice", None)

    async with served(refuse) as url, connected(url, token, 5.0) as client:
        with pytest.raises(Overloaded, match=rf"not ready \({status}\) and asks to wait 7 s") as caught:
            await client.ask("GET", "diag")
    assert caught.value.retry_after == 7.0


async def garbled(requests: asyncio.StreamReader, replies: asyncio.StreamWriter) -> None:
    """Says of all but one version what 25.11 says of those that it does not know."""
    said = (await requests.readuntil(b"\r\n\r\n")).split()[1]
    known = said.startswith(b"/slurm/v0.0.41/")
    replies.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}" if known else TWICE)
    await replies.drain()
    replies.close()


async def test_errors_that_25_11_sends_twice_do_not_hide_the_version_that_it_knows() -> None:
    assert TWICE.count(b"HTTP/1.1 404") == 2

    async def token() -> Token:
        return Token("a.b.c", "alice", None)

    async with listening(garbled) as url, connected(url, token, 5.0) as client:
        assert await client.ask("GET", "diag") == (200, b"{}")


@pytest.mark.parametrize(
    ("words", "ends_in", "hint"),
    [
        (TWICE, 100.0, "That of 25.11 says so"),
        (TWICE, -100.0, "accept the token"),
        (b"garbage\r\n\r\n", 100.0, "right"),
    ],
)
async def test_an_error_that_cannot_be_read_is_an_outage_that_names_the_token(
    words: bytes, ends_in: float, hint: str
) -> None:
    async def refuse(requests: asyncio.StreamReader, replies: asyncio.StreamWriter) -> None:
        await requests.readuntil(b"\r\n\r\n")
        replies.write(words)
        await replies.drain()
        replies.close()

    async def token() -> Token:
        return Token("a.b.c", "alice", time.time() + ends_in)

    async with listening(refuse) as url, connected(url, token, 5.0) as client:
        with pytest.raises(BackendUnavailable, match=rf"{hint}.*`scontrol token`") as caught:
            await client.ask("GET", "diag")
    assert "a.b.c" not in str(caught.value)


@asynccontextmanager
async def listening(
    answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """Whatever is said, with no HTTP of a library in between."""
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        yield f"http://{host}:{port}"


@asynccontextmanager
async def served(answer: Callable[[web.Request], Awaitable[web.Response]]) -> AsyncIterator[str]:
    """Whatever is asked."""
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()
