"""A server in this process that answers what the test says."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """Answers what the test says."""

    def __init__(self) -> None:
        self.handler: Handler = self.answer
        self.requests: list[web.Request] = []
        self.connections: set[object] = set()
        self.url = ""

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        assert isinstance(request, web.Request)
        self.requests.append(request)
        assert request.transport is not None
        self.connections.add(request.transport.get_extra_info("peername"))
        return await self.handler(request)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"method": request.method, "body": await request.text()})

    async def break_off(self, request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()


@asynccontextmanager
async def running() -> AsyncIterator[Server]:
    """A server that runs as long as the block."""
    server = Server()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(application, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()
