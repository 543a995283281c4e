"""The stand-in's HTTP: checks, faults, pages, and a thread to serve from."""

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Thread

from aiohttp import web

from tests.tools.bot.github.api import answered
from tests.tools.bot.github.contract import Broken, contract
from tests.tools.bot.github.hub import Hub, Refusal
from tests.tools.bot.github.slice import Json

_CONTROL = "/_stand_in"


@contextmanager
def serving(hub: Hub, port: int = 0) -> Iterator[str]:
    """The stand-in in a thread of its own; gives its URL."""
    contract()
    loop = asyncio.new_event_loop()
    started: Future[str] = Future()
    stop = asyncio.Event()
    thread = Thread(target=loop.run_until_complete, args=(_serve(hub, port, started, stop),), daemon=True)
    thread.start()
    try:
        yield started.result(timeout=100)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(timeout=100)
        loop.close()


async def _serve(hub: Hub, port: int, started: "Future[str]", stop: asyncio.Event) -> None:
    application = web.Application(client_max_size=64 << 20)
    application.router.add_route("*", "/{path:.*}", _Handler(hub).handle)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    host, bound = runner.addresses[0][:2]
    started.set_result(f"http://{host}:{bound}")
    await stop.wait()
    await runner.cleanup()


class _Handler:
    """Answers one request after the other, so that none sees half of another's work."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if request.path.startswith(_CONTROL):
            return self._control(request.path, body)
        path = request.path.removeprefix(f"/repos/{self._hub.repository}")
        self._hub.requests.append((request.method, path))
        try:
            return self._answer(request, path, body)
        except Refusal as refusal:
            return _said(refusal.status, {"message": refusal.message, "documentation_url": "https://docs.github.com"})
        except Broken as broken:
            self._hub.problems.append(str(broken))
            return _said(500, {"message": "the request is not valid; see the problems of the stand-in"})

    def _answer(self, request: web.Request, path: str, body: bytes) -> web.StreamResponse:
        _check_headers(request.headers, self._hub.token)
        fault = next((fault for fault in self._hub.faults if fault.hits(request.method, path)), None)
        if fault is not None and fault.before is not None:
            fault.before()
        if fault is not None and fault.status and not fault.done:
            return _said(fault.status, {"message": fault.message}, fault.headers)
        status, known, pages = self._carried_out(request, body)
        if fault is not None and fault.status:
            return _said(fault.status, {"message": fault.message}, fault.headers)
        return _said(status, known, pages)

    def _carried_out(self, request: web.Request, body: bytes) -> tuple[int, Json, Mapping[str, str]]:
        method, path, query = request.method, request.path, request.query
        template, named = contract().matched(method, path, query, body)
        if f"{named['owner']}/{named['repo']}" != self._hub.repository:
            raise Refusal(404, "Not Found")
        status, known = answered(self._hub, method, template, named, query, json.loads(body) if body else {})
        pages: dict[str, str] = {}
        if isinstance(known, list):
            known, pages = _page(request, known)
        answer = contract().answer(template, method, status, known)
        contract().check_answer(method, path, query, body, status, answer)
        return status, answer, pages

    def _control(self, path: str, body: bytes) -> web.StreamResponse:
        if found := re.fullmatch(rf"{_CONTROL}/pulls/(\d+)", path):
            for name, value in json.loads(body).items():
                if (name, value) == ("state", "closed"):
                    self._hub.close(int(found[1]))
                setattr(self._hub.pulls[int(found[1])], name, value)
        return _said(200, self._hub.state())


def _check_headers(headers: Mapping[str, str], token: str) -> None:
    if headers.get("Authorization") not in {f"token {token}", f"Bearer {token}"}:
        raise Refusal(401, "Bad credentials")
    if not headers.get("User-Agent") or headers.get("Accept") != "application/json":
        raise Broken(f"GitHub wants a user agent, and its description knows application/json only: {dict(headers)}")
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", headers.get("X-GitHub-Api-Version", "")):
        raise Broken("the version of the API is not named")


def _page(request: web.Request, items: list[Json]) -> tuple[list[Json], dict[str, str]]:
    size, number = int(request.query.get("per_page", 30)), int(request.query.get("page", 1))
    if number * size >= len(items):
        return items[(number - 1) * size :], {}
    following = request.url.update_query(page=number + 1)
    return items[(number - 1) * size : number * size], {"Link": f'<{following}>; rel="next"'}


def _said(status: int, known: Json, headers: Mapping[str, str] | None = None) -> web.StreamResponse:
    if known is None:
        return web.Response(status=status, headers=headers)
    return web.json_response(known, status=status, headers=headers)
