"""An element in this process that answers what the test says, and a service that asks it."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from ganga.backends.arc.service import Service, judged
from ganga.backends.web.http import Http
from tests.backends.dirac.misbehaving import running

_REPLIES = Path(__file__).with_name("replies")

Answer = Callable[[bytes], bytes | web.Response]


def recorded(name: str) -> bytes:
    """What a real A-REX 6.17 has answered, or with ``arc-7/`` before the name, a real A-REX 7.0.0."""
    return (_REPLIES / f"{name}.json").read_bytes()


def noted(name: str) -> bytes:
    """One of the files of a real A-REX 7.0.0 about a job."""
    return (_REPLIES / "arc-7" / f"{name}.txt").read_bytes()


class Scripted:
    """Answers a question, such as ``GET /1.0/jobs``, by what the test has for it; without an answer, with 404."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes | web.Response | Answer] = {}
        self.asked: list[str] = []
        self.bodies: list[bytes] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        question = f"{request.method} {request.path_qs.removeprefix('/arex/rest')}"
        body = await request.read()
        self.asked.append(question)
        self.bodies.append(body)
        return _response(question, body, self.answers)


def _response(question: str, body: bytes, answers: Mapping[str, bytes | web.Response | Answer]) -> web.Response:
    found = next((answers[key] for key in (question, question.partition("=")[0]) if key in answers), None)
    if found is None:
        return web.Response(status=404)
    answer = found(body) if callable(found) and not isinstance(found, web.Response) else found
    if not isinstance(answer, bytes):
        return answer
    return web.Response(
        status=201 if question.startswith("POST") else 200, body=answer, content_type="application/json"
    )


def file(content: bytes) -> web.Response:
    return web.Response(body=content, content_type="application/octet-stream")


class _Plain:
    """Connections without TLS and credentials."""

    def __init__(self) -> None:
        self._http = Http("the element", timeout=60.0, judge=judged)

    async def to(self, url: str) -> Http:
        del url
        return self._http

    async def complaint(self, url: str) -> None:
        """Without credentials there is nothing to complain of."""

    async def close(self) -> None:
        await self._http.close()


@asynccontextmanager
async def asked(script: Scripted) -> AsyncIterator[Service]:
    """A service that is open, of an element that answers like this."""
    script.answers.setdefault("GET ", b'{"version":"1.0"}')
    async with running() as server:
        server.handler = script.handle
        service = Service(f"{server.url}/arex", _Plain())
        try:
            await service.open()
            yield service
        finally:
            await service.close()
